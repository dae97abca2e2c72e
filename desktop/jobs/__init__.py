"""What is shown of jobs of any kind: a list of them, how far one is."""
