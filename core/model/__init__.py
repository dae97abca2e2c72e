"""The bundle, its graph, verdicts and heat maps, and the model in use."""
