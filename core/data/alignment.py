"""Whether two films show one picture, once one is laid over the other."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from core.data.fingerprints import SIDE
from core.data.poses import Pose, in_words
from core.data.views import View

#: Correlations from which two films are one picture: of their fine detail, and of
#: the order of their grey levels, which no change of brightness alters. Of 2,000 real
#: films of different people no pair reached 0.75 in detail, two films of one person on
#: other days hardly 0.88. Drawn films have like ribs, but differ in the second.
SAME_DETAIL, SAME_ORDER = 0.89, 0.976

#: Part of the film that is compared, as a radius: a rotation leaves it within.
_RADIUS = 0.42
#: Blur and shade taken from films before they are aligned, and before they are
#: compared, in pixels of a fingerprint.
_ALIGN_BAND, _COMPARE_BAND = (0.7, 4.0), (0.5, 1.5)
#: Grey levels from the end of the scale that may be the border a rotation left.
_BLACK = 4
#: Films that are kept ready, at 50 kB each.
_READY = 4096
_LEAST_OVERLAP = 0.25
_SIZE = (SIDE, SIDE)
_READ = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
_READ_MASK = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP


@dataclasses.dataclass(frozen=True, eq=False)
class _Film:
    """A film made ready.

    Attributes:
        levels: (s, s) float32, its grey levels.
        coarse, fine: (s, s) float32 to align by, and to compare.
        valid: (s, s) uint8, 1 where it counts.
    """

    levels: NDArray[np.float32]
    coarse: NDArray[np.float32]
    fine: NDArray[np.float32]
    valid: NDArray[np.uint8]


class Aligner:
    """Lays views of films over one another; serves several threads.

    Args:
        views: Of `core.data.views`.
        squares: (m, 4096) uint8, how they look.
    """

    def __init__(self, views: Sequence[View], squares: NDArray[np.uint8]) -> None:
        cells = np.arange(SIDE) - (SIDE - 1) / 2
        disc = np.hypot(cells, cells[:, np.newaxis]) < _RADIUS * SIDE
        self._views = views
        self._ready = functools.lru_cache(_READY)(
            lambda row: _ready(squares[row], disc)
        )

    def match(self, first: int, second: int, pose: Pose) -> tuple[float, str] | None:
        """Compare two views.

        Args:
            pose: About how the first lies over the second.

        Returns:
            Likeness and what was done, as `core.data.near_duplicates.SimilarPair`
            has them; None where they show different pictures.
        """
        one, other = self._ready(first), self._ready(second)
        try:
            warp = _aligned(other.coarse, one.coarse, pose.to_pixels(), one.valid)
        except cv2.error:  # nothing in common to align by
            return None
        over = cv2.warpAffine(one.valid, warp, _SIZE, flags=_READ_MASK)
        both = (np.asarray(over, np.uint8) & other.valid) > 0
        if both.mean() < _LEAST_OVERLAP:
            return None
        fine = _laid(one.fine, warp)[both]
        likeness = _correlation(fine, other.fine[both])
        if likeness < SAME_DETAIL:
            return None
        shown = _laid(one.levels, warp)[both]
        levels = other.levels[both]
        if _correlation(_order(shown), _order(levels)) < SAME_ORDER:
            return None
        return likeness, self._how(first, second, warp, shown, levels)

    def _how(
        self,
        first: int,
        second: int,
        warp: NDArray[np.float32],
        shown: NDArray[np.float32],
        levels: NDArray[np.float32],
    ) -> str:
        one, other = self._views[first], self._views[second]
        # From the second film's own pixels to the first's.
        matrix = one.matrix() @ warp[:, :2].astype(np.float64) @ other.matrix().T
        words = ["inverted"] if one.negative != other.negative else []
        if one.without_border != other.without_border:
            words.append("border added")
        words += in_words(matrix, shown, levels)
        return ", ".join(words) or "resized or compressed again"


def _ready(square: NDArray[np.uint8], disc: NDArray[np.bool_]) -> _Film:
    levels = square.reshape(SIDE, SIDE).astype(np.float32)
    shown = _without_border(levels)
    return _Film(
        levels,
        coarse=_band(levels, shown, *_ALIGN_BAND),
        fine=_band(levels, shown, *_COMPARE_BAND),
        valid=shown & disc,
    )


def _aligned(
    over: NDArray[np.float32],
    film: NDArray[np.float32],
    start: NDArray[np.float32],
    valid: NDArray[np.uint8],
) -> NDArray[np.float32]:
    """The affine map that lays one film over another; may raise cv2.error.

    Source:
        Evangelidis and Psarakis, Parametric image alignment using enhanced
        correlation coefficient maximization, IEEE PAMI 30, 2008.
    """
    ending = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 40, 1e-3)
    kind = cv2.MOTION_AFFINE
    _, warp = cv2.findTransformECC(over, film, start, kind, ending, valid, 1)
    return np.asarray(warp, np.float32)


def _laid(film: NDArray[np.float32], warp: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.warpAffine(film, warp, _SIZE, flags=_READ), np.float32)


def _without_border(film: NDArray[np.float32]) -> NDArray[np.uint8]:
    """1 but for black or white that reaches in from the corners, and a pixel more."""
    border = np.zeros(film.shape, np.uint8)
    for even in (film <= _BLACK, film >= 255 - _BLACK):
        _, parts = cv2.connectedComponents(even.astype(np.uint8))
        corners = {int(parts[y, x]) for y in (0, -1) for x in (0, -1)} - {0}
        border |= np.isin(parts, list(corners)).astype(np.uint8)
    kernel = np.ones((3, 3), np.uint8)
    return np.asarray(1 - cv2.dilate(border, kernel), np.uint8)


def _band(
    film: NDArray[np.float32], shown: NDArray[np.uint8], fine: float, coarse: float
) -> NDArray[np.float32]:
    """The film less its shade; black borders neither count nor cast one."""
    share = shown.astype(np.float32)

    def blurred(sigma: float) -> NDArray[np.float32]:
        weight = cv2.GaussianBlur(share, (0, 0), sigma) + 1e-3
        return np.asarray(cv2.GaussianBlur(film * share, (0, 0), sigma) / weight)

    return np.asarray((blurred(fine) - blurred(coarse)) * share, np.float32)


def _order(levels: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n,) the place of each level among all; equal ones share theirs."""
    from scipy.stats import rankdata

    return np.asarray(rankdata(levels), np.float32)


def _correlation(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    a, b = (x.astype(np.float64) - x.mean(dtype=np.float64) for x in (a, b))
    scale = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / scale if scale > 1e-3 else 0.0
