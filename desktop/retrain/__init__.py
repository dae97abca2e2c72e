"""The tab that trains."""
