"""A training's settings, folder and record; needs no Keras."""
