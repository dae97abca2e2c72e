"""Telling labels apart without looking at lungs."""

from __future__ import annotations

import numpy as np
import pytest

from core.audit.shortcuts import (
    Trial,
    comparable_sources,
    frame_probe,
    metadata_probe,
)
from core.data.fingerprints import SIDE
from core.films.radiograph import FilmFacts
from core.records import to_json

N = 90
LABELS = ["covid"] * (N // 3) + ["normal"] * (N // 3) + ["pneumonia"] * (N // 3)
GROUPS = np.arange(N, dtype=np.int32)


def trial() -> Trial:
    made = Trial.of(LABELS, GROUPS, seed=1)
    assert made is not None
    return made


def facts(width: int, kind: str = "PNG") -> FilmFacts:
    return FilmFacts(kind, width, 1000, 8, "grey", 300_000)


def noise(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.integers(60, 180, (N, SIDE, SIDE)).astype(np.uint8)


@pytest.mark.slow
def test_file_that_gives_the_label_away_is_red() -> None:
    files = [facts(1000, "PNG" if label == "covid" else "JPEG") for label in LABELS]
    probe = metadata_probe(files, trial())
    assert probe.is_red
    assert probe.worst_auc > 0.99
    assert "covid" in probe.worst
    assert probe.auc_ci[0] <= probe.auc <= probe.auc_ci[1]
    assert "alone tells covid from" in probe.sentence or "from covid" in probe.sentence


@pytest.mark.slow
def test_files_of_one_kind_are_at_chance() -> None:
    rng = np.random.default_rng(1)
    files = [facts(int(width)) for width in rng.integers(900, 1100, N)]
    probe = metadata_probe(files, trial())
    assert not probe.is_red
    assert abs(probe.auc - 0.5) < 0.15
    assert abs(probe.chance - 0.5) < 0.15


def test_mark_on_the_rim_is_red_and_one_in_the_lungs_is_not() -> None:
    on_rim, in_lungs = noise(1), noise(1)
    covid = np.array(LABELS) == "covid"
    on_rim[covid, :6, :20] = 255
    in_lungs[covid, 25:40, 25:40] = 255
    rim, lungs = (
        frame_probe(films.reshape(N, -1), trial()) for films in (on_rim, in_lungs)
    )
    assert rim.is_red
    assert not lungs.is_red


def test_two_films_of_a_label_cannot_be_measured() -> None:
    labels = ["covid", "covid", "normal", "normal"]
    assert Trial.of(labels, GROUPS[:4], seed=1) is None


def test_many_films_of_two_patients_cannot_be_measured() -> None:
    assert Trial.of(LABELS, GROUPS % 2, seed=1) is None


@pytest.mark.slow
def test_probe_becomes_json() -> None:
    probe = metadata_probe([facts(1000)] * N, trial())
    fields = to_json(probe)
    assert {"auc", "auc_ci", "chance", "sentence", "is_red"} <= set(fields)


def test_label_of_too_few_patients_is_left_out() -> None:
    groups = np.where(np.array(LABELS) == "covid", 0, GROUPS)
    made = Trial.of(LABELS, groups, seed=1)
    assert made is not None
    assert made.names == ("normal", "pneumonia")
    assert len(made.rows) == 2 * N // 3


@pytest.mark.slow
def test_probe_says_how_far_it_is() -> None:
    shares: list[float] = []
    metadata_probe([facts(1000)] * N, trial(), shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_sources_with_two_labels_can_be_compared() -> None:
    sources = {
        "a": {"covid": 5, "normal": 5},
        "b": {"covid": 5, "normal": 4},
        "": {"covid": 5, "normal": 5},
    }
    assert comparable_sources(sources) == {"a": ["covid", "normal"]}
