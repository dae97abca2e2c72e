"""Colours, icons and what draws them."""
