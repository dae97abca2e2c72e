"""Copies are found however they were changed; other films are left alone."""

from __future__ import annotations

import numpy as np
import pytest

from core.copies import similar_pairs
from core.fingerprints import SIDE, fingerprint
from tests.phantoms import draw_phantom
from tests.planted import CHANGES, Film, cropped, flipped, resized, rotated


@pytest.fixture(scope="module")
def films() -> list[Film]:
    return [draw_phantom("normal", seed, size=256) for seed in range(24)]


def prints_of(films: list[Film]) -> np.ndarray:
    return np.stack([fingerprint(film) for film in films])


@pytest.mark.parametrize("change", [*CHANGES.values(), resized])
def test_changed_copy_is_found(films: list[Film], change: object) -> None:
    rng = np.random.default_rng(3)
    copies = [change(films[row], rng) for row in (2, 7, 11)]
    pairs = similar_pairs(prints_of([*films, *copies]))
    assert [(p.first, p.second) for p in pairs] == [(2, 24), (7, 25), (11, 26)]


def test_different_films_are_no_copies(films: list[Film]) -> None:
    assert similar_pairs(prints_of(films)) == []


def test_equal_films_are_paired_with_the_first_of_them(films: list[Film]) -> None:
    pairs = similar_pairs(prints_of([films[0], films[1], films[0], films[0]]))
    assert [(p.first, p.second, p.how) for p in pairs] == [
        (0, 2, "the same picture"),
        (0, 3, "the same picture"),
    ]


def test_pair_says_what_was_done(films: list[Film]) -> None:
    rng = np.random.default_rng(1)
    mirrored = flipped(films[3], rng)
    part = cropped(films[5], rng)
    mirrored_pair, part_pair = similar_pairs(prints_of([*films, mirrored, part]))
    assert mirrored_pair.how == "mirrored"
    assert part_pair.how.startswith("cropped to 9")


def test_rotation_is_told_in_degrees(films: list[Film]) -> None:
    class Ten(np.random.Generator):
        def uniform(self, *args: float) -> float:
            return 10.0

    turned = rotated(films[4], Ten(np.random.PCG64()))
    (pair,) = similar_pairs(prints_of([*films, turned]))
    assert pair.how == "rotated by 10 degrees"


def test_many_copies_of_one_film_do_not_hide_each_other(films: list[Film]) -> None:
    rng = np.random.default_rng(2)
    copies = [
        np.clip(films[0] + rng.normal(0, 3, (256, 256)), 0, 255) for _ in range(30)
    ]
    pairs = similar_pairs(prints_of([*films, *(c.astype(np.uint8) for c in copies)]))
    linked = {0}
    for _ in range(30):
        linked |= {p.second for p in pairs if p.first in linked}
        linked |= {p.first for p in pairs if p.second in linked}
    assert linked == {0, *range(24, 54)}


def test_blank_films_are_not_alike() -> None:
    blank = np.zeros((3, SIDE * SIDE), np.uint8)
    blank[2] = 90
    assert similar_pairs(blank) == []


@pytest.mark.parametrize("count", [0, 1])
def test_one_film_has_no_copies(films: list[Film], count: int) -> None:
    assert similar_pairs(prints_of(films)[:count]) == []


def test_progress_grows_to_all_of_it(films: list[Film]) -> None:
    told: list[float] = []
    similar_pairs(prints_of(films), told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_fingerprint_does_not_change_the_film(films: list[Film]) -> None:
    film = films[0].copy()
    fingerprint(film)[:] = 0
    assert (film == films[0]).all()
    square = film[:SIDE, :SIDE].copy()
    fingerprint(square)[:] = 0
    assert (square == film[:SIDE, :SIDE]).all()
