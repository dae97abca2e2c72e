"""The list of trainings and the one that runs."""
