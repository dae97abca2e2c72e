"""Which films show the same picture: copies, however turned, cropped or stored."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from core.data.alignment import Aligner
from core.data.film_features import FilmFeatures, nearest_films, reader_of
from core.data.poses import Pose, coarse_poses, poses
from core.data.views import views_of
from core.films.read_ahead import read_ahead

#: Blur taken from films before their detail is compared, in pixels of the halved
#: one, and the numbers kept of each.
_SHADE, _NUMBERS = 2.5, 100
#: Correlations from which a film is aligned and compared in full with the few that
#: are most like it, and with all.
_WORTH_A_LOOK, _ALIKE, _FEW = 0.7, 0.8, 2
#: Films looked at for each, at least and at most, and in all.
_LEAST, _MOST, _LOOKS = 16, 40, 20_000
#: How far a pose may be from the coarse one that found a pair, in degrees.
_NEAR = 8.5
#: Shares of the time after which the search, and the choice of poses, is done.
_SEARCHED, _POSED = 0.3, 0.6
#: Pairs that are laid over one another at once.
_PAIRS = 4096
_THREADS = 4

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

    Films are turned upright and to positive first, with and without their border.
    An index gives the few most alike of each; those are laid over one another in
    some 150 poses at low resolution, and aligned and compared in detail where that
    fits. A copy may be re-compressed, resized, brighter or darker, inverted,
    mirrored, turned by a quarter or a half, rotated to 15 degrees, cropped to 90 %,
    padded, or several of these. Another film of the same person is no copy.

    Args:
        on_progress: Called often, the last time with 1.

    Returns:
        The pairs, in order. Of many equal films each is paired with the first
        only, so what hangs together matters rather than which pair is listed.
    """
    from threadpoolctl import threadpool_limits

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
    views, squares = views_of(unique)
    film_of = np.array([view.film for view in views])
    # A library's own threads wait for each other at every product, for long where
    # the computer does something else too.
    with threadpool_limits(1):
        found = _candidates(squares, film_of, on_progress)
    on_progress(_POSED)
    aligner = Aligner(views, squares)

    def match(number: int) -> tuple[float, str] | None:
        one, two, pose = found[:, number].tolist()
        return aligner.match(one, two, poses()[pose])

    count, threads = found.shape[1], min(_THREADS, os.cpu_count() or 1)
    for number, matched in read_ahead(match, range(count), threads=threads):
        if matched is not None:
            low, high = sorted(int(first[film_of[row]]) for row in found[:2, number])
            pairs.append(SimilarPair(low, high, *matched))
        on_progress(_POSED + (number + 1) / count * (1 - _POSED))
    on_progress(1.0)
    return sorted(pairs, key=lambda pair: (pair.first, pair.second))


def _candidates(
    squares: NDArray[np.uint8], film_of: NDArray[np.intp], on_progress: OnProgress
) -> NDArray[np.intp]:
    """(3, p) pairs worth a look, each pair of films once.

    Rows of views, the first and the second, and numbers of poses: how the first
    lies over the second.
    """
    most = min(_MOST, max(_LEAST, _LOOKS // len(squares)))
    found = nearest_films(squares, most, lambda share: on_progress(share * _SEARCHED))
    first, second, coarse = found[:, film_of[found[0]] != film_of[found[1]]]
    features = FilmFeatures(squares, _SHADE, 0.5, _NUMBERS)
    near = _near(coarse_poses(), poses())[coarse]
    pose, likeness = _posed(features, first, second, near, on_progress)
    order = np.lexsort((-likeness, first))
    rank = np.empty(len(order), np.intp)
    rank[order] = np.arange(len(order)) - np.searchsorted(first[order], first[order])
    worth = likeness >= np.where(rank < _FEW, _WORTH_A_LOOK, _ALIKE)
    # Either film may be the part: of both ways, and of all views, the best.
    pair = np.sort(np.stack([film_of[first], film_of[second]]), axis=0)
    order = np.lexsort((-likeness, pair[1], pair[0]))
    order = order[worth[order]]
    pair = pair[:, order]
    is_best = np.ones(len(order), bool)
    is_best[1:] = (pair[:, 1:] != pair[:, :-1]).any(axis=0)
    return np.stack([first, second, pose])[:, order[is_best]]


def _near(coarse: Sequence[Pose], every: Sequence[Pose]) -> NDArray[np.bool_]:
    """(c, p) whether a pose is near a coarse one: mirrored as it, turned about so."""

    def kinds(of: Sequence[Pose]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        matrices = np.stack([pose.matrix for pose in of])
        mirror = np.sign(np.linalg.det(matrices))
        return mirror, mirror * np.arctan2(-matrices[:, 0, 1], matrices[:, 1, 1])

    (mirrors, angles), (mirror, angle) = kinds(coarse), kinds(every)
    apart = np.abs(angles[:, np.newaxis] - angle)
    return (mirrors[:, np.newaxis] == mirror) & (apart <= np.deg2rad(_NEAR))


def _posed(
    features: FilmFeatures,
    first: NDArray[np.intp],
    second: NDArray[np.intp],
    near: NDArray[np.bool_],
    on_progress: OnProgress,
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """(p,) the pose in which the detail of a pair fits best, and how well."""
    over = features.as_they_are()
    readers = [reader_of(pose) for pose in poses()]
    likeness = np.full(len(first), -2.0, np.float32)
    chosen = np.zeros(len(first), np.intp)

    def lay(chunk: slice) -> None:
        rows, row_of = np.unique(first[chunk], return_inverse=True)
        films, under = features.films(rows), over[second[chunk]]
        best, pose = likeness[chunk], chosen[chunk]
        for number, reader in enumerate(readers):
            asked = np.flatnonzero(near[chunk, number])
            turned = features.of(films, reader)[row_of[asked]]
            fits = np.einsum("ij,ij->i", turned, under[asked])
            better = fits > best[asked]
            best[asked[better]], pose[asked[better]] = fits[better], number

    chunks = [slice(i, i + _PAIRS) for i in range(0, len(first), _PAIRS)]
    threads = os.cpu_count() or 1
    laid = read_ahead(lay, chunks, threads=threads, ahead=threads)
    for done, _ in enumerate(laid, start=1):
        share = done / len(chunks)
        on_progress(_SEARCHED + share * (_POSED - _SEARCHED))
    return chosen, likeness
