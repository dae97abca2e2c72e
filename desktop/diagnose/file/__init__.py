"""The file of the film on screen: where it came from, what it says, copies of it."""
