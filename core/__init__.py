"""Hilum's core: reads, trains, predicts, explains and evaluates. Knows no Qt."""

from __future__ import annotations

__version__ = "0.1.0"
