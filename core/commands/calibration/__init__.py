"""Commands that fit what a model states, and leave its network as it is."""
