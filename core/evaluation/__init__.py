"""Figures: metrics, curves, intervals, comparisons."""
