"""The same scan on a Ray cluster."""
