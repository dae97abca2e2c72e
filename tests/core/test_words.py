"""Probabilities as people read them, beside operating points above all."""

from __future__ import annotations

import random

import pytest

from core.words import exact_percent, films, in_sentence, percent


def test_films_are_counted_in_singular_and_plural() -> None:
    said = [films(1), films(2000), films(1, "independent"), films(0, "independent")]
    assert said == [
        "1 film",
        "2,000 films",
        "1 independent film",
        "0 independent films",
    ]


@pytest.mark.parametrize(
    ("probability", "point", "said"),
    [
        (0.74, None, "74 %"),
        (0.7449, 0.745, "74 %"),
        (0.745, 0.745, "74.5 %"),
        (0.748, 0.75, "74.8 %"),
        (0.75, 0.75, "75 %"),
        (0.005, 0.5, "under 1 %"),
        (0.999, 0.5, "over 99 %"),
        (0.993, 0.995, "99.3 %"),
        (1.0, None, "100 %"),
        (0.99996, 0.995, "99.996 %"),
        (0.9996, 0.991, "99.96 %"),
        (0.0001, 0.005, "0.01 %"),
    ],
)
def test_a_probability_reads(
    probability: float, point: float | None, said: str
) -> None:
    assert percent(probability, point) == said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Pneumonia", "pneumonia"),
        ("Atypical COVID-19", "atypical COVID-19"),
        ("COVID-19", "COVID-19"),
        ("X-ray sign", "X-ray sign"),
        ("Übel", "übel"),
    ],
)
def test_a_name_within_a_sentence_is_small_unless_it_is_an_abbreviation(
    name: str, said: str
) -> None:
    assert in_sentence(name) == said


def test_a_film_and_its_point_compare_as_the_numbers_do() -> None:
    draw = random.Random(1)
    for _ in range(5000):
        point = round(draw.uniform(0.02, 0.98), draw.choice((2, 3, 5)))
        near = point + draw.uniform(-1, 1) * 10 ** -draw.randint(1, 7)
        probability = min(0.99, max(0.01, near))
        shown = float(percent(probability, point).removesuffix(" %"))
        mark = float(exact_percent(point).removesuffix(" %"))
        assert (shown >= mark) == (probability >= point), (probability, point)


def test_a_point_keeps_the_decimals_it_has() -> None:
    points = (0.745, 0.5, 0.70123, 1.0)
    shown = ["74.5 %", "50 %", "70.123 %", "100 %"]
    assert [exact_percent(point) for point in points] == shown
