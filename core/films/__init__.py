"""From a file to pixels to the input of the network."""
