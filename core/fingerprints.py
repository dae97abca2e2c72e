"""Which films show the same picture: copies, however turned, cropped or stored."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import itertools
import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Side of a fingerprint; the film fills the square, its aspect not kept.
SIDE = 64
#: Correlations from which two films are one picture: of their fine detail, and of
#: the order of their grey levels, which no change of brightness alters. Of 2,000 real
#: films of different people no pair reached 0.75 in detail, two films of one person on
#: other days hardly 0.88. Drawn films have like ribs, but differ in the second.
SAME_DETAIL, SAME_ORDER = 0.89, 0.976

#: The search compares this many cells across, of films halved and freed of shade.
_HALF, _CELLS, _SHADE = SIDE // 2, 20, 1.5
#: Part of the film that a rotation or a crop leaves within it, as a radius: the
#: search fades out between the two; the check ends at the third.
_FULL_RADIUS, _SEARCH_RADIUS, _CHECK_RADIUS = 0.36, 0.48, 0.42
#: Likeness from which the few most alike of a film are checked, and from which
#: all are, so that many copies of one film do not hide each other.
_WORTH_A_LOOK, _SURELY_ALIKE = 0.67, 0.96
#: How many are checked of each film, at least and at most, and of all in all.
_FEW, _MANY, _CHECKS = 8, 40, 20_000
#: Blur and shade taken from films before they are aligned, and before they are
#: compared, in pixels of a fingerprint.
_ALIGN_BAND, _COMPARE_BAND = (0.7, 4.0), (0.5, 1.5)
#: Grey level up to which a pixel may be the border that a rotation left.
_BLACK = 4
_LEAST_OVERLAP = 0.25
_BLOCK = 2048
_THREADS = 4


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


@dataclasses.dataclass(frozen=True, eq=False)
class _Pose:
    """Where a film is read to lay it over another: q = matrix @ p + shift.

    Both in shares of the side, from the centre.
    """

    matrix: NDArray[np.float64]
    shift: NDArray[np.float64]


def fingerprint(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Sum up a film so that `similar_pairs` can compare it.

    Args:
        grey: (h, w) uint8, of any size and aspect.

    Returns:
        (4096,) uint8: the film shrunk to 64 x 64.
    """
    import cv2

    small = cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8).ravel()


def similar_pairs(
    fingerprints: NDArray[np.uint8],
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[SimilarPair]:
    """Find the films that are copies of one another.

    Every film is laid over every other in some 150 poses at low resolution, by
    matrix products; the few most alike are then aligned and compared in detail.
    A copy may be re-compressed, resized, brighter or darker, mirrored, rotated
    to 15 degrees, cropped to 90 %, or several of these. Another film of the same
    person is no copy.

    Args:
        fingerprints: (n, 4096) uint8.
        on_progress: Called now and then with films done and n; may raise to stop.

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
    for one, two, likeness, how in _check(
        unique, *_candidates(unique, len(fingerprints), on_progress)
    ):
        low, high = sorted((int(first[one]), int(first[two])))
        pairs.append(SimilarPair(low, high, likeness, how))
    on_progress(len(fingerprints), len(fingerprints))
    return sorted(pairs, key=lambda pair: (pair.first, pair.second))


def _candidates(
    squares: NDArray[np.uint8], total: int, on_progress: Callable[[int, int], None]
) -> tuple[NDArray[np.intp], list[_Pose]]:
    """(m, 2) pairs worth a look, and the pose that lays the first over the second."""
    films, weights = _without_shade(squares), _window()
    poses = list(_poses())
    readers = [_reader(pose, weights) for pose in poses]
    target = _features(_reader(_still(), weights) @ films, weights)
    found: dict[tuple[int, int], float] = {}
    for start in range(0, len(squares), _BLOCK):
        block = films[:, start : start + _BLOCK]
        alike = np.full((block.shape[1], len(squares)), -1.0, np.float32)
        product = np.empty_like(alike)
        for reader in readers:
            turned = _features(reader @ block, weights)
            np.matmul(turned, target.T, out=product)
            np.maximum(alike, product, out=alike)
        own = np.arange(block.shape[1])
        alike[own, start + own] = -1.0
        for row, other in _most_alike(alike).tolist():
            # Either film may be the part: which one lies better over the other?
            value, back = float(alike[row, other]), (other, start + row)
            if value > found.get(back, -1.0):
                found.pop(back, None)
                found[start + row, other] = value
        on_progress(min(start + _BLOCK, total - 1), total)
    pairs = np.array(sorted(found), np.intp).reshape(-1, 2)
    best = np.full(len(pairs), -2.0, np.float32)
    chosen = np.zeros(len(pairs), np.intp)
    over = target[pairs[:, 1]]
    for index, reader in enumerate(readers):
        turned = _features(reader @ films, weights)[pairs[:, 0]]
        likeness = np.einsum("ij,ij->i", turned, over)
        better = likeness > best
        best[better], chosen[better] = likeness[better], index
    return pairs, [poses[index] for index in chosen]


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
    squares: NDArray[np.uint8], pairs: NDArray[np.intp], poses: list[_Pose]
) -> Iterator[tuple[int, int, float, str]]:
    """Align each pair, and keep those whose fine detail is the same."""
    import cv2

    films = squares.reshape(-1, SIDE, SIDE).astype(np.float32)
    cells = np.arange(SIDE) - (SIDE - 1) / 2
    disc = np.hypot(cells, cells[:, np.newaxis]) < _CHECK_RADIUS * SIDE
    used = sorted(set(pairs.ravel().tolist()))
    shown = {row: _without_border(films[row]) for row in used}
    aligning = {row: _band(films[row], shown[row], *_ALIGN_BAND) for row in used}
    compared = {row: _band(films[row], shown[row], *_COMPARE_BAND) for row in used}
    valid = {row: shown[row] & disc for row in used}
    reading = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP

    def one(number: int) -> tuple[int, int, float, str] | None:
        a, b = pairs[number].tolist()
        try:
            warp = _aligned(
                aligning[b], aligning[a], _to_pixels(poses[number]), valid[a]
            )
        except cv2.error:  # nothing in common to align by
            return None
        size = (SIDE, SIDE)
        over = cv2.warpAffine(compared[a], warp, size, flags=reading)
        nearest = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
        both = (cv2.warpAffine(valid[a], warp, size, flags=nearest) & valid[b]) > 0
        if both.mean() < _LEAST_OVERLAP:
            return None
        likeness = _correlation(over[both], compared[b][both])
        if likeness < SAME_DETAIL:
            return None
        levels = cv2.warpAffine(films[a], warp, size, flags=reading)[both]
        if _correlation(_order(levels), _order(films[b][both])) < SAME_ORDER:
            return None
        return a, b, likeness, _in_words(warp, levels, films[b][both])

    threads = min(_THREADS, os.cpu_count() or 1)
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        for found in pool.map(one, range(len(pairs)), chunksize=64):
            if found is not None:
                yield found


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
    import cv2

    ending = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 40, 1e-3)
    kind = cv2.MOTION_AFFINE
    _, warp = cv2.findTransformECC(over, film, start, kind, ending, valid, 1)
    return np.asarray(warp, np.float32)


def _in_words(
    warp: NDArray[np.float32], shown: NDArray[np.float32], other: NDArray[np.float32]
) -> str:
    """What was done to a film so that it shows as another does."""
    matrix = warp[:, :2].astype(np.float64)
    size = float(np.sqrt(abs(np.linalg.det(matrix))))
    words = []
    if np.linalg.det(matrix) < 0:
        words.append("mirrored")
        matrix = matrix @ np.diag([-1.0, 1.0])
    angle = np.degrees(
        np.arctan2(matrix[1, 0] - matrix[0, 1], matrix[0, 0] + matrix[1, 1])
    )
    if abs(angle) >= 1.5:
        words.append(f"rotated by {abs(angle):.0f} degrees")
    if not 0.97 <= size <= 1.03:
        words.append(f"cropped to {100 * min(size, 1 / size):.0f} %")
    slope = float(np.std(other) / max(float(np.std(shown)), 1e-6))
    if abs(float(other.mean() - shown.mean())) > 6 or not 0.93 <= slope <= 1.07:
        words.append("brightness changed")
    return ", ".join(words) or "resized or compressed again"


def _poses() -> Iterator[_Pose]:
    """Ways to lay a film, or the middle of it, over another."""
    angles = np.deg2rad([-15, -10, -5, 0, 5, 10, 15])
    offsets = (-0.045, 0.0, 0.045)
    for mirror in (1.0, -1.0):
        for angle in angles:
            yield _pose(mirror, angle, (1, 1), (0, 0))
            # What a rotation leaves of the side when it keeps the corners.
            yield _pose(mirror, angle, (0.82, 0.82), (0, 0))
            for shift in itertools.product(offsets, offsets):
                yield _pose(mirror, angle, (0.9, 0.9), shift)
        for shift_of_side in (-0.05, 0.05):  # one edge cut off
            yield _pose(mirror, 0.0, (0.9, 1), (shift_of_side, 0))
            yield _pose(mirror, 0.0, (1, 0.9), (0, shift_of_side))


def _pose(
    mirror: float, angle: float, part: tuple[float, float], shift: tuple[float, float]
) -> _Pose:
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.diag([mirror, 1.0]) @ np.array([[cos, -sin], [sin, cos]])
    return _Pose(turn @ np.diag(part), turn @ np.array(shift))


def _still() -> _Pose:
    return _pose(1.0, 0.0, (1, 1), (0, 0))


def _to_pixels(pose: _Pose) -> NDArray[np.float32]:
    """The (2, 3) matrix by which OpenCV reads a fingerprint."""
    centre = np.full(2, (SIDE - 1) / 2)
    shift = centre + SIDE * pose.shift - pose.matrix @ centre
    return np.column_stack([pose.matrix, shift]).astype(np.float32)


def _window() -> NDArray[np.float32]:
    """(20, 20) weights: 1 in the middle, 0 where films differ by their frame."""
    cells = (np.arange(_CELLS) - (_CELLS - 1) / 2) / _CELLS
    radius = np.hypot(cells, cells[:, np.newaxis])
    fade = (_SEARCH_RADIUS - radius) / (_SEARCH_RADIUS - _FULL_RADIUS)
    return np.clip(fade, 0.0, 1.0).astype(np.float32)


def _reader(pose: _Pose, weights: NDArray[np.float32]) -> Any:
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
    import cv2

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


def _without_border(film: NDArray[np.float32]) -> NDArray[np.uint8]:
    """1 but for the black that reaches in from the corners, and a pixel more."""
    import cv2

    _, parts = cv2.connectedComponents((film <= _BLACK).astype(np.uint8))
    corners = {int(parts[y, x]) for y in (0, -1) for x in (0, -1)} - {0}
    border = np.isin(parts, list(corners)).astype(np.uint8)
    kernel = np.ones((3, 3), np.uint8)
    return np.asarray(1 - cv2.dilate(border, kernel), np.uint8)


def _band(
    film: NDArray[np.float32], shown: NDArray[np.uint8], fine: float, coarse: float
) -> NDArray[np.float32]:
    """The film less its shade; black borders neither count nor cast one."""
    import cv2

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
