"""Pages, charts and sentences for people."""
