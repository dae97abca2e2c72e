"""The parts that a phantom is drawn from: canvas, body, lungs, heart, bones, vessels.

Everything is drawn in body coordinates: the origin is the middle of the chest, x grows
to the viewer's right (the patient's left), y downwards, and the film spans -1 to 1. A
layer says how dense each pixel of the film is, 0 for air and about 1 for a trunk.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

SIDES = (-1.0, 1.0)  # the patient's right lung is on the viewer's left

_SUBPIXEL_BITS = 4

Layer = NDArray[np.float32]
Points = Sequence[tuple[float, float]] | NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Anatomy:
    """The measures of one drawn patient, in body coordinates."""

    chest: float  # half-width of the rib cage at its widest
    apex: float  # y of the lung tops
    domes: tuple[float, float]  # y of the right and the left diaphragm dome
    heart_ratio: float  # heart width over chest width
    spine_bend: float
    shoulder: float  # y of the shoulders


class Canvas:
    """Draws soft shapes, given in body coordinates, as (size, size) float32 layers."""

    def __init__(self, size: int, pose: NDArray[np.float64]) -> None:
        self.size = size
        self._pose = pose  # (2, 3): body coordinates -> film coordinates in -1..1

    def fill(self, outline: Points, blur: float) -> Layer:
        """Fill a closed outline with 1, its edge softened over `blur`."""
        layer = np.zeros((self.size, self.size), np.float32)
        pixels = [self._pixels(outline)]
        cv2.fillPoly(layer, pixels, 1.0, cv2.LINE_AA, _SUBPIXEL_BITS)
        return self.soften(layer, blur)

    def strokes(self, lines: Sequence[Points], width: float, blur: float) -> Layer:
        """Draw open lines of one width with 1; crossings do not add up."""
        layer = np.zeros((self.size, self.size), np.float32)
        thickness = max(1, round(width * self.size / 2))
        pixels = [self._pixels(line) for line in lines]
        cv2.polylines(layer, pixels, False, 1.0, thickness, cv2.LINE_AA, _SUBPIXEL_BITS)
        return self.soften(layer, blur)

    def soften(self, layer: Layer, blur: float) -> Layer:
        """Blur by a Gaussian whose deviation is `blur` in body coordinates."""
        sigma = max(blur * self.size / 2, 0.3)
        return cv2.GaussianBlur(layer, (0, 0), sigma)

    def noise(self, rng: np.random.Generator, grain: float) -> Layer:
        """Smooth noise of mean 0 and deviation 1, its grain `grain` wide.

        Drawn on a grid of its own, so that a phantom looks alike at every size.
        """
        cells = max(4, round(2 / grain))
        grid = rng.standard_normal((cells, cells)).astype(np.float32)
        shape = (self.size, self.size)
        return cv2.resize(grid, shape, interpolation=cv2.INTER_CUBIC)

    def _pixels(self, points: Points) -> NDArray[np.int32]:
        body = np.asarray(points, np.float64)
        film = body @ self._pose[:, :2].T + self._pose[:, 2]
        scaled = (film + 1) / 2 * self.size - 0.5
        return np.round(scaled * 2**_SUBPIXEL_BITS).astype(np.int32)


def smooth(points: Points, closed: bool) -> list[tuple[float, float]]:
    """Round the corners of a line by cutting them three times (Chaikin 1974)."""
    line = np.asarray(points, np.float64)
    for _ in range(3):
        after = np.roll(line, -1, axis=0) if closed else line[1:]
        before = line if closed else line[:-1]
        cuts = np.stack([0.75 * before + 0.25 * after, 0.25 * before + 0.75 * after], 1)
        rounded = cuts.reshape(-1, 2)
        line = rounded if closed else np.vstack([line[:1], rounded, line[-1:]])
    return [(float(x), float(y)) for x, y in line]


def random_anatomy(rng: np.random.Generator) -> Anatomy:
    """Somebody within the usual range, heart sometimes a little large."""
    right_dome = rng.uniform(0.30, 0.52)
    return Anatomy(
        chest=rng.uniform(0.70, 0.84),
        apex=rng.uniform(-0.80, -0.68),
        domes=(right_dome, right_dome + rng.uniform(0.0, 0.08)),
        heart_ratio=rng.uniform(0.42, 0.56),
        spine_bend=rng.uniform(-0.03, 0.03),
        shoulder=rng.uniform(-0.78, -0.64),
    )


def random_pose(rng: np.random.Generator) -> NDArray[np.float64]:
    """Turn by up to 6 degrees, and scale and shift a little."""
    turn = np.deg2rad(rng.uniform(-6, 6))
    scale = rng.uniform(0.88, 1.06)
    c, s = scale * np.cos(turn), scale * np.sin(turn)
    shift = rng.uniform(-0.08, 0.08, 2)
    return np.array([[c, -s, shift[0]], [s, c, shift[1]]])


def wall(anatomy: Anatomy, y: float) -> float:
    """Distance of the inner chest wall from the midline at height y."""
    t = np.clip((y - anatomy.apex) / (0.55 - anatomy.apex), 0, 1)
    return float(anatomy.chest * (0.30 + 0.70 * np.sin(np.pi / 2 * t**0.62)))


def lung_outline(anatomy: Anatomy, side: float) -> list[tuple[float, float]]:
    """The air-filled lung of one side, from apex to costophrenic angle."""
    dome = anatomy.domes[0] if side < 0 else anatomy.domes[1]
    angle = dome + 0.22  # y of the costophrenic angle
    outer = [
        (wall(anatomy, y), y) for y in np.linspace(anatomy.apex + 0.02, angle - 0.05, 9)
    ]
    width = wall(anatomy, angle)
    base = [
        (width, angle),
        (0.92 * width, angle - 0.08),
        (0.74 * width, dome + 0.02),
        (0.50 * width, dome - 0.01),
        (0.24 * width, dome + 0.07),
    ]
    inner = [(0.13, dome), (0.11, 0.0), (0.12, -0.35), (0.12, anatomy.apex + 0.1)]
    top = [(0.20, anatomy.apex)]
    return smooth(_mirror([*outer, *base, *inner, *top], side), closed=True)


def draw_soft_tissue(
    canvas: Canvas, anatomy: Anatomy, rng: np.random.Generator
) -> Layer:
    """Body, mediastinum, airway, the abdomen and the stomach's air."""
    a = anatomy
    flank, neck = a.chest + rng.uniform(0.10, 0.18), rng.uniform(0.24, 0.30)
    half = [(neck, -1.4), (neck, a.shoulder - 0.22), (0.5, a.shoulder - 0.12)]
    half += [(1.0, a.shoulder + 0.05), (1.25, -0.3), (1.2, 0.1)]
    arm = rng.uniform(0.0, 0.4)  # how far down the arms touch the trunk
    half += [(flank + 0.12, arm - 0.2), (flank, arm + 0.1), (flank + 0.02, 1.4)]
    body = canvas.fill(smooth([*half, *_mirror(half[::-1], -1.0)], closed=True), 0.012)
    depth = 0.45 * canvas.soften(body, 0.25) + 0.55 * canvas.soften(body, 0.07)
    centre = canvas.fill([(-0.15, -1.4), (0.15, -1.4), (0.17, 1.4), (-0.17, 1.4)], 0.06)
    dome = min(a.domes)
    belly = canvas.fill(
        [(-1.2, dome + 0.1), (1.2, dome + 0.1), (1.2, 1.5), (-1.2, 1.5)], 0.12
    )
    airway = canvas.strokes([[(0.0, -1.2), (0.01, -0.6), (0.02, -0.28)]], 0.075, 0.012)
    bubble_at = (rng.uniform(0.3, 0.45), a.domes[1] + rng.uniform(0.13, 0.18))
    bubble = canvas.fill(blob(rng, bubble_at, rng.uniform(0.05, 0.11)), 0.02)
    tissue = body * (0.85 * depth + 0.30 * centre + 0.45 * belly)
    tissue -= 0.14 * airway + rng.uniform(0, 0.4) * bubble
    return tissue * (1 + 0.05 * canvas.noise(rng, 0.25))


def draw_heart(canvas: Canvas, anatomy: Anatomy) -> Layer:
    """The heart and the aortic arch, 1 where they are thickest."""
    width = 2 * anatomy.chest * anatomy.heart_ratio
    right, left = -0.33 * width, 0.67 * width
    base = min(anatomy.domes)
    outline = [
        (-0.10, -0.30),
        (0.7 * right, -0.15),
        (right, base - 0.22),
        (0.95 * right, base - 0.02),
        (0.0, base + 0.16),
        (0.8 * left, base + 0.14),
        (left, base - 0.02),
        (0.85 * left, base - 0.22),
        (0.45 * left, -0.12),
        (0.13, -0.28),
    ]
    heart = canvas.fill(smooth(outline, closed=True), 0.018)
    arch = canvas.strokes([[(0.0, -0.42), (0.1, -0.36), (0.1, -0.26)]], 0.17, 0.015)
    return np.maximum(heart, 0.6 * arch)


def draw_bones(canvas: Canvas, anatomy: Anatomy, rng: np.random.Generator) -> Layer:
    """Spine, ribs behind and in front, collar bones and shoulder blades."""
    slope = rng.uniform(0.10, 0.18)
    y, edge = anatomy.shoulder + 0.02, anatomy.chest - 0.02
    collar = [(0.07, y + 0.14), (0.25, y + 0.08), (0.5, y + 0.05), (0.82, y - 0.06)]
    blade = [(edge + 0.12, y), (edge - 0.1, y + 0.2), (edge, y + 0.6)]
    blade += [(edge + 0.12, y + 0.3), (edge + 0.2, y + 0.08)]
    back, front, collars = [], [], []
    bones = _draw_spine(canvas, anatomy)
    for side in SIDES:
        ribs = [_rib(anatomy, i, slope) for i in range(10)]
        back += [_mirror(smooth(rib[:5], closed=False), side) for rib in ribs]
        front += [_mirror(smooth(rib[5:], closed=False), side) for rib in ribs[:7]]
        collars.append(_mirror(smooth(collar, closed=False), side))
        outline = _mirror(smooth(blade, closed=True), side)
        bones += 0.07 * canvas.fill(outline, 0.012)
    bones += 0.10 * _draw_tubes(canvas, back, 0.052)
    bones += 0.06 * _draw_tubes(canvas, front, 0.06)
    return bones + 0.20 * _draw_tubes(canvas, collars, 0.06)


def _rib(anatomy: Anatomy, number: int, slope: float) -> list[tuple[float, float]]:
    """A left rib: five points from the spine to the wall, four back to the front."""
    step = (anatomy.domes[0] + 0.25 - anatomy.apex) / 9.2
    y = anatomy.apex - 0.02 + number * step
    side = wall(anatomy, y + slope) + 0.02
    behind = [(0.09, y), (0.45 * side, y - 0.03), (0.85 * side, y + 0.3 * slope)]
    behind += [(side, y + slope), (0.99 * side, y + 1.5 * slope)]
    side = wall(anatomy, y + 1.4 * slope) + 0.02
    before = [(side, y + 1.4 * slope), (0.9 * side, y + 2.1 * slope)]
    before += [(0.6 * side, y + 2.9 * slope), (0.36 * side, y + 3.2 * slope)]
    return behind + before


def _mirror(points: Points, side: float) -> list[tuple[float, float]]:
    return [(side * x, y) for x, y in points]


def _draw_tubes(canvas: Canvas, lines: Sequence[Points], width: float) -> Layer:
    """Hollow bones: the rim is denser than the middle."""
    whole = canvas.strokes(lines, width, 0.005)
    marrow = canvas.strokes(lines, 0.6 * width, 0.006)
    return whole - 0.35 * marrow


def _draw_spine(canvas: Canvas, anatomy: Anatomy) -> Layer:
    levels = np.arange(-1.2, 1.3, 0.115)
    bend = anatomy.spine_bend * np.sin(np.pi * (levels + 1) / 2)
    column = [(float(x), float(y)) for x, y in zip(bend, levels, strict=True)]
    discs = [[(x - 0.09, y), (x + 0.09, y)] for x, y in column]
    bodies = canvas.strokes([column], 0.17, 0.015)
    return 0.16 * bodies - 0.05 * canvas.strokes(discs, 0.022, 0.008)


def draw_vessels(canvas: Canvas, rng: np.random.Generator) -> Layer:
    """Branching vessels that thin out from the lung roots."""
    trees: dict[float, list[Points]] = {0.030: [], 0.018: [], 0.010: []}
    for side in SIDES:
        for heading in np.linspace(-1.35, 1.45, 9) + rng.normal(0, 0.12, 9):
            _grow_vessel(trees, side, float(heading), rng)
    vessels = canvas.noise(rng, 0.03) * 0.012
    for width, lines in trees.items():
        vessels += 0.07 * canvas.strokes(lines, width, 0.006)
    for side in SIDES:
        root = blob(rng, (side * 0.19, -0.04), 0.07)
        vessels += 0.16 * canvas.fill(root, 0.03)
    return vessels


def _grow_vessel(
    trees: dict[float, list[Points]],
    side: float,
    heading: float,
    rng: np.random.Generator,
) -> None:
    """Add one vessel and its twigs to `trees`, the lines of each width."""
    widths = list(trees)
    at = np.array([side * 0.19, -0.06]) + rng.normal(0, 0.03, 2)
    for generation, width in enumerate(widths):
        line = [at]
        for _ in range(4):
            heading += rng.normal(0, 0.14)
            length = 0.055 if generation else 0.035
            at = at + length * np.array([side * np.cos(heading), np.sin(heading)])
            line.append(at)
            if generation and rng.random() < 0.5:
                fork = heading + rng.choice([-0.6, 0.6])
                tip = at + 0.12 * np.array([side * np.cos(fork), np.sin(fork)])
                trees[widths[-1]].append(np.array([at, tip]))
        trees[width].append(np.array(line))


def blob(
    rng: np.random.Generator, centre: tuple[float, float], radius: float
) -> list[tuple[float, float]]:
    """An irregular closed outline around a centre."""
    angles = np.linspace(0, 2 * np.pi, 10, endpoint=False)
    radii = radius * rng.uniform(0.65, 1.3, angles.size)
    x, y = centre[0] + radii * np.cos(angles), centre[1] + radii * np.sin(angles)
    return smooth(list(zip(x.tolist(), y.tolist(), strict=True)), closed=True)
