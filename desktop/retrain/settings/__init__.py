"""The form of a training."""
