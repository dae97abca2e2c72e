"""Widgets that several tabs show."""
