"""The windows that bring out a tissue, on a film drawn for it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from core.films.pixels import FilmFacts, Radiograph
from desktop.film.actions import TISSUES, tissue_window
from desktop.film.pyramid import FilmPyramid, build_pyramid
from tests.phantoms import draw_phantom


def pyramid(scale: float = 1.0, offset: float = 0.0) -> FilmPyramid:
    pixels = draw_phantom("normal", seed=31, size=512)
    values = (pixels * np.float32(scale) + np.float32(offset)).astype(np.float32)
    facts = FilmFacts("DICOM", 512, 512, 16, "grey", 1)
    high = 255 * scale + offset
    return build_pyramid(Radiograph(values, offset, high, Path("f.dcm"), facts))


def test_lung_is_the_dark_part_and_bone_the_bright_one() -> None:
    film = pyramid()
    lung, bone, soft = (tissue_window(film, name) for name in TISSUES)
    assert lung.low < soft.low < bone.low
    assert lung.high < soft.high < bone.high
    for window in (lung, bone, soft):
        assert window.high - window.low < film.high - film.low


@pytest.mark.slow
def test_the_windows_go_with_the_scale_of_the_film() -> None:
    for name in TISSUES:
        plain, scaled = (
            tissue_window(pyramid(), name),
            tissue_window(pyramid(8, 500), name),
        )
        assert scaled.low == pytest.approx(8 * plain.low + 500, abs=1)
        assert scaled.high == pytest.approx(8 * plain.high + 500, abs=1)


def test_a_film_without_any_contrast_has_a_window_still() -> None:
    facts = FilmFacts("PNG", 8, 8, 8, "grey", 1)
    film = Radiograph(np.zeros((8, 8), np.uint8), 0, 255, Path("f.png"), facts)
    window = tissue_window(build_pyramid(film), "Lung")
    assert (window.low, window.high) == (0, 0)


def test_a_film_in_a_reduced_copy_has_the_same_windows() -> None:
    film = dataclasses.replace(pyramid())
    for name in TISSUES:
        assert tissue_window(film.reduced(1), name) == tissue_window(film, name)
