"""Read optional DICOM tags; what cannot be read counts as absent."""

from __future__ import annotations

import math
from collections.abc import MutableSequence
from typing import Any, TypeAlias

from core.errors import ImageReadError
from core.films.pixels import decoding

#: A pydicom Dataset, which only `core.films.dicom` may import by name.
Dataset: TypeAlias = Any


def values(dataset: Dataset, keyword: str) -> list[Any]:
    """The values of a tag, as many as it has; one bad tag must not lose a film."""
    try:
        with decoding(""):
            found = dataset.get(keyword)
            # A name has a length too, but is one value.
            return list(found) if isinstance(found, MutableSequence) else [found]
    except ImageReadError:
        return []


def value(dataset: Dataset, keyword: str) -> Any:
    """The first value of a tag, or None."""
    return next(iter(values(dataset, keyword)), None)


def text(dataset: Dataset, keyword: str) -> str:
    """The tag as one printable line, or an empty string."""
    return _line(value(dataset, keyword))


def texts(dataset: Dataset, keyword: str) -> list[str]:
    """Each value of a tag as one printable line, which may be empty."""
    return [_line(found) for found in values(dataset, keyword)]


def _line(found: Any) -> str:
    line = "" if found is None else str(found)
    return "".join(c for c in line if c.isprintable()).strip()[:64]


def number(dataset: Dataset, keyword: str) -> float | None:
    """The tag as a finite number, or None."""
    return next(iter(numbers(dataset, keyword)), None)


def numbers(dataset: Dataset, keyword: str) -> list[float | None]:
    """Each value of a tag as a finite number, or None."""
    return [_finite(found) for found in values(dataset, keyword)]


def _finite(found: Any) -> float | None:
    try:
        number = float(found)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


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
