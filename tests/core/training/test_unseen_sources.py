"""A model per source that is left out, measured on that source."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from core.__main__ import main
from core.evaluation.evaluate import without_details
from core.jobs.events import EpochEnded, JobSucceeded, Noted, StageStarted
from core.model.bundle import REPORT, ModelBundle, read_bundle
from core.reports.html import write_report_html
from core.reports.text import evaluation_text
from tests.phantoms import write_phantom_set
from tests.training_child import Child, work_of, write_job

pytestmark = [pytest.mark.training, pytest.mark.slow]

PER_LABEL = 21


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A manifest of three sources: the third holds all films of one label."""
    folder = tmp_path_factory.mktemp("films")
    manifest = write_phantom_set(folder, per_label=PER_LABEL, size=48)
    with open(manifest, encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        if row["label"] == "covid":
            row["source"] = "covid-only"
    write_phantom_set(folder / "more", 6, size=48, seed=1)
    for number in range(6):  # so that the others hold films enough
        for label in ("pneumonia", "normal"):
            name = f"more/{label}/{label}_{number + 1:04d}.png"
            where = {"source": f"phantom-{'ab'[number % 2]}", "split": "train"}
            patient = f"more-{label}-{number}"
            rows.append({"file": name, "label": label, "patient": patient, **where})
    with open(manifest, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return manifest


@pytest.fixture(scope="module")
def made(
    films: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[ModelBundle, list[object], list[object]]:
    """The model of a job that was killed on the way, and what its two starts told."""
    folder = tmp_path_factory.mktemp("made")
    out, job = folder / "model", write_job(folder / "job.json", epochs=1)
    told = []
    words = ["--data", films, "--config", job, "--leave-one-source-out"]
    for arguments in (words, ["--resume"]):
        child = Child(*arguments, "--out", out, "--events")
        try:
            if arguments is words:
                _until_second_source(child)
                child.process.kill()
                child.process.wait()
            status, errors = child.finish()
        finally:
            child.close()
        told.append(child.events)
    assert status == 0, errors
    assert told[1][-1] == JobSucceeded(str(out))
    assert not work_of(out).path.exists()
    return read_bundle(out), told[0], told[1]


def _until_second_source(child: Child) -> None:
    while True:
        event = child.until(StageStarted, stage="evaluation")
        assert isinstance(event, StageStarted)
        if event.detail.startswith("Without phantom-b"):
            return


def test_every_source_is_measured_by_a_model_that_never_saw_it(
    made: tuple[ModelBundle, list[object], list[object]], films: Path
) -> None:
    unseen = made[0].card.metrics["test"]["unseen_sources"]
    assert list(unseen) == ["covid-only", "phantom-a", "phantom-b"]
    with open(films, encoding="utf-8") as file:
        sources = [row["source"] for row in csv.DictReader(file)]
    for name in ("phantom-a", "phantom-b"):
        figures = unseen[name]
        assert figures["n"] == sources.count(name)
        low, high = figures["accuracy_ci"]
        assert low <= figures["accuracy"] <= high
        (pair,) = figures["within_source"]
        assert set(pair["labels"]) == {"pneumonia", "normal"}
    assert unseen["covid-only"]["n"] == 0
    assert "too few films labelled covid" in unseen["covid-only"]["reason"]


def test_what_was_measured_is_not_measured_again(
    made: tuple[ModelBundle, list[object], list[object]],
) -> None:
    def left_out(events: list[object]) -> set[str]:
        told = [e.detail for e in events if isinstance(e, StageStarted)]
        return {text.split()[1] for text in told if text.startswith("Without ")}

    assert left_out(made[1]) == {"phantom-a", "phantom-b"}
    assert left_out(made[2]) == {"phantom-b"}


def test_epochs_of_these_trainings_are_not_the_job_s(
    made: tuple[ModelBundle, list[object], list[object]],
) -> None:
    events = [*made[1], *made[2]]
    epochs = [e for e in events if isinstance(e, EpochEnded)]
    tuned = [e for e in epochs if e.phase == "fine-tuning"]
    assert [e.epoch for e in tuned] == [1]
    notes = [e.message for e in events if isinstance(e, Noted)]
    assert any(note.startswith("Without phantom-a (2 of 3): epoch 1") for note in notes)


def test_reports_tell_of_unseen_sources(
    made: tuple[ModelBundle, list[object], list[object]], tmp_path: Path
) -> None:
    bundle = made[0]
    report = json.loads((bundle.path / REPORT).read_text("utf-8"))
    text = evaluation_text(without_details(report["result"]), bundle.card)
    page = tmp_path / "report.html"
    write_report_html(page, report)
    accuracy = f"{report['result']['unseen_sources']['phantom-a']['accuracy']:.3f}"
    for told in (text, page.read_text("utf-8")):
        assert "phantom-a" in told
        assert accuracy in told
        assert "too few films labelled covid" in told
    assert text.index("trained without them") < text.index("By source")
    assert "by the same settings" in page.read_text("utf-8")
    report["result"]["unseen_by"] = "smaller trainings of 96 pixels"
    write_report_html(page, report)
    told = page.read_text("utf-8")
    assert "trained without them (smaller trainings of 96 pixels)" in told
    assert "by the same settings" not in told


def test_one_source_cannot_be_left_out(
    films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lone = tmp_path / "films.csv"
    with open(films, encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with open(lone, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        path = films.parent
        writer.writerows({**r, "file": path / r["file"], "source": "x"} for r in rows)
    words = ["train", "--data", lone, "--out", tmp_path / "model"]
    assert main([*map(str, words), "--leave-one-source-out"]) == 2
    assert "no two sources" in capsys.readouterr().err
