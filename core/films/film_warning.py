"""Why to doubt the verdict on a film, and what can be done about it."""

from __future__ import annotations

import dataclasses
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.films.pixels import PixelSpacing, Radiograph

#: What is safe to do to a film, and what is said of one to which it was done.
#: Rotations are clockwise; a flip exchanges top and bottom.
MENDS: Final = {
    "rotate 90": "The film was turned by 90 degrees clockwise.",
    "rotate 180": "The film was turned by 180 degrees.",
    "rotate 270": "The film was turned by 90 degrees anticlockwise.",
    "flip": "The film was flipped, top to bottom.",
    "invert": "The film was inverted: dark and light are exchanged.",
}
_QUARTERS: Final = {"rotate 90": -1, "rotate 180": 2, "rotate 270": 1}


class FilmWarning(str):
    """A sentence on why to doubt a verdict.

    It is text, so that it goes wherever sentences go: rows, JSON, reports.

    Attributes:
        mend: One of `MENDS` that may help; empty for none.
        is_grave: Whether no confident headline may stand beside it.
    """

    mend: str
    is_grave: bool

    def __new__(
        cls, text: str, *, mend: str = "", is_grave: bool = True
    ) -> FilmWarning:
        """Make one; see the class."""
        warning = super().__new__(cls, text)
        warning.mend = mend
        warning.is_grave = is_grave
        return warning


def is_grave(warning: str) -> bool:
    """Whether no confident headline may stand beside a warning."""
    return isinstance(warning, FilmWarning) and warning.is_grave


def mended_pixels(pixels: NDArray[Any], mend: str, white: float) -> NDArray[Any]:
    """(h, w) pixels turned, flipped or inverted; may share memory.

    Args:
        mend: One of `MENDS`.
        white: What black becomes by an inversion.
    """
    if mend in _QUARTERS:
        return np.rot90(pixels, _QUARTERS[mend])
    if mend == "flip":
        return pixels[::-1]
    if mend == "invert":
        return np.asarray(white, pixels.dtype) - pixels
    raise ValueError(f"expected one of {list(MENDS)}. Received: {mend!r}")


def mended(film: Radiograph, mend: str) -> Radiograph:
    """A film turned, flipped or inverted, with a sentence that says so.

    Args:
        mend: One of `MENDS`.

    Returns:
        A film of its own; its window shows what was shown.
    """
    low, high, windows = film.low, film.high, film.windows
    # Within what the type can hold, whatever the window.
    is_float = film.pixels.dtype == np.float32
    white = 0 if is_float else int(np.iinfo(film.pixels.dtype).max)
    pixels = np.ascontiguousarray(mended_pixels(film.pixels, mend, white))
    if mend == "invert":
        low, high = white - high, white - low
        windows = tuple(each.mirrored(white) for each in windows)
    height, width = pixels.shape
    spacing = film.facts.spacing
    if spacing is not None and mend in ("rotate 90", "rotate 270"):
        spacing = PixelSpacing(spacing.across, spacing.down, spacing.at_detector)
    facts = dataclasses.replace(film.facts, width=width, height=height, spacing=spacing)
    return dataclasses.replace(
        film,
        pixels=pixels,
        low=low,
        high=high,
        facts=facts,
        warnings=(*film.warnings, MENDS[mend]),
        windows=windows,
    )
