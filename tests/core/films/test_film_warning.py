"""Warnings that know what mends a film, and the mending."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from core.films.film_warning import MENDS, FilmWarning, is_grave, mended
from core.films.pixels import FilmFacts, Radiograph
from core.films.radiograph import radiograph_from_array

LEVELS = np.arange(6, dtype=np.uint8).reshape(2, 3)


def film(pixels: np.ndarray, low: float = 0, high: float = 255) -> Radiograph:
    facts = FilmFacts("PNG", pixels.shape[1], pixels.shape[0], 8, "grey", 0)
    return Radiograph(pixels, low, high, Path("film"), facts, ("Small.",))


@pytest.mark.parametrize(
    ("mend", "expected"),
    [
        ("rotate 90", [[3, 0], [4, 1], [5, 2]]),
        ("rotate 180", [[5, 4, 3], [2, 1, 0]]),
        ("rotate 270", [[2, 5], [1, 4], [0, 3]]),
        ("flip", [[3, 4, 5], [0, 1, 2]]),
        ("invert", [[255, 254, 253], [252, 251, 250]]),
    ],
)
def test_a_mend_does_what_it_says(mend: str, expected: list[list[int]]) -> None:
    before = film(LEVELS)
    found = mended(before, mend)
    np.testing.assert_array_equal(found.pixels, expected)
    assert (found.facts.height, found.facts.width) == found.pixels.shape
    assert found.pixels.flags.c_contiguous
    assert found.warnings == ("Small.", MENDS[mend])
    np.testing.assert_array_equal(before.pixels, LEVELS)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_an_inverted_film_shows_the_negative_of_its_window(dtype: type) -> None:
    pixels = np.array([[0, 90, 150, 210, 250]], dtype)
    before = film(pixels, 90, 210)
    negative = 255 - before.to_uint8().astype(int)
    # Halves are rounded to even levels, before and after.
    assert np.abs(mended(before, "invert").to_uint8() - negative).max() <= 1
    twice = mended(mended(before, "invert"), "invert")
    np.testing.assert_array_equal(twice.to_uint8(), before.to_uint8())


def test_there_is_no_other_mend() -> None:
    with pytest.raises(ValueError, match="Received: 'crop'"):
        mended(film(LEVELS), "crop")


def test_a_warning_is_its_sentence_and_keeps_what_it_knows() -> None:
    warning = FilmWarning("It is inverted.", mend="invert")
    assert warning == "It is inverted."
    again = pickle.loads(pickle.dumps(warning))  # noqa: S301 - our own
    assert (again, again.mend, again.is_grave) == (warning, "invert", True)
    assert is_grave(warning)
    assert not is_grave("It is inverted.")
    assert not is_grave(FilmWarning("Two pages.", is_grave=False))


@pytest.mark.parametrize(
    "pixels", [np.zeros((40, 120), np.uint8), np.full((200, 200), 90, np.uint8)]
)
def test_a_very_small_or_flat_film_allows_no_confident_word(pixels: np.ndarray) -> None:
    assert any(map(is_grave, radiograph_from_array(pixels).warnings))
