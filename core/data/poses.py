"""Ways to lay one film over another."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.data.fingerprints import SIDE


@dataclasses.dataclass(frozen=True, eq=False)
class Pose:
    """Where a film is read to lay it over another: q = matrix @ p + shift.

    Both in shares of the side, from the centre.
    """

    matrix: NDArray[np.float64]
    shift: NDArray[np.float64]

    def to_pixels(self) -> NDArray[np.float32]:
        """The (2, 3) matrix by which OpenCV reads a fingerprint."""
        centre = np.full(2, (SIDE - 1) / 2)
        shift = centre + SIDE * self.shift - self.matrix @ centre
        return np.column_stack([self.matrix, shift]).astype(np.float32)


@functools.cache
def poses() -> tuple[Pose, ...]:
    """Ways to lay a film, or the middle of it, over another."""
    ways = []
    offsets = (-0.045, 0.0, 0.045)
    for mirror in (1.0, -1.0):
        for angle in np.deg2rad([-15, -10, -5, 0, 5, 10, 15]):
            ways.append(_pose(mirror, angle, (1, 1)))
            # What a rotation leaves of the side when it keeps the corners.
            ways.append(_pose(mirror, angle, (0.82, 0.82)))
            for shift in itertools.product(offsets, offsets):
                ways.append(_pose(mirror, angle, (0.9, 0.9), shift))
        for shift_of_side in (-0.05, 0.05):  # one edge cut off
            ways.append(_pose(mirror, 0.0, (0.9, 1), (shift_of_side, 0)))
            ways.append(_pose(mirror, 0.0, (1, 0.9), (0, shift_of_side)))
    return tuple(ways)


@functools.cache
def coarse_poses() -> tuple[Pose, ...]:
    """As `poses`, in steps so wide that one lies near each of them."""
    ways = []
    for mirror in (1.0, -1.0):
        for angle in np.deg2rad([-12, -4, 4, 12]):
            for part in (0.98, 0.87):
                ways.append(_pose(mirror, angle, (part, part)))
        for angle, far in ((-9, 0.035), (0, 0.045), (9, 0.035)):
            for shift in itertools.product((-far, far), repeat=2):
                ways.append(_pose(mirror, np.deg2rad(angle), (0.9, 0.9), shift))
        for shift in ((-0.045, 0), (0.045, 0), (0, -0.045), (0, 0.045)):
            ways.append(_pose(mirror, 0.0, (0.9, 0.9), shift))
    return tuple(ways)


@functools.cache
def near_poses(step: float) -> tuple[Pose, ...]:
    """Ten that lie about a step from each other, at random but always the same.

    Args:
        step: 1 for that of `coarse_poses`, a half for that of `poses`.
    """
    rng = np.random.default_rng(0)
    ways = []
    for _ in range(10):
        size = rng.uniform(1 - 0.18 * step, 1.0)
        part = size * (1 + rng.uniform(-0.05, 0.05, 2) * step)
        shift = rng.uniform(-0.04, 0.04, 2) * step
        angle = np.deg2rad(rng.uniform(-4, 4)) * step
        ways.append(_pose(1.0, angle, tuple(part), tuple(shift)))
    return tuple(ways)


def _pose(
    mirror: float,
    angle: float,
    part: tuple[float, ...],
    shift: tuple[float, ...] = (0, 0),
) -> Pose:
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.diag([mirror, 1.0]) @ np.array([[cos, -sin], [sin, cos]])
    return Pose(turn @ np.diag(part), turn @ np.array(shift))


#: As it is.
STILL: Final = _pose(1.0, 0.0, (1, 1))


def in_words(
    matrix: NDArray[np.float64],
    shown: NDArray[np.float32],
    other: NDArray[np.float32],
) -> list[str]:
    """What was done to a film so that it shows as another does; empty if nothing.

    Args:
        matrix: (2, 2) where it is read, from the centre.
        shown, other: (n,) grey levels of both where they lie over one another.
    """
    size = float(np.sqrt(abs(np.linalg.det(matrix))))
    words = []
    if is_mirrored := np.linalg.det(matrix) < 0:
        matrix = matrix @ np.diag([-1.0, 1.0])
    angle = float(
        np.degrees(np.arctan2(matrix[1, 0] - matrix[0, 1], matrix[0, 0] + matrix[1, 1]))
    )
    if is_mirrored and abs(angle) > 135:
        words.append("upside down")
        angle -= np.copysign(180.0, angle)
    elif is_mirrored:
        words.append("mirrored")
    if abs(angle) >= 1.5:
        words.append(f"rotated by {abs(angle):.0f} degrees")
    if not 0.97 <= size <= 1.03:
        words.append(f"cropped to {100 * min(size, 1 / size):.0f} %")
    slope = float(np.std(other) / max(float(np.std(shown)), 1e-6))
    if abs(float(other.mean() - shown.mean())) > 6 or not 0.93 <= slope <= 1.07:
        words.append("brightness changed")
    return words
