"""The table of its films."""
