"""The range test of the learning rate, on real small trainings."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = [pytest.mark.training, pytest.mark.usefixtures("small_backbone")]

keras = pytest.importorskip("keras")

from core.data.dataset import Sample  # noqa: E402
from core.errors import TrainingError, TrainingStopped  # noqa: E402
from core.jobs.control import Control  # noqa: E402
from core.jobs.events import (  # noqa: E402
    JobSucceeded,
    Noted,
    StageStarted,
    TrainingEvent,
)
from core.runs.config import TrainingConfig, config_from_json  # noqa: E402
from core.runs.rate_test import RateTest, read_rate_test  # noqa: E402
from core.training import device  # noqa: E402
from core.training.checks import check_job  # noqa: E402
from core.training.trial import rate_finder  # noqa: E402
from core.training.trial.rate_finder import STEPS, find_rate  # noqa: E402
from tests.training_child import SMALL, Child  # noqa: E402


def small(**settings: object) -> TrainingConfig:
    return config_from_json({**SMALL, **settings})


def found(
    data: Path,
    folder: Path,
    setting: str = "rate",
    told: list[TrainingEvent] | None = None,
    **settings: object,
) -> RateTest:
    config = small(**settings)
    folder.mkdir()
    return find_rate(
        config,
        setting,  # type: ignore[arg-type]
        check_job(config, data),
        folder,
        report=(told if told is not None else []).append,
        control=Control(),
    )


@pytest.mark.parametrize(("setting", "least"), [("rate", 1e-6), ("head_rate", 1e-5)])
def test_a_network_learns_at_the_rate_that_is_suggested(
    phantoms: Path, tmp_path: Path, setting: str, least: float
) -> None:
    told: list[TrainingEvent] = []
    test = found(phantoms, tmp_path / "work", setting, told)
    assert test.setting == setting
    assert (test.batch, test.films) == (8, 18)
    assert len(test.rates) == len(test.losses) == len(test.smoothed) <= STEPS
    assert list(test.rates) == sorted(test.rates)
    # At first the rate is so low that nothing is learned, then the loss falls.
    assert min(test.smoothed) < 0.9 * test.smoothed[0]
    assert test.suggestion is not None
    assert least < test.suggestion < test.rates[test.smoothed.index(min(test.smoothed))]
    assert told[-1] == Noted(test.in_words())


def test_films_to_test_on_are_not_looked_at(
    phantoms: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Sample] = []
    read_films = rate_finder.read_films

    def spy(samples, *arguments, **options):
        read.extend(samples)
        return read_films(samples, *arguments, **options)

    monkeypatch.setattr(rate_finder, "read_films", spy)
    monkeypatch.setattr(rate_finder, "_MOST_TRAIN", 7)
    test = found(phantoms, tmp_path / "work", "head_rate")
    assert {sample.split for sample in read} == {"train", "val"}
    assert {s.label for s in read if s.split == "train"} == set(SMALL["labels"])
    assert test.films == 6  # two of each label: the shares stay


def test_films_without_splits_are_split_as_the_job_would(
    phantoms: Path, tmp_path: Path
) -> None:
    for row in csv.DictReader(phantoms.read_text("utf-8").splitlines()):
        folder = tmp_path / "films" / row["label"]
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(phantoms.parent / row["file"], folder)
    test = found(tmp_path / "films", tmp_path / "work", "head_rate", test=0.3)
    assert 9 <= test.films <= 18


def test_the_batch_is_one_that_fits(
    phantoms: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device, "available_memory", lambda: 0)
    monkeypatch.setattr(rate_finder, "_RATES", rate_finder._RATES[:3])
    assert found(phantoms, tmp_path / "work").batch == 1


def test_a_phase_that_is_left_out_has_no_rate(phantoms: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="leaves out the second phase") as caught:
        found(phantoms, tmp_path / "work", epochs=0)
    assert caught.value.hint


def test_the_command_writes_what_it_found(
    phantoms: Path, job: Path, tmp_path: Path, start: Callable[..., Child]
) -> None:
    out, file = tmp_path / "model", tmp_path / "rate.json"
    words = ["--data", phantoms, "--config", job, "--out", out, "--json", file]
    child = start(*words, "--find-rate", "--events")
    status, errors = child.finish()
    assert status == 0, errors
    assert child.events[-1] == JobSucceeded(str(file))
    assert read_rate_test(file).setting == "rate"
    stages = [e.stage for e in child.events if isinstance(e, StageStarted)]
    assert stages == ["start", "reading", "features", "head", "rate"]
    assert [path.name for path in tmp_path.iterdir()] == ["rate.json"]


def test_without_a_file_it_is_printed(
    phantoms: Path, job: Path, start: Callable[..., Child]
) -> None:
    words = ["--data", phantoms, "--config", job, "--find-rate", "head_rate"]
    child = start(*words)
    assert child.process.stdout is not None
    printed = child.process.stdout.read()
    status, errors = child.finish()
    assert status == 0, errors
    assert json.loads(printed)["setting"] == "head_rate"
    assert "the first phase" in errors


def test_it_can_be_stopped_at_any_step(phantoms: Path, tmp_path: Path) -> None:
    control = Control()

    def report(event: TrainingEvent) -> None:
        if isinstance(event, StageStarted) and event.stage == "rate":
            control._stop.set()

    (tmp_path / "work").mkdir()
    config = small()
    with pytest.raises(TrainingStopped):
        find_rate(
            *(config, "rate", check_job(config, phantoms), tmp_path / "work"),
            report=report,
            control=control,
        )


@pytest.mark.parametrize("other", ["--resume", "--dry-run"])
def test_it_does_nothing_else(
    phantoms: Path, tmp_path: Path, other: str, start: Callable[..., Child]
) -> None:
    words = ["--data", phantoms, "--out", tmp_path / "model", "--find-rate"]
    status, errors = start(*words, other).finish()
    assert status == 2
    assert "--find-rate tries learning rates" in errors or "--resume goes on" in errors
    assert list(tmp_path.iterdir()) == []
