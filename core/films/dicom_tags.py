"""Read optional DICOM tags; what cannot be read counts as absent."""

from __future__ import annotations

import math
from collections.abc import MutableSequence
from typing import Any, TypeAlias

from core.errors import ImageReadError
from core.films.pixels import decoding

#: A pydicom Dataset, which only `core.films.dicom` may import by name.
Dataset: TypeAlias = Any


def value(dataset: Dataset, keyword: str) -> Any:
    """The first value of a tag, or None; one bad tag must not lose a film."""
    try:
        with decoding(""):
            found = dataset.get(keyword)
            if not isinstance(found, MutableSequence):  # as a name, which has a length
                return found
            return found[0] if len(found) else None
    except ImageReadError:
        return None


def text(dataset: Dataset, keyword: str) -> str:
    """The tag as one printable line, or an empty string."""
    found = value(dataset, keyword)
    line = "" if found is None else str(found)
    return "".join(c for c in line if c.isprintable()).strip()[:64]


def number(dataset: Dataset, keyword: str) -> float | None:
    """The tag as a finite number, or None."""
    try:
        found = float(value(dataset, keyword))
    except (TypeError, ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def integer(dataset: Dataset, keyword: str) -> int | None:
    """The tag as a whole number, or None."""
    found = number(dataset, keyword)
    return None if found is None else int(found)


def items(dataset: Dataset, keyword: str) -> list[Dataset]:
    """The items of a sequence; none where it is absent."""
    try:
        with decoding(""):
            return list(dataset.get(keyword) or [])
    except ImageReadError:
        return []
