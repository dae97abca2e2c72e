"""The window, its start, About and crash reports."""
