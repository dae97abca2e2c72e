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


class NearestFilms:
    """An index of films: like ones lie in one cell, and few cells are looked into.

    The work grows with the number of films to the power of 1.5.

    Args:
        squares: (m, 4096) uint8.
    """

    def __init__(self, squares: NDArray[np.uint8]) -> None:
        self._features = FilmFeatures(squares, _SHADE, 1.0, _NUMBERS)
        self._count = len(squares)
        self._readers = [reader_of(pose) for pose in coarse_poses()]
        films = self._features.as_they_are()
        self._centres, cell = _cells(films)
        #: Films by cell, so that those of one lie together.
        self._order = np.argsort(cell, kind="stable")
        self._films = films[self._order]
        self._ends = np.searchsorted(cell[self._order], range(len(self._centres) + 1))

    def search(
        self, most: int, on_progress: Callable[[float], None]
    ) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
        """Look for every film, each in all the coarse poses.

        Args:
            most: Films to find for each.

        Returns:
            Rows of films, of those that each may be a copy of, and the numbers of
            the poses in which the first lies best over the second.
        """
        found = []
        starts = range(0, self._count, _BLOCK)
        threads = os.cpu_count() or 1
        for _, like in read_ahead(
            lambda start: self._like(start, most),
            starts,
            threads=threads,
            ahead=threads,
        ):
            found.append(like)
            on_progress(len(found) / len(starts))
        first_rows, second_rows, poses = np.concatenate(found, axis=1)
        return first_rows, second_rows, poses

    def _like(self, start: int, most: int) -> NDArray[np.intp]:
        """(3, p) films of a block, films like them, and poses."""
        rows = slice(start, min(start + _BLOCK, self._count))
        size = rows.stop - rows.start
        films = self._features.films(rows)
        seen = np.concatenate([self._features.of(films, r) for r in self._readers])
        cells = len(self._centres)
        probes = min(_LOOKED_INTO, cells)
        near = np.argpartition(-(seen @ self._centres.T), probes - 1, axis=1)
        asked = near[:, :probes].ravel()
        by_cell = np.argsort(asked, kind="stable")
        ends = np.searchsorted(asked[by_cell], range(cells + 1))
        asking = by_cell // probes
        ones, others, values = [], [], []
        for cell in range(cells):
            who = asking[ends[cell] : ends[cell + 1]]
            there = slice(self._ends[cell], self._ends[cell + 1])
            alike = seen[who] @ self._films[there].T
            one, other = np.nonzero(alike >= _LEAST)
            ones.append(who[one])
            others.append(self._order[there][other])
            values.append(alike[one, other])
        one, other = np.concatenate(ones), np.concatenate(others)
        film, pose = start + one % size, one // size
        return _best(film, other, pose, np.concatenate(values), most)


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
