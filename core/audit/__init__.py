"""Check films before training on them: copies, leaks, shortcuts."""
