"""Copies are found however they were changed; other films are left alone."""

from __future__ import annotations

import collections
import csv
import os
from pathlib import Path

import numpy as np
import pytest

from core.data.fingerprints import LENGTH
from core.data.near_duplicates import SimilarPair, similar_pairs
from core.films.radiograph import read_radiograph
from tests.phantoms import draw_phantom
from tests.planted import (
    CHANGES,
    Film,
    cropped,
    fingerprint,
    flipped,
    inverted,
    rotated,
)

REAL_FILMS = Path(
    os.environ.get(
        "HILUM_XRAY_DATA", Path(__file__).resolve().parents[2] / "shared" / "xray"
    )
)


@pytest.fixture(scope="module")
def films() -> list[Film]:
    return [draw_phantom("normal", seed, size=256) for seed in range(24)]


def prints_of(films: list[Film]) -> np.ndarray:
    return np.stack([fingerprint(film) for film in films])


def pair_of(films: list[Film], copy: Film) -> SimilarPair:
    (pair,) = similar_pairs(prints_of([*films, copy]))
    return pair


class Ten(np.random.Generator):
    """Draws nothing but ten."""

    def __init__(self) -> None:
        super().__init__(np.random.PCG64())

    def uniform(self, *args: float) -> float:
        return 10.0


@pytest.mark.slow
@pytest.mark.parametrize("name", CHANGES)
def test_changed_copy_is_found(films: list[Film], name: str) -> None:
    rng = np.random.default_rng(3)
    copies = [CHANGES[name](films[row], rng) for row in (2, 7, 11)]
    pairs = similar_pairs(prints_of([*films, *copies]))
    assert [(p.first, p.second) for p in pairs] == [(2, 24), (7, 25), (11, 26)]


def test_copy_changed_in_several_ways_is_found(films: list[Film]) -> None:
    rng = np.random.default_rng(3)
    made = films[4]
    for name in ("rotated", "inverted", "turned left", "padded", "brightened"):
        made = CHANGES[name](made, rng)
    pair = pair_of(films, made)
    assert (pair.first, pair.second) == (4, 24)
    assert "inverted" in pair.how


def test_different_films_are_no_copies(films: list[Film]) -> None:
    assert similar_pairs(prints_of(films)) == []


def test_different_films_are_no_copies_in_other_poses(films: list[Film]) -> None:
    rng = np.random.default_rng(0)
    changes = list(CHANGES.values())
    changed = [
        changes[row % len(changes)](inverted(flipped(film, rng), rng), rng)
        for row, film in enumerate(films[12:])
    ]
    assert similar_pairs(prints_of([*films[:12], *changed])) == []


def test_equal_films_are_paired_with_the_first_of_them(films: list[Film]) -> None:
    pairs = similar_pairs(prints_of([films[0], films[1], films[0], films[0]]))
    assert [(p.first, p.second, p.how) for p in pairs] == [
        (0, 2, "the same picture"),
        (0, 3, "the same picture"),
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("flipped", "mirrored"),
        ("inverted", "inverted"),
        ("turned left", "rotated by 90 degrees"),
        ("turned right", "rotated by 90 degrees"),
        ("half turned", "rotated by 180 degrees"),
        ("upside down", "upside down"),
        ("padded", "border added"),
        ("recompressed", "resized or compressed again"),
    ],
)
def test_pair_says_what_was_done(films: list[Film], name: str, how: str) -> None:
    copy = CHANGES[name](films[3], np.random.default_rng(1))
    assert pair_of(films, copy).how == how


def test_part_is_told_by_its_size(films: list[Film]) -> None:
    part = cropped(films[5], np.random.default_rng(1))
    assert pair_of(films, part).how.startswith("cropped to 9")


def test_rotation_is_told_in_degrees(films: list[Film]) -> None:
    turned = rotated(films[4], Ten())
    assert pair_of(films, turned).how == "rotated by 10 degrees"
    upside_down = np.ascontiguousarray(turned[::-1])
    assert pair_of(films, upside_down).how == "upside down, rotated by 10 degrees"


@pytest.mark.slow
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
    blank = np.zeros((3, LENGTH), np.uint8)
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


@pytest.mark.parametrize("share", [0.01, 0.31, 0.61])
def test_search_stops_when_asked(films: list[Film], share: float) -> None:
    class Stopped(Exception):
        pass

    def stop(done: float) -> None:
        if done >= share:
            raise Stopped

    copy = flipped(films[0], np.random.default_rng(0))
    with pytest.raises(Stopped):
        similar_pairs(prints_of([*films, copy]), stop)


def real_films(count: int) -> list[Film]:
    """Films of different groups."""
    with open(REAL_FILMS / "manifest.csv", encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["label"] != "covid"]
    group_of = {row["group"]: row for row in rows}
    every = sorted(group_of)
    chosen = np.random.default_rng(41).choice(len(every), count, replace=False)
    return [
        read_radiograph(REAL_FILMS / group_of[every[at]]["file"]).to_uint8()
        for at in chosen.tolist()
    ]


@pytest.mark.slow
@pytest.mark.skipif(
    not (REAL_FILMS / "manifest.csv").exists(), reason="no real films are here"
)
def test_copies_of_real_films_are_found_and_no_others() -> None:
    films = real_films(300)
    rng = np.random.default_rng(8)
    made = [(name, row) for row in range(6) for name in CHANGES]
    copies = [CHANGES[name](films[8 * row], rng) for name, row in made]
    pairs = similar_pairs(prints_of([*films, *copies]))
    origin = [*range(300), *(8 * row for _, row in made)]
    assert all(origin[pair.first] == origin[pair.second] for pair in pairs)
    linked = {row for pair in pairs for row in (pair.first, pair.second)}
    missed = collections.Counter(
        name for at, (name, _) in enumerate(made) if 300 + at not in linked
    )
    assert not missed
