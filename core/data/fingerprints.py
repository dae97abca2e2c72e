"""A film, shrunk so that its copies can be found."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from core.films.preprocess import PreprocessSpec, to_network_input
from core.films.radiograph import Radiograph

#: Side of each square of a fingerprint; the film fills it, its aspect not kept.
SIDE = 64
#: A fingerprint holds two squares: the film whole, and without its even border.
LENGTH = 2 * SIDE * SIDE

#: Side of the square on which the border is looked for, and how much of it each
#: border may take at most.
_LOOK, _MOST = 256, 0.4
#: Grey levels that a border may vary by, and the share of a line that does not.
_EVEN, _SHARE = 10, 0.98


def fingerprint_of(film: Radiograph) -> NDArray[np.uint8]:
    """Sum up a film so that `core.data.near_duplicates.similar_pairs` can compare it.

    Returns:
        (8192,) uint8: the film shrunk to 64 x 64, whole and without its border.
    """

    def shrunk(side: int, part: Radiograph) -> NDArray[np.uint8]:
        small = to_network_input(part, PreprocessSpec(size=side))[0, :, :, 0]
        return np.rint(small).astype(np.uint8)

    look, (height, width) = shrunk(_LOOK, film), film.pixels.shape
    rows = _within(look)
    inner = _scaled(rows, height), _scaled(_within(look[rows].T), width)
    within = dataclasses.replace(film, pixels=film.pixels[inner])
    return np.stack([shrunk(SIDE, film), shrunk(SIDE, within)]).ravel()


def whole_films(fingerprints: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(n, 64, 64) the films with their borders, of (n, 8192) fingerprints."""
    return fingerprints[:, : SIDE * SIDE].reshape(-1, SIDE, SIDE)


def _within(look: NDArray[np.uint8]) -> slice:
    """Lines from the first to the last that are no border."""
    found = []
    for lines in (look, look[::-1]):
        level = int(np.median(lines[0]))
        even = (np.abs(lines.astype(np.int16) - level) <= _EVEN).mean(axis=1) >= _SHARE
        ends = np.flatnonzero(~even)
        # The line after the border may hold some of it.
        found.append(int(ends[0]) + 1 if ends.size and ends[0] else 0)
    most = round(_MOST * len(look))
    top, bottom = (border if border <= most else 0 for border in found)
    return slice(top, len(look) - bottom)


def _scaled(lines: slice, length: int) -> slice:
    """The same part of a film of so many lines."""
    first = -(-lines.start * length // _LOOK)
    last = lines.stop * length // _LOOK
    return slice(first, last) if last > first else slice(0, length)
