"""A set of films with copies and shared patients planted in it, to be found again."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from core.data.fingerprints import fingerprint_of
from core.films.radiograph import radiograph_from_array

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


def stretched(film: Film, rng: np.random.Generator) -> Film:
    """To between 70 and 140 % of its width."""
    width = round(film.shape[1] * rng.choice([0.7, 0.8, 1.2, 1.4]))
    wide = cv2.resize(film, (width, film.shape[0]), interpolation=cv2.INTER_AREA)
    return np.asarray(wide, np.uint8)


def captioned(film: Film, rng: np.random.Generator) -> Film:
    """With letters burnt into a corner."""
    made = film.copy()
    size = film.shape[0] / 400
    at = (round(0.05 * film.shape[1]), round(rng.choice([0.1, 0.95]) * film.shape[0]))
    letters = f"AP {rng.integers(1000)} SITTING"
    cv2.putText(made, letters, at, cv2.FONT_HERSHEY_SIMPLEX, size, 255, round(3 * size))
    return made


def inverted(film: Film, rng: np.random.Generator) -> Film:
    """Black for white."""
    return 255 - film


def turned_left(film: Film, rng: np.random.Generator) -> Film:
    return np.ascontiguousarray(np.rot90(film))


def turned_right(film: Film, rng: np.random.Generator) -> Film:
    return np.ascontiguousarray(np.rot90(film, -1))


def half_turned(film: Film, rng: np.random.Generator) -> Film:
    return np.ascontiguousarray(film[::-1, ::-1])


def upside_down(film: Film, rng: np.random.Generator) -> Film:
    """Top for bottom, left and right as they were."""
    return np.ascontiguousarray(film[::-1])


def padded(film: Film, rng: np.random.Generator) -> Film:
    """With black on all sides, to a quarter of the side on each."""
    height, width = film.shape
    top, bottom = np.rint(rng.uniform(0.02, 0.25, 2) * height).astype(int)
    left, right = np.rint(rng.uniform(0.02, 0.25, 2) * width).astype(int)
    return np.pad(film, ((top, bottom), (left, right)))


def padded_white(film: Film, rng: np.random.Generator) -> Film:
    """To a square or, if it is one, half as wide again, with white on two sides."""
    height, width = film.shape
    side = max(height, width) if height != width else round(1.5 * height)
    high, wide = (side - height) // 2, (side - width) // 2
    high = high if height != width else 0
    return np.pad(film, ((high, high), (wide, wide)), constant_values=255)


#: One kind of change each.
CHANGES: dict[str, Callable[[Film, np.random.Generator], Film]] = {
    "resized": resized,
    "recompressed": recompressed,
    "flipped": flipped,
    "rotated": rotated,
    "cropped": cropped,
    "brightened": brightened,
    "stretched": stretched,
    "captioned": captioned,
    "inverted": inverted,
    "turned left": turned_left,
    "turned right": turned_right,
    "half turned": half_turned,
    "upside down": upside_down,
    "padded": padded,
    "padded white": padded_white,
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


def fingerprint(grey: Film) -> NDArray[np.uint8]:
    """Of a film that never was a file."""
    return fingerprint_of(radiograph_from_array(grey))
