"""What came of a training."""
