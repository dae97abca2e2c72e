"""Drawn films on which a quick run proves that an experiment works.

They show ribs and two lungs with patches in both (covid), one dense focus (pneumonia)
or none (normal). Nothing about disease can be learned from them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from core.data.dataset import COLUMNS
from core.files import atomic_write, write_csv

LABELS: Final = ("covid", "normal", "pneumonia")
_SIDE: Final = 128
#: Of each label; each source then holds enough of them to be left out.
_EACH: Final = 24


def write_phantoms(folder: Path) -> Path:
    """Draw the films, of two sources, and list them; the manifest.

    Raises:
        OutputError: They cannot be written.
    """
    rows: list[list[str]] = []
    for label in LABELS:
        for number in range(_EACH):
            file = f"{label}/{label}-{number + 1:02d}.png"
            rng = np.random.default_rng([LABELS.index(label), number])
            _, png = cv2.imencode(".png", _draw(label, rng))
            with atomic_write(folder / file) as partial:
                partial.write_bytes(png.tobytes())
            source = f"phantom-{'ab'[number % 2]}"
            row = {"file": file, "label": label, "source": source, "view": "PA"}
            row["patient"] = f"{label}-{number + 1}"
            rows.append([row.get(column, "") for column in COLUMNS])
    manifest = folder / "films.csv"
    write_csv(manifest, [COLUMNS, *rows])
    return manifest


def _draw(label: str, rng: np.random.Generator) -> NDArray[np.uint8]:
    side = _SIDE
    film = np.full((side, side), 20.0, np.float32)
    middle, top = side * (0.5 + rng.uniform(-0.04, 0.04)), side * rng.uniform(0.46, 0.5)
    _blob(film, (middle, side * 0.55), (side * 0.44, side * 0.6), 150)
    size = side * rng.uniform(0.13, 0.17), side * rng.uniform(0.28, 0.34)
    lungs = [(middle + turn * side * 0.2, top) for turn in (-1, 1)]
    for lung in lungs:
        _blob(film, lung, size, -105)
    _blob(film, (middle + side * 0.06, side * 0.62), (side * 0.13, side * 0.15), 60)
    # Vessels and grain, another pattern on every film, so that no two are copies.
    for _ in range(60):
        lung = lungs[int(rng.integers(2))]
        start = np.array(lung) + rng.uniform(-0.8, 0.8, 2) * size
        end = start + rng.normal(0, side * 0.07, 2)
        points = [tuple(map(int, point)) for point in (start, end)]
        cv2.line(film, *points, float(rng.uniform(70, 110)), 1, cv2.LINE_AA)
    for rib in range(6):
        height = top + (rib - 2.5) * side * rng.uniform(0.09, 0.11)
        for x, _ in lungs:
            bow = (int(x), int(height)), (int(size[0] * 1.2), int(side * 0.06))
            cv2.ellipse(film, *bow, 0, 180, 360, 120.0, 2, cv2.LINE_AA)
    count = {"covid": 5, "pneumonia": 1, "normal": 0}[label]
    for patch in range(count):
        x, y = lungs[patch % 2] if count > 1 else lungs[int(rng.integers(2))]
        place = x + rng.uniform(-0.4, 0.4) * size[0], y + rng.uniform(0, 0.7) * size[1]
        radius = side * (0.05 if count > 1 else 0.09)
        _blob(film, place, (radius, radius), 45 if count > 1 else 90)
    film = cv2.GaussianBlur(film, (0, 0), 0.8) + rng.normal(0, 5, film.shape)
    return np.clip(film * rng.uniform(0.85, 1.1), 0, 255).astype(np.uint8)


def _blob(
    film: NDArray[np.float32],
    centre: tuple[float, float],
    size: tuple[float, float],
    density: float,
) -> None:
    """Add an ellipse with soft edges; `size` holds its half axes."""
    y, x = np.mgrid[: film.shape[0], : film.shape[1]]
    far = np.hypot((x - centre[0]) / size[0], (y - centre[1]) / size[1])
    film += density / (1 + np.exp((far - 1) * 12))
