"""From a decoded film to the network's input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.films.preprocess import PreprocessSpec, to_network_input
from core.films.radiograph import FilmFacts, Radiograph
from core.records import RecordError, convert, to_json
from tests.phantoms import draw_phantom

SMALL = PreprocessSpec(size=16)


def make_film(
    pixels: np.ndarray, low: float | None = None, high: float | None = None
) -> Radiograph:
    height, width = pixels.shape
    top = 1.0 if pixels.dtype == np.float32 else float(np.iinfo(pixels.dtype).max)
    return Radiograph(
        pixels=pixels,
        low=0.0 if low is None else low,
        high=top if high is None else high,
        path=Path("film.png"),
        facts=FilmFacts("PNG", width, height, 8, "grey", 0),
    )


def test_each_pixel_is_the_mean_of_the_area_it_covers() -> None:
    # Cells of 2 x 2 pixels, each with the values v, v, v + 2 and v + 4.
    base = np.arange(256, dtype=np.uint8).reshape(16, 16) // 2
    cell = np.array([[0, 0], [2, 4]], np.uint8)
    pixels = np.kron(base, np.ones((2, 2), np.uint8)) + np.tile(cell, (16, 16))
    given = to_network_input(make_film(pixels.astype(np.uint8)), SMALL)[0, :, :, 0]
    # OpenCV rounds 8-bit means (v + 1.5) to whole levels.
    assert np.abs(given - (base + 1.5)).max() <= 0.5


def test_means_of_16_bit_films_are_exact() -> None:
    base = np.arange(256, dtype=np.uint16).reshape(16, 16) * 200
    cell = np.array([[0, 0], [1, 1]], np.uint16)
    pixels = np.kron(base, np.ones((2, 2), np.uint16)) + np.tile(cell, (16, 16))
    given = to_network_input(make_film(pixels), SMALL)[0, :, :, 0]
    np.testing.assert_allclose(given, (base + 0.5) / 257, atol=1e-4)


def test_low_becomes_0_and_high_255_and_what_lies_outside_is_clipped() -> None:
    steps = np.array([500, 1000, 1500, 2000, 2500], np.uint16)
    row = np.repeat(steps, 16)[np.newaxis]
    film = make_film(np.repeat(row, 80, axis=0), low=1000, high=2000)
    given = to_network_input(film, PreprocessSpec(size=80))[0, 40, 8::16, 0]
    np.testing.assert_allclose(given, [0, 0, 127.5, 255, 255], atol=1e-3)


def test_film_of_16_bits_gives_what_it_gives_in_8() -> None:
    eight = draw_phantom("covid", seed=3, size=200)
    sixteen = eight.astype(np.uint16) * 257
    spec = PreprocessSpec(size=64)
    a = to_network_input(make_film(eight), spec)
    b = to_network_input(make_film(sixteen), spec)
    assert np.abs(a - b).max() <= 0.51  # half a level, of rounding in 8 bits


def test_film_of_floats_gives_what_it_gives_in_16_bits() -> None:
    sixteen = draw_phantom("normal", seed=4, size=200).astype(np.uint16) * 200 + 900
    shares = (sixteen.astype(np.float32) - 30_000) / 7
    a = to_network_input(make_film(sixteen, 5_000, 45_000), SMALL)
    b = to_network_input(make_film(shares, -25_000 / 7, 15_000 / 7), SMALL)
    np.testing.assert_allclose(a, b, atol=0.01)


def test_floats_at_the_limits_of_their_type_do_not_overflow() -> None:
    half = np.full((40, 20), 3e38, np.float32)
    film = make_film(np.hstack([-half, half]), -3e38, 3e38)
    given = to_network_input(film, SMALL)[0, :, :, 0]
    assert (given[:, :8] == 0).all()
    assert (given[:, 8:] == 255).all()


@pytest.mark.parametrize("shape", [(30, 40), (512, 300), (16, 16), (1, 999)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_input_is_one_square_of_floats_from_0_to_255(
    shape: tuple[int, int], dtype: type
) -> None:
    rng = np.random.default_rng(1)
    pixels = rng.uniform(-0.5, 1.5, shape)
    if dtype is not np.float32:
        pixels = pixels.clip(0, 1) * np.iinfo(dtype).max
    given = to_network_input(make_film(pixels.astype(dtype)), SMALL)
    assert given.shape == (1, 16, 16, 1)
    assert given.dtype == np.float32
    assert given.flags.c_contiguous
    assert given.min() >= 0
    assert given.max() <= 255
    assert given.std() > 1


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_film_is_not_modified(dtype: type) -> None:
    pixels = np.linspace(0, 1, 32 * 32).reshape(32, 32)
    scale = 1 if dtype is np.float32 else np.iinfo(dtype).max
    film = make_film((pixels * scale).astype(dtype), 0, scale)
    before = film.pixels.copy()
    given = to_network_input(film, PreprocessSpec(size=32))
    given[:] = -1
    np.testing.assert_array_equal(film.pixels, before)


def test_film_without_contrast_is_black_rather_than_an_error() -> None:
    film = make_film(np.full((20, 20), 7, np.uint8), low=7, high=7)
    assert not to_network_input(film, SMALL).any()


def test_fine_texture_is_averaged_out() -> None:
    checks = (np.indices((320, 320)).sum(axis=0) % 2 * 255).astype(np.uint8)
    given = to_network_input(make_film(checks), SMALL)
    np.testing.assert_allclose(given, 127.5, atol=0.51)


def test_whole_film_fills_the_square_whatever_its_shape() -> None:
    pixels = np.zeros((40, 160), np.uint8)
    pixels[:, -40:] = 255
    given = to_network_input(make_film(pixels), SMALL)[0, :, :, 0]
    assert (given[:, :12] == 0).all()
    assert (given[:, 12:] == 255).all()


def test_spec_comes_back_from_its_card_entry() -> None:
    spec = PreprocessSpec(size=96)
    assert convert(to_json(spec), PreprocessSpec) == spec


@pytest.mark.parametrize(
    "change",
    [
        {"size": 15},
        {"size": 2049},
        {"size": 64.5},
        {"size": "64"},
        {"size": None},
        {"geometry": "crop"},
        {"intensity": "none"},
        {"colour": "RGB"},
    ],
)
def test_card_entry_that_cannot_be_met_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(RecordError, match=next(iter(change))):
        convert({**to_json(SMALL), **change}, PreprocessSpec)
