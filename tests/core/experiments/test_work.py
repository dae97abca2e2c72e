"""Experiments carried out on drawn films: killed, resumed, measured, written up."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from core.__main__ import main
from core.experiments.record import list_experiments, read_answered
from core.jobs.events import JobSucceeded, StageStarted
from core.model.bundle import EVALUATION, read_bundle
from core.runs.run import FINISHED
from core.runs.store import read_run
from tests.phantoms import write_phantom_set
from tests.training_child import Child, write_job

pytestmark = [pytest.mark.training, pytest.mark.slow]

Start = Callable[..., Child]
NAME = "leave-one-source-out"


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, int]]:
    """An experiment that was killed on the way, and when its first runs were made."""
    out = tmp_path_factory.mktemp("experiments") / "mine"
    words = (NAME, "--quick", "--out", out, "--events")
    first = Child(*words, command="experiment")
    try:
        while True:  # until the last training begins
            event = first.until(StageStarted, stage="head")
            assert isinstance(event, StageStarted)
            if "seed 2021, without phantom-b" in event.detail:
                break
        first.process.kill()
        first.process.wait()
    finally:
        first.close()
    made = {path.parent.parent.name: path.stat().st_mtime_ns for path in cards(out)}
    again = Child(*words, "--resume", command="experiment")
    try:
        status, errors = again.finish()
    finally:
        again.close()
    assert status == 0, errors
    assert again.events[-1] == JobSucceeded(str(out / "page.html"))
    return out, made


def cards(out: Path) -> list[Path]:
    """Of the models that were made."""
    return sorted(out.glob("runs/*/model/card.json"))


def results(out: Path) -> dict[str, Any]:
    """What came of it."""
    found: dict[str, Any] = json.loads((out / "results.json").read_text("utf-8"))
    return found


def test_what_was_trained_is_kept_and_not_trained_again(
    done: tuple[Path, dict[str, int]],
) -> None:
    out, made = done
    assert len(made) == 5
    assert [path.parent.parent.name for path in cards(out)] == [
        "seen seed 2020",
        "seen seed 2021",
        "unseen seed 2020 without source 1",
        "unseen seed 2020 without source 2",
        "unseen seed 2021 without source 1",
        "unseen seed 2021 without source 2",
    ]
    for card in cards(out):
        run = read_run(card.parent.parent)
        assert run.state() == FINISHED
        assert read_bundle(run.bundle_dir).card.name == run.record.name
        before = made.get(run.path.name)
        assert before in (None, card.stat().st_mtime_ns)


def test_figures_are_those_of_the_runs(done: tuple[Path, dict[str, int]]) -> None:
    out, _ = done
    found = results(out)
    each = []
    for seed in (2020, 2021):
        rows = []
        for number, source in ((1, "phantom-a"), (2, "phantom-b")):
            run = out / "runs" / f"unseen seed {seed} without source {number}"
            with open(run / "model" / EVALUATION, encoding="utf-8") as file:
                rows += [r for r in csv.DictReader(file) if r["source"] == source]
        each.append(np.mean([row["called"] == row["label"] for row in rows]))
        assert len(rows) == found["data"]["test"]
    unseen = found["arms"][1]
    accuracy = unseen["figures"][0]
    assert accuracy["each"] == [round(float(value), 4) for value in each]
    reach = stats.t.ppf(0.975, 1) * stats.sem(each)
    ends = np.mean(each) - reach, np.mean(each) + reach
    clipped = [min(1.0, max(0.0, end)) for end in ends]
    assert accuracy["value_ci"] == pytest.approx(clipped, abs=1e-4)
    assert np.sum(unseen["confusion_matrix"]) == 2 * found["data"]["test"]
    (compared,) = found["comparisons"]
    mine, other = (arm["figures"][0]["value"] for arm in reversed(found["arms"]))
    assert compared["difference"] == pytest.approx(mine - other, abs=2e-4)
    low, high = compared["films_ci"]
    assert low <= compared["difference"] <= high
    assert len(compared["mcnemar"]) == 2


def test_the_page_says_it_all_and_sources_come_first(
    done: tuple[Path, dict[str, int]],
) -> None:
    out, _ = done
    found = results(out)
    for page in ("page.html", "page.md"):
        text = (out / page).read_text("utf-8")
        for told in (
            found["experiment"]["question"],
            "phantom-a",
            "McNemar",
            "none left a source out",
            "quick run",
        ):
            assert told in text, (page, told)
        assert text.index("Within sources") < text.index("Over all test films")
    markdown = (out / "page.md").read_text("utf-8")
    assert found["answer"][1] in markdown
    figures = [line for line in markdown.splitlines() if line.startswith("![")]
    assert len(figures) == 5
    for line in figures:
        assert (out / line.partition("](")[2].rstrip(")")).is_file()


def test_it_is_listed_with_its_answer(done: tuple[Path, dict[str, int]]) -> None:
    out, _ = done
    found = read_answered(out)
    assert found is not None
    assert (found.page, found.is_shipped) == (out / "page.html", False)
    assert list(found.answer) == results(out)["answer"]
    assert out not in [each.path for each in list_experiments()]


def test_another_is_not_resumed_and_nothing_else_is_replaced(
    done: tuple[Path, dict[str, int]], capsys: pytest.CaptureFixture[str]
) -> None:
    out, _ = done
    words = ["experiment", NAME, "--quick", "--out", str(out)]
    assert main(words) == 2
    assert "kept in" in capsys.readouterr().err
    assert main([*words, "--resume", "--seeds", "5"]) == 2
    assert "other arguments" in capsys.readouterr().err
    other = out / "runs"
    assert main([*words[:-1], str(other), "--overwrite"]) == 2
    assert "holds other files" in capsys.readouterr().err
    assert len(cards(out)) == 6


def test_an_arm_that_lacks_its_start_is_named_and_never_replaced(
    tmp_path: Path, start: Start
) -> None:
    manifest = write_phantom_set(tmp_path / "films", per_label=10, size=48)
    weights = tmp_path / "not-there.h5"
    small = {"backbone": "vgg16", "size": 32, "head_epochs": 1, "weights": "none"}
    arms = [
        {"name": "first", "title": "the first"},
        {"name": "lost", "title": "the lost", "settings": {"weights": str(weights)}},
    ]
    described = {
        "name": "starts",
        "title": "Starts",
        "question": "Which?",
        "about": "Two.",
        "arms": arms,
        "settings": small,
    }
    file = tmp_path / "starts.json"
    file.write_text(json.dumps(described), encoding="utf-8")
    out = tmp_path / "out"
    words = (file, "--data", manifest, "--out", out, "--seeds", "1", "--events")
    child = start(*words, command="experiment")
    status, errors = child.finish()
    assert status == 4, errors
    found = results(out)
    assert "no weights file" in found["arms"][1]["not_run"]
    assert not found["arms"][1]["figures"]
    assert found["answer"] == ["One cannot tell: only one of the arms was run."]
    assert "The lost was not run" in (out / "page.md").read_text("utf-8")


def test_folds_of_a_training_give_a_mean_with_an_interval(
    tmp_path: Path, start: Start
) -> None:
    manifest = write_phantom_set(tmp_path / "films", per_label=10, size=48)
    with open(manifest, encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    whole = tmp_path / "films" / "whole.csv"
    with open(whole, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows({**row, "split": ""} for row in rows)
    job = write_job(tmp_path / "job.json", epochs=0)
    out = tmp_path / "folds"
    words = ("--data", whole, "--config", job, "--out", out, "--folds", "2")
    child = start(*words, "--events")
    status, errors = child.finish()
    assert status == 0, errors
    found = results(out)
    accuracy = found["arms"][0]["figures"][0]
    assert len(accuracy["each"]) == 2
    assert accuracy["value_ci"] is not None
    assert np.sum(found["arms"][0]["confusion_matrix"]) == len(rows)
    assert "mean over 2 folds" in found["answer"][0]
    assert main(["train", "--out", str(out), "--resume"]) == 0
    assert main([*map(str, ("train", *words)), "--resume"]) == 0
    assert main([*map(str, ("train", *words)), "--dry-run"]) == 2
