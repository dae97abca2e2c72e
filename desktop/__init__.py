"""Hilum's window: everything Qt, and nothing that the core could do."""
