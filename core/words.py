"""Numbers of things, in words."""

from __future__ import annotations


def films(count: int) -> str:
    """Say "1 film" or "2,000 films"."""
    return "1 film" if count == 1 else f"{count:,} films"
