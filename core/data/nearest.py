"""For each film the few that are most like it, without comparing it with all."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.data.film_features import FilmFeatures, reader_of
from core.data.poses import coarse_poses
from core.films.read_ahead import read_ahead

#: Blur taken from films here: what is left is coarse, so that few poses do.
_SHADE = 4.0
_NUMBERS = 64
#: Cells of like films per square root of their number, and those looked into.
_CELLS, _LOOKED_INTO = 1.5, 8
#: Least likeness, and films looked for at once.
_LEAST, _BLOCK = 0.6, 512


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
    features = FilmFeatures(squares, _SHADE, 1.0, _NUMBERS)
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

    count = round(_CELLS * np.sqrt(len(films)))
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
