"""Fingerprints: the film whole, and without its border."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.data.fingerprints import (
    LENGTH,
    SIDE,
    fingerprint_of,
    whole_films,
)
from core.films.radiograph import read_radiograph
from tests.phantoms import draw_phantom
from tests.planted import Film, fingerprint, padded, padded_white


@pytest.fixture(scope="module")
def film() -> Film:
    return draw_phantom("normal", 3, size=256)


def without_border(grey: Film) -> np.ndarray:
    return fingerprint(grey)[SIDE * SIDE :].astype(int)


def test_fingerprint_does_not_change_the_film(film: Film) -> None:
    before = film.copy()
    fingerprint(film)[:] = 0
    assert (film == before).all()
    square = film[:SIDE, :SIDE].copy()
    fingerprint(square)[:] = 0
    assert (square == film[:SIDE, :SIDE]).all()


@pytest.mark.parametrize("change", [padded, padded_white])
def test_even_border_is_cut_off(film: Film, change: object) -> None:
    inner = film[20:-20, 20:-20]  # so that no border is left of its own
    changed = change(inner, np.random.default_rng(2))
    # A border takes a line more than its own, so as to leave nothing of it.
    assert np.abs(without_border(changed) - without_border(inner)).mean() < 3
    whole = whole_films(fingerprint(changed)[np.newaxis])[0]
    assert np.abs(whole.ravel() - without_border(inner)).mean() > 20


def test_film_without_border_is_whole_in_both() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (90, 120)).astype(np.uint8)
    found = fingerprint(noise)
    assert found.shape == (LENGTH,)
    assert (found[: SIDE * SIDE] == found[SIDE * SIDE :]).all()


@pytest.mark.parametrize("level", [0, 90, 255])
def test_even_film_has_no_border(level: int) -> None:
    assert (fingerprint(np.full((80, 60), level, np.uint8)) == level).all()


@pytest.mark.parametrize("scale", [np.uint8(1), np.uint16(257)])
def test_fingerprint_of_a_file_is_that_of_its_grey_levels(
    film: Film, tmp_path: Path, scale: np.integer
) -> None:
    black = padded(film, np.random.default_rng(1))
    Image.fromarray(black * scale).save(tmp_path / "film.png")
    read = read_radiograph(tmp_path / "film.png")
    apart = fingerprint_of(read).astype(int) - fingerprint(black)
    assert np.abs(apart).max() <= 1
