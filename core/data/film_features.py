"""Numbers by which films in a pose can be compared, and the films nearest by them.

A product of two films' numbers is their correlation.
"""

from __future__ import annotations

import functools
import itertools
import os
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.data.fingerprints import SIDE
from core.data.poses import STILL, Pose, coarse_poses, near_poses
from core.films.read_ahead import read_ahead

#: Films are halved, and this many cells of them are compared across.
_HALF, _CELLS = SIDE // 2, 20
#: Part of the film that a rotation or a crop leaves within it, as a radius: what is
#: compared fades out between the two.
_FULL_RADIUS, _RADIUS = 0.36, 0.48
#: Films that the analysis learns from, and the share of the poses' own variance
#: added to it, so that it can be divided by.
_LEARNED_FROM, _RIDGE = 800, 1e-3
#: Added to the length of a film's cells, so that even films are like none.
_FAINT = 1e-3

#: Blur taken from films to find the nearest, so coarse that few poses do, and the
#: numbers kept of each.
_COARSE_SHADE = 4.0
_COARSE_NUMBERS = 64
#: Groups of like films per square root of their number, and those looked into.
_GROUPS, _LOOKED_INTO = 1.5, 8
#: Least likeness, and films looked for at once.
_LEAST, _BLOCK = 0.6, 512


class FilmFeatures:
    """Reads films in poses, and keeps what tells films apart rather than poses.

    Linear discriminant analysis of the films themselves: each is a class, and the
    ways it shows in poses that are a step apart are its members.

    Args:
        shade: Blur that is taken from the films, in pixels of the halved film:
            with little of it only their detail is left.
    """

    def __init__(
        self, squares: NDArray[np.uint8], shade: float, step: float, numbers: int
    ) -> None:
        self._films = np.empty((_HALF**2, len(squares)), np.float32)
        for row, square in enumerate(squares):
            whole = square.reshape(SIDE, SIDE).astype(np.float32)
            half = cv2.resize(whole, (_HALF, _HALF), interpolation=cv2.INTER_AREA)
            blurred = cv2.GaussianBlur(half, (0, 0), shade)
            self._films[:, row] = (half - blurred).ravel()
        rng = np.random.default_rng(0)
        rows = rng.permutation(len(squares))[:_LEARNED_FROM]
        films = self._films[:, rows]
        seen = np.stack([_normal(reader_of(p) @ films) for p in near_poses(step)])
        directions = _directions(seen, numbers)
        weights = _weights()
        #: What is multiplied by films in a pose: for the numbers, the mean and the
        #: length of each at once.
        self._rows = np.vstack([directions, np.ones_like(weights), weights])
        self._of_mean = directions @ seen.mean(axis=(0, 1))
        self._of_even = directions @ weights

    def films(self, rows: Any) -> NDArray[np.float32]:
        """(1024, b) what readers read of some films."""
        return np.ascontiguousarray(self._films[:, rows])

    def of(self, films: NDArray[np.float32], reader: Any) -> NDArray[np.float32]:
        """(b, d) rows of length 1: films as a reader of `reader_of` reads them."""
        weights = _weights()
        read = np.asarray(reader @ films)
        numbers = self._rows @ read
        mean, even = numbers[-2] / weights.sum(), numbers[-1]
        # Of the film less its mean, without a pass through all of it.
        square = np.einsum("kb,kb->b", read, read) - 2 * mean * even
        square += mean * mean * (weights @ weights)
        length = np.sqrt(np.maximum(square, 0.0)) + _FAINT
        found = (numbers[:-2].T - np.outer(mean, self._of_even)) / length[:, np.newaxis]
        found -= self._of_mean
        found /= np.linalg.norm(found, axis=1, keepdims=True) + 1e-6
        return np.asarray(found, np.float32)

    def as_they_are(self) -> NDArray[np.float32]:
        """(m, d) of all films."""
        return self.of(self._films, reader_of(STILL))


def _directions(seen: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """(d, k) directions in which films differ most, measured by how poses do.

    Args:
        seen: (poses, films, k).
    """
    from scipy.linalg import eigh

    every = _scatter(seen - seen.mean(axis=(0, 1)))
    within = _scatter(seen - seen.mean(axis=0))
    ridge = _RIDGE * np.trace(within) / len(within) + 1e-9
    size = len(within)
    _, directions = eigh(
        every, within + ridge * np.eye(size), subset_by_index=(size - count, size - 1)
    )
    return np.ascontiguousarray(directions.T, np.float32)


def _scatter(values: NDArray[np.float32]) -> NDArray[np.float64]:
    flat = values.reshape(-1, values.shape[-1]).astype(np.float64)
    return np.asarray(flat.T @ flat / len(flat))


@functools.cache
def reader_of(pose: Pose) -> Any:
    """Sparse (k, 1024) matrix that reads a halved film in a pose, and weighs it."""
    from scipy.sparse import csr_matrix

    y, x = np.nonzero(_window() > 0)
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
    entries = (np.concatenate(values) * np.tile(_weights(), 4)).astype(np.float32)
    return csr_matrix(
        (entries, (rows, np.concatenate(columns))), shape=(len(x), _HALF**2)
    )


@functools.cache
def _window() -> NDArray[np.float32]:
    """(20, 20) weights: 1 in the middle, 0 where films differ by their frame."""
    cells = (np.arange(_CELLS) - (_CELLS - 1) / 2) / _CELLS
    radius = np.hypot(cells, cells[:, np.newaxis])
    return np.clip((_RADIUS - radius) / (_RADIUS - _FULL_RADIUS), 0.0, 1.0).astype(
        np.float32
    )


def _weights() -> NDArray[np.float32]:
    """(k,) those of the cells that count."""
    window = _window()
    return window[window > 0]


def _normal(read: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, k) rows without mean and of length 1, of (k, n) weighed cells."""
    weights = _weights()[:, np.newaxis]
    centred = read - weights * (read.sum(axis=0) / weights.sum())
    return np.asarray((centred / (np.linalg.norm(centred, axis=0) + _FAINT)).T)


def nearest_films(
    squares: NDArray[np.uint8], most: int, on_progress: Callable[[float], None]
) -> NDArray[np.intp]:
    """Look for every film among all, each in all the coarse poses.

    Like films lie in one cell, and few cells are looked into: the work grows with
    the number of films to the power of 1.5.

    Args:
        squares: (m, 4096) uint8.
        most: Films to find for each.

    Returns:
        (3, p) rows of films, of those that each may be a copy of, and the numbers
        of the poses in which the first lies best over the second.
    """
    features = FilmFeatures(squares, _COARSE_SHADE, 1.0, _COARSE_NUMBERS)
    readers = [reader_of(pose) for pose in coarse_poses()]
    films = features.as_they_are()
    centres, cell = _cells(films)
    # By cell, so that those of one lie together.
    order = np.argsort(cell, kind="stable")
    films = films[order]
    cells = len(centres)
    ends = np.searchsorted(cell[order], range(cells + 1))
    probes = min(_LOOKED_INTO, cells)

    def like(start: int) -> NDArray[np.intp]:
        """(3, p) films of a block, films like them, and poses."""
        rows = slice(start, min(start + _BLOCK, len(squares)))
        size = rows.stop - rows.start
        block = features.films(rows)
        seen = np.concatenate([features.of(block, reader) for reader in readers])
        near = np.argpartition(-(seen @ centres.T), probes - 1, axis=1)
        asked = near[:, :probes].ravel()
        by_cell = np.argsort(asked, kind="stable")
        asked_ends = np.searchsorted(asked[by_cell], range(cells + 1))
        asking = by_cell // probes
        ones, others, values = [], [], []
        for number in range(cells):
            who = asking[asked_ends[number] : asked_ends[number + 1]]
            there = slice(ends[number], ends[number + 1])
            alike = seen[who] @ films[there].T
            one, other = np.nonzero(alike >= _LEAST)
            ones.append(who[one])
            others.append(order[there][other])
            values.append(alike[one, other])
        one, other = np.concatenate(ones), np.concatenate(others)
        film, pose = start + one % size, one // size
        return _best(film, other, pose, np.concatenate(values), most)

    found = []
    starts = range(0, len(squares), _BLOCK)
    threads = os.cpu_count() or 1
    for _, each in read_ahead(like, starts, threads=threads, ahead=threads):
        found.append(each)
        on_progress(len(found) / len(starts))
    return np.concatenate(found, axis=1)


def _cells(films: NDArray[np.float32]) -> tuple[NDArray[np.float32], Any]:
    """Centres of groups of like films, and the group of each."""
    from sklearn.cluster import MiniBatchKMeans

    count = round(_GROUPS * np.sqrt(len(films)))
    groups = MiniBatchKMeans(
        min(count, len(films)), batch_size=4096, n_init=1, random_state=0
    ).fit(films)
    centres = groups.cluster_centers_
    centres /= np.linalg.norm(centres, axis=1, keepdims=True) + 1e-6
    return centres, (films @ centres.T).argmax(axis=1)


def _best(
    film: NDArray[np.intp],
    other: NDArray[np.intp],
    pose: NDArray[np.intp],
    value: NDArray[np.float32],
    most: int,
) -> NDArray[np.intp]:
    """(3, p) films, the most like them, and the pose of each pair that fits best."""
    order = np.lexsort((-value, other, film))
    film, other, pose, value = (x[order] for x in (film, other, pose, value))
    is_first = np.ones(len(film), bool)
    is_first[1:] = (film[1:] != film[:-1]) | (other[1:] != other[:-1])
    is_first &= film != other
    film, other, pose, value = (x[is_first] for x in (film, other, pose, value))
    order = np.lexsort((-value, film))
    film, other, pose = (x[order] for x in (film, other, pose))
    rank = np.arange(len(film)) - np.searchsorted(film, film)
    return np.stack([film, other, pose])[:, rank < most]
