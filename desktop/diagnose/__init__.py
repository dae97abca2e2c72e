"""The tab that reads one film."""
