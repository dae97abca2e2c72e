"""Choose films and check them."""
