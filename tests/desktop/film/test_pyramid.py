from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PyQt5.QtCore import QRect
from PyQt5.QtGui import QColor, QImage, QPainter

from core.films.radiograph import FilmFacts, Radiograph
from core.model.gradcam import colour_table, overlay
from desktop.film.pyramid import (
    build_pyramid,
    heat_image,
    picture_image,
    render_patch,
    thumbnail,
    window_table,
)


def radiograph(pixels: NDArray, low: float, high: float) -> Radiograph:
    height, width = pixels.shape
    facts = FilmFacts("PNG", width, height, 8 * pixels.itemsize, "grey", 1)
    return Radiograph(pixels, low, high, Path("film.png"), facts)


def grey_of(image: QImage) -> NDArray[np.uint8]:
    return np.array(
        [
            [QColor(image.pixel(x, y)).red() for x in range(image.width())]
            for y in range(image.height())
        ],
        np.uint8,
    )


def test_sixteen_bit_levels_are_told_apart_in_a_narrow_window() -> None:
    pixels = np.array([[30000, 30001, 30002, 30003]], np.uint16)
    pyramid = build_pyramid(radiograph(pixels, 0, 65535))
    table = window_table(pyramid, 30000, 30003, inverted=False)
    assert table[pixels].tolist() == [[0, 85, 170, 255]]


def test_the_default_window_shows_what_the_core_shows() -> None:
    pixels = np.random.default_rng(0).integers(0, 4096, (40, 30)).astype(np.uint16)
    film = radiograph(pixels, 100, 3900)
    pyramid = build_pyramid(film)
    table = window_table(pyramid, pyramid.low, pyramid.high, inverted=False)
    assert np.abs(table[pixels].astype(int) - film.to_uint8()).max() <= 1


def test_inverting_mirrors_the_shades() -> None:
    pyramid = build_pyramid(radiograph(np.zeros((4, 4), np.uint8), 0, 255))
    straight = window_table(pyramid, 10, 200, inverted=False)
    turned = window_table(pyramid, 10, 200, inverted=True)
    assert (straight.astype(int) + turned == 255).all()


def test_float_films_keep_fine_steps_inside_their_window_despite_outliers() -> None:
    ramp = np.linspace(0.0, 1.0, 1000, dtype=np.float32).reshape(1, -1)
    ramp[0, 0], ramp[0, -1] = -1e9, 1e9
    pyramid = build_pyramid(radiograph(ramp, 0.0, 1.0))
    table = window_table(pyramid, 0.0, 1.0, inverted=False)
    shades = table[pyramid.levels[0]]
    assert np.abs(shades[0, 1:-1] - 255 * ramp[0, 1:-1]).max() <= 0.6


def test_not_a_number_is_shown_black() -> None:
    pixels = np.array([[np.nan, 0.0, 1.0]], np.float32)
    pyramid = build_pyramid(radiograph(pixels, 0.0, 1.0))
    table = window_table(pyramid, 0.0, 1.0, inverted=False)
    assert table[pyramid.levels[0]].tolist() == [[0, 0, 255]]


def test_each_level_holds_the_means_of_the_one_before() -> None:
    pixels = np.random.default_rng(1).integers(0, 65536, (601, 803)).astype(np.uint16)
    pyramid = build_pyramid(radiograph(pixels, 0, 65535))
    means = pixels[:600, :802].reshape(300, 2, 401, 2).mean((1, 3))
    assert pyramid.levels[1].shape == (300, 401)
    assert np.abs(pyramid.levels[1] - means).max() < 1.0


@pytest.mark.parametrize(("scale", "level"), [(2.0, 0), (1.0, 0), (0.6, 0), (0.5, 1)])
def test_the_level_has_at_least_the_resolution_of_the_screen(
    scale: float, level: int
) -> None:
    pyramid = build_pyramid(radiograph(np.zeros((2000, 2000), np.uint8), 0, 255))
    assert pyramid.level_for(scale) == level


def test_building_leaves_the_film_as_it_was() -> None:
    pixels = np.random.default_rng(2).integers(0, 255, (300, 300)).astype(np.uint8)
    before = pixels.copy()
    build_pyramid(radiograph(pixels, 0, 255))
    assert (pixels == before).all()


def test_a_patch_shows_its_part_and_no_more() -> None:
    pixels = np.arange(48, dtype=np.uint8).reshape(6, 8)
    pyramid = build_pyramid(radiograph(pixels, 0, 255))
    table = window_table(pyramid, 0, 255, inverted=False)
    patch = render_patch(pyramid, 0, QRect(5, 2, 99, 2), table)
    assert patch.area == QRect(5, 2, 3, 2)
    assert grey_of(patch.image).tolist() == pixels[2:4, 5:8].tolist()


def test_the_heat_map_on_screen_is_the_one_in_saved_pictures() -> None:
    rng = np.random.default_rng(3)
    grey = rng.integers(0, 256, (12, 16)).astype(np.uint8)
    heat = rng.random((12, 16), np.float32)
    screen = picture_image(np.repeat(grey[:, :, np.newaxis], 3, axis=2))
    screen = screen.convertToFormat(QImage.Format.Format_RGB32)
    painter = QPainter(screen)
    painter.setOpacity(0.6)
    painter.drawImage(0, 0, heat_image(heat, colour_table()))
    painter.end()
    expected = overlay(grey, heat, 0.6).astype(int)
    for y in range(12):
        for x in range(16):
            shown = QColor(screen.pixel(x, y)).getRgb()[:3]
            assert np.abs(np.array(shown) - expected[y, x]).max() <= 3


@pytest.mark.parametrize("width", [1, 5, 64])
def test_pictures_of_any_width_become_images_pixel_for_pixel(width: int) -> None:
    pixels = np.random.default_rng(4).integers(0, 256, (3, width)).astype(np.uint8)
    assert grey_of(picture_image(pixels)).tolist() == pixels.tolist()


def test_a_thumbnail_is_about_as_large_as_asked() -> None:
    pyramid = build_pyramid(radiograph(np.zeros((3000, 2000), np.uint16), 0, 65535))
    image = thumbnail(pyramid, 160)
    assert 160 <= image.height() < 320
