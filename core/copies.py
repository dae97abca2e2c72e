"""Which films show the same picture: copies, however turned, cropped or stored."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.alignment import Aligner, Match
from core.fingerprints import SIDE
from core.poses import Pose, poses, still

#: The search compares this many cells across, of films halved and freed of shade.
_HALF, _CELLS, _SHADE = SIDE // 2, 20, 1.5
#: Part of the film that a rotation or a crop leaves within it, as a radius: the
#: search fades out between the two.
_FULL_RADIUS, _SEARCH_RADIUS = 0.36, 0.48
#: Likeness from which the few most alike of a film are checked, and from which
#: all are, so that many copies of one film do not hide each other.
_WORTH_A_LOOK, _SURELY_ALIKE = 0.67, 0.96
#: How many are checked of each film, at least and at most, and of all in all.
_FEW, _MANY, _CHECKS = 8, 40, 20_000
#: Shares of the time after which the search, and the choice of poses, is done.
_SEARCHED, _POSED = 0.6, 0.7
#: Films that are compared with all the others at once.
_BLOCK = 128
_THREADS, _CHUNK = 4, 64

#: Takes the share of the work that is done; may raise to stop.
OnProgress = Callable[[float], None]


@dataclasses.dataclass(frozen=True)
class SimilarPair:
    """Two films that show one picture.

    Attributes:
        first, second: Row numbers, first < second.
        likeness: Correlation of their fine detail once aligned, to 1.
        how: What was done to one to make the other, in words.
    """

    first: int
    second: int
    likeness: float
    how: str


def similar_pairs(
    fingerprints: NDArray[np.uint8], on_progress: OnProgress = lambda share: None
) -> list[SimilarPair]:
    """Find the films that are copies of one another.

    Every film is laid over every other in some 150 poses at low resolution, by
    matrix products; the few most alike are then aligned and compared in detail.
    A copy may be re-compressed, resized, brighter or darker, mirrored, rotated
    to 15 degrees, cropped to 90 %, or several of these. Another film of the same
    person is no copy.

    Args:
        fingerprints: (n, 4096) uint8.
        on_progress: Called often, the last time with 1.

    Returns:
        The pairs, in order. Of many equal films each is paired with the first
        only, so what hangs together matters rather than which pair is listed.
    """
    if len(fingerprints) < 2:
        return []
    unique, first, number = np.unique(
        fingerprints, axis=0, return_index=True, return_inverse=True
    )
    number = number.ravel()
    pairs = [
        SimilarPair(int(first[kind]), row, 1.0, "the same picture")
        for row, kind in enumerate(number)
        if first[kind] != row and np.ptp(unique[kind]) > 0
    ]
    search = _Search(unique)
    chosen = search.candidates(lambda share: on_progress(share * _SEARCHED))
    where = search.poses_of(chosen)
    on_progress(_POSED)
    checked = _check(
        unique, chosen, where, lambda share: on_progress(_POSED + share * (1 - _POSED))
    )
    for (one, two), match in checked:
        low, high = sorted((int(first[one]), int(first[two])))
        pairs.append(SimilarPair(low, high, match.likeness, match.how))
    on_progress(1.0)
    return sorted(pairs, key=lambda pair: (pair.first, pair.second))


class _Search:
    """Lays films over one another at low resolution.

    Args:
        squares: (n, 4096) uint8.
    """

    def __init__(self, squares: NDArray[np.uint8]) -> None:
        self._weights = _window()
        self._films = _without_shade(squares)
        self._poses = list(poses())
        self._readers = [_reader(pose, self._weights) for pose in self._poses]
        self._target = self._seen(_reader(still(), self._weights), self._films)

    def candidates(self, on_progress: OnProgress) -> list[tuple[int, int]]:
        """Pairs worth a look, in order: the first lies over the second."""
        from threadpoolctl import threadpool_limits

        found: dict[tuple[int, int], float] = {}
        starts = range(0, len(self._target), _BLOCK)
        threads = os.cpu_count() or 1
        # A library's own threads wait for each other at every product, for long
        # where the computer does something else too.
        with threadpool_limits(1), concurrent.futures.ThreadPoolExecutor(threads) as p:
            for first in range(0, len(starts), threads):
                wave = starts[first : first + threads]
                for start, alike in zip(wave, p.map(self._alike, wave), strict=True):
                    _add_likeliest(found, alike, start)
                on_progress(min(1.0, (first + threads) / len(starts)))
        return sorted(found)

    def poses_of(self, pairs: Sequence[tuple[int, int]]) -> list[Pose]:
        """How the first film of each pair lies best over the second."""
        first, second = np.array(pairs, np.intp).reshape(-1, 2).T
        best = np.full(len(pairs), -2.0, np.float32)
        chosen = np.zeros(len(pairs), np.intp)
        over = self._target[second]
        for index, reader in enumerate(self._readers):
            turned = self._seen(reader, self._films)[first]
            likeness = np.einsum("ij,ij->i", turned, over)
            better = likeness > best
            best[better], chosen[better] = likeness[better], index
        return [self._poses[index] for index in chosen]

    def _alike(self, start: int) -> NDArray[np.float32]:
        """(b, n) likeness of a block of films to all, each in its best pose."""
        block = self._films[:, start : start + _BLOCK]
        alike = np.full((block.shape[1], len(self._target)), -1.0, np.float32)
        product = np.empty_like(alike)
        for reader in self._readers:
            np.matmul(self._seen(reader, block), self._target.T, out=product)
            np.maximum(alike, product, out=alike)
        own = np.arange(block.shape[1])
        alike[own, start + own] = -1.0
        return alike

    def _seen(self, reader: Any, films: NDArray[np.float32]) -> NDArray[np.float32]:
        return _features(reader @ films, self._weights)


def _add_likeliest(
    found: dict[tuple[int, int], float], alike: NDArray[np.float32], start: int
) -> None:
    """Add what is worth a look in a block that begins at a row."""
    for row, other in _most_alike(alike).tolist():
        # Either film may be the part: which one lies better over the other?
        value, back = float(alike[row, other]), (other, start + row)
        if value > found.get(back, -1.0):
            found.pop(back, None)
            found[start + row, other] = value


def _most_alike(alike: NDArray[np.float32]) -> NDArray[np.intp]:
    """(m, 2) row and column of what is worth a look."""
    count = alike.shape[1]
    keep, few = min(_MANY, count), min(_MANY, max(_FEW, _CHECKS // count))
    top = np.argpartition(-alike, keep - 1, axis=1)[:, :keep]
    value = np.take_along_axis(alike, top, axis=1)
    rank = np.argsort(np.argsort(-value, axis=1), axis=1)
    good = (value >= _SURELY_ALIKE) | ((value >= _WORTH_A_LOOK) & (rank < few))
    rows, columns = np.nonzero(good)
    return np.stack([rows, top[rows, columns]], axis=1)


def _check(
    squares: NDArray[np.uint8],
    pairs: Sequence[tuple[int, int]],
    where: Sequence[Pose],
    on_progress: OnProgress,
) -> Iterator[tuple[tuple[int, int], Match]]:
    """Align each pair, and keep those that show one picture."""
    aligner = Aligner(squares, {row for pair in pairs for row in pair})

    def one(number: int) -> Match | None:
        return aligner.match(*pairs[number], where[number])

    threads = min(_THREADS, os.cpu_count() or 1)
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        # In chunks, so that it can be stopped between them.
        for start in range(0, len(pairs), _CHUNK):
            numbers = range(start, min(start + _CHUNK, len(pairs)))
            for number, match in zip(numbers, pool.map(one, numbers), strict=True):
                if match is not None:
                    yield pairs[number], match
            on_progress(numbers.stop / len(pairs))


def _window() -> NDArray[np.float32]:
    """(20, 20) weights: 1 in the middle, 0 where films differ by their frame."""
    cells = (np.arange(_CELLS) - (_CELLS - 1) / 2) / _CELLS
    radius = np.hypot(cells, cells[:, np.newaxis])
    fade = (_SEARCH_RADIUS - radius) / (_SEARCH_RADIUS - _FULL_RADIUS)
    return np.clip(fade, 0.0, 1.0).astype(np.float32)


def _reader(pose: Pose, weights: NDArray[np.float32]) -> Any:
    """Sparse (k, 1024) matrix that reads a film in a pose, bilinearly."""
    from scipy.sparse import csr_matrix

    y, x = np.nonzero(weights > 0)
    seen = (np.stack([x, y]) + 0.5) / _CELLS - 0.5
    read = pose.matrix @ seen + pose.shift[:, np.newaxis]
    at = np.clip((read + 0.5) * _HALF - 0.5, 0, _HALF - 1.001)
    low = np.floor(at).astype(np.intp)
    (left, top), share = low, at - low
    columns, values = [], []
    for down, right in itertools.product((0, 1), (0, 1)):
        columns.append((top + down) * _HALF + left + right)
        vertical = share[1] if down else 1 - share[1]
        values.append(vertical * (share[0] if right else 1 - share[0]))
    rows = np.tile(np.arange(len(x)), 4)
    entries = np.concatenate(values).astype(np.float32)
    return csr_matrix(
        (entries, (rows, np.concatenate(columns))), shape=(len(x), _HALF**2)
    )


def _without_shade(squares: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(1024, n): the films halved, less their own blur."""
    films = np.empty((_HALF**2, len(squares)), np.float32)
    for row, square in enumerate(squares):
        whole = square.reshape(SIDE, SIDE).astype(np.float32)
        half = cv2.resize(whole, (_HALF, _HALF), interpolation=cv2.INTER_AREA)
        films[:, row] = (half - cv2.GaussianBlur(half, (0, 0), _SHADE)).ravel()
    return films


def _features(
    values: NDArray[np.float32], weights: NDArray[np.float32]
) -> NDArray[np.float32]:
    """(n, k) rows of length 1, so that a product of two is their correlation."""
    weigh = weights[weights > 0][:, np.newaxis]
    centred = (values - (weigh * values).sum(axis=0) / weigh.sum()) * weigh
    length = np.sqrt((centred * centred).sum(axis=0))
    return np.ascontiguousarray((centred / (length + 1e-3)).T, np.float32)
