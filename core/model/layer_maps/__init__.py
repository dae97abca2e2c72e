"""Heat maps of layers before the last one, and the gradients that they take."""
