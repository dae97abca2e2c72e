"""A film as it may have been stored: turned, in negative, with a border."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from core.data.fingerprints import SIDE

#: Side of the square on which a film's orientation is told.
_CELLS = 16
#: How much worse the second best orientation may fit and be searched as well.
_CLOSE = 0.1
#: Films that are looked at together.
_BLOCK = 1024


@dataclasses.dataclass(frozen=True)
class View:
    """How a film is looked at.

    Attributes:
        without_border: Whether its even border is cut off.
        turns: Quarter turns to the left.
    """

    film: int
    without_border: bool
    turns: int
    negative: bool

    def matrix(self) -> NDArray[np.float64]:
        """(2, 2) where the film is read to show so, from the centre."""
        quarter = np.array([[0.0, -1.0], [1.0, 0.0]])
        return np.linalg.matrix_power(quarter, self.turns)


def views_of(fingerprints: NDArray[np.uint8]) -> tuple[list[View], NDArray[np.uint8]]:
    """Films upright and in positive, so that few poses are left to compare.

    A film is turned to where it is most like a drawn chest. That may be wrong;
    its copies are turned to the same, however they lie, and that alone counts.
    Where two orientations fit about as well, both are given.

    Args:
        fingerprints: (n, 8192) of `core.data.fingerprints`.

    Returns:
        The m views, in the order of the films, and their (m, 4096) squares.
    """
    views: list[View] = []
    squares: list[NDArray[np.uint8]] = []
    for start in range(0, len(fingerprints), _BLOCK):
        block = fingerprints[start : start + _BLOCK].reshape(-1, 2, SIDE, SIDE)
        fits = [_fits(block[:, part]) for part in (0, 1)]
        for row, (whole, inner) in enumerate(block):
            parts = (0,) if (whole == inner).all() else (0, 1)
            for part in parts:
                for choice in _likely(fits[part][row]):
                    view = View(start + row, bool(part), choice % 4, choice >= 4)
                    square = np.rot90(block[row, part], view.turns)
                    squares.append(255 - square if view.negative else square)
                    views.append(view)
    return views, np.array(squares, np.uint8).reshape(len(views), SIDE * SIDE)


def _likely(fits: NDArray[np.float32]) -> Sequence[int]:
    """The orientation that fits best, and a second where it is close."""
    best, second = np.argsort(-fits, kind="stable")[:2].tolist()
    return (best, second) if fits[second] > fits[best] - _CLOSE else (best,)


def _fits(squares: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(n, 8) correlation with a chest: in four turns, and those in negative."""
    small = np.stack(
        [cv2.resize(s, (_CELLS, _CELLS), interpolation=cv2.INTER_AREA) for s in squares]
    ).astype(np.float32)
    window, chest = _drawn_chest()
    weights = window / window.sum()
    small -= (small * weights).sum(axis=(1, 2), keepdims=True)
    small /= np.sqrt((small**2 * weights).sum(axis=(1, 2), keepdims=True)) + 1e-3
    turned = [
        (np.rot90(small, turns, (1, 2)) * chest).sum(axis=(1, 2)) for turns in range(4)
    ]
    fits = np.stack(turned, axis=1)
    return np.concatenate([fits, -fits], axis=1)


def _drawn_chest() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(16, 16) weights of a round window, and in it two lungs and what is below."""
    y, x = (np.mgrid[:_CELLS, :_CELLS] - (_CELLS - 1) / 2) / _CELLS
    window = np.clip((0.5 - np.hypot(x, y)) / 0.14, 0.0, 1.0)
    lungs = np.exp(-(((np.abs(x) - 0.17) / 0.11) ** 2 + ((y + 0.08) / 0.24) ** 2) / 2)
    below = np.exp(-((x / 0.22) ** 2 + ((y - 0.33) / 0.16) ** 2) / 2)
    chest = below - lungs
    weights = window / window.sum()
    chest -= (chest * weights).sum()
    chest /= np.sqrt((chest**2 * weights).sum())
    return window.astype(np.float32), (chest * weights).astype(np.float32)
