"""Everything that needs Keras; imported by no one but the training commands."""
