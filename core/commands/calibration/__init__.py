"""Commands that fit a model to films, and leave its own network as it is."""
