"""Labelled films, copies among them, and their split."""
