"""A set of films with copies and shared patients planted in it, to be found again."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Film = NDArray[np.uint8]

SPLITS = ("train", "val", "test")


def rotated(film: Film, rng: np.random.Generator) -> Film:
    """To 15 degrees either way; the corners turn black."""
    height, width = film.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), rng.uniform(-15, 15), 1)
    return np.asarray(cv2.warpAffine(film, turn, (width, height)), np.uint8)


def flipped(film: Film, rng: np.random.Generator) -> Film:
    return np.ascontiguousarray(film[:, ::-1])


def cropped(film: Film, rng: np.random.Generator) -> Film:
    """To 90 % of each side, anywhere."""
    height, width = (round(0.9 * side) for side in film.shape)
    top = rng.integers(0, film.shape[0] - height + 1)
    left = rng.integers(0, film.shape[1] - width + 1)
    return np.ascontiguousarray(film[top : top + height, left : left + width])


def recompressed(film: Film, rng: np.random.Generator) -> Film:
    """As JPEG of quality 50."""
    encoded = cv2.imencode(".jpg", film, [cv2.IMWRITE_JPEG_QUALITY, 50])[1]
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE), np.uint8)


def brightened(film: Film, rng: np.random.Generator) -> Film:
    """To a fifth more or less contrast, and to 30 levels brighter or darker."""
    levels = film * rng.uniform(0.8, 1.2) + rng.uniform(-30, 30)
    return np.clip(levels, 0, 255).astype(np.uint8)


def resized(film: Film, rng: np.random.Generator) -> Film:
    """To a square of a third of the size, so that the aspect is lost too."""
    side = round(min(film.shape) * 0.33)
    small = cv2.resize(film, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


CHANGES: dict[str, Callable[[Film, np.random.Generator], Film]] = {
    "rotated": rotated,
    "flipped": flipped,
    "cropped": cropped,
    "recompressed": recompressed,
    "brightened": brightened,
}


@dataclasses.dataclass(frozen=True, eq=False)
class PlantedFilm:
    """A film of the set.

    Attributes:
        origin: Row of the film it is a copy of; its own row if it is none.
        change: "", "duplicate", or what `CHANGES` did.
        patient: Set for the films of shared patients only.
    """

    pixels: Film
    origin: int
    change: str
    patient: str
    split: str


def planted(
    films: Sequence[Film],
    *,
    duplicates: int,
    copies: int,
    patients: int,
    seed: int = 0,
) -> list[PlantedFilm]:
    """Add copies to distinct films, each in another split than its original.

    Args:
        films: Distinct ones; `duplicates + copies` of them get a copy each, and
            two of each of `patients` times two further ones share a patient.
        duplicates: Copies without any change.
        copies: Copies with one of `CHANGES` each, in turns.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(films)).tolist()
    sources = [order.pop() for _ in range(duplicates + copies)]
    shared = {order.pop(): f"P{i // 2:03d}" for i in range(2 * patients)}
    split = {row: SPLITS[i % 3] for i, row in enumerate([*sources, *shared, *order])}
    made = [
        PlantedFilm(film, row, "", shared.get(row, ""), split[row])
        for row, film in enumerate(films)
    ]
    for number, row in enumerate(sources):
        change = "duplicate"
        pixels = films[row]
        if number >= duplicates:
            change = list(CHANGES)[(number - duplicates) % len(CHANGES)]
            pixels = CHANGES[change](pixels, rng)
        elsewhere = SPLITS[(SPLITS.index(split[row]) + 1) % 3]
        made.append(PlantedFilm(pixels, row, change, "", elsewhere))
    return made
