"""The search for settings, from what may vary to the model of the best trial."""
