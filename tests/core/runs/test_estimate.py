from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from core.model.bundle import ModelBundle
from core.runs.config import TrainingConfig
from core.runs.estimate import (
    Speeds,
    earlier_minutes,
    keep_speeds,
    minutes_of,
    read_speeds,
)
from core.runs.run import Run
from tests.finished_run import make_finished_run, write_films

FILMS = {"train": 600, "val": 100, "test": 100}
SPEEDS = Speeds("densenet121", 224, read_s=0.02, first_s=30, film_s=0.06, step_s=0.24)


def minutes(**settings: object) -> float:
    config = msgspec.structs.replace(TrainingConfig(), **settings)
    return sum(minutes_of(config, FILMS, SPEEDS).values())


def test_minutes_follow_from_the_seconds_of_films_and_steps() -> None:
    parts = minutes_of(
        TrainingConfig(epochs=2, head_epochs=5, feature_copies=0), FILMS, SPEEDS
    )
    assert parts["reading"] == pytest.approx(800 * 0.02 / 60)
    assert parts["features"] == pytest.approx(700 * 0.06 / 60)
    tuning = 30 + 2 * (600 * 0.24 + 100 * 0.06)
    assert parts["fine-tuning"] == pytest.approx(tuning / 60)


def test_other_networks_and_sizes_are_reckoned_by_their_work() -> None:
    once = {"epochs": 0, "feature_copies": 0}
    vgg = minutes(backbone="vgg16", **once)
    assert minutes(**once) < minutes(size=320, **once) < vgg
    parts = minutes_of(TrainingConfig(backbone="vgg16"), FILMS, SPEEDS)
    same = minutes_of(TrainingConfig(), FILMS, SPEEDS)
    assert parts["features"] / same["features"] == pytest.approx(15.35 / 2.83)


def test_speeds_are_kept_for_the_next_window() -> None:
    assert read_speeds() is None
    keep_speeds(SPEEDS)
    assert read_speeds() == SPEEDS


@pytest.fixture
def run(tiny_bundle: ModelBundle, tmp_path: Path) -> Run:
    return make_finished_run(tiny_bundle, write_films(tmp_path / "films"))


def test_runs_of_the_same_settings_tell_how_long_one_takes(run: Run) -> None:
    config = run.record.config
    assert earlier_minutes(config, 18) is None  # it is not known when it ran
    run.times.path.write_text(json.dumps({"parts": [[0.0, 540.0]]}))
    assert earlier_minutes(config, 18) == pytest.approx(9.0)
    assert earlier_minutes(config, 36) == pytest.approx(18.0)
    named = msgspec.structs.replace(config, name="Another")
    assert earlier_minutes(named, 18) == pytest.approx(9.0)
    other = msgspec.structs.replace(config, epochs=config.epochs + 1)
    assert earlier_minutes(other, 18) is None
