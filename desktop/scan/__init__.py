"""The tab that reads a folder."""
