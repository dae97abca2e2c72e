"""Named comparisons of trainings: over several seeds, on the same test films."""
