"""The training command in real processes: events, stop, kill, resume, refusals."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from core.jobs.events import (
    EpochEnded,
    JobFailed,
    JobStopped,
    JobSucceeded,
    StageStarted,
    TrainingEvent,
)
from core.model.bundle import WEIGHTS, ModelBundle, read_bundle
from tests.training_child import ROOT, Child, first_film

pytestmark = pytest.mark.training

Start = Callable[..., Child]


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where `trained` writes what TensorBoard shows."""
    return tmp_path_factory.mktemp("logs") / "logs"


@pytest.fixture(scope="module")
def trained(
    phantoms: Path,
    job: Path,
    logs: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[ModelBundle, list[TrainingEvent]]:
    """A bundle that the command made, and what it said meanwhile.

    Nobody is at its stdin, as under cron.
    """
    out = tmp_path_factory.mktemp("trained") / "modèle"
    words = ("--data", phantoms, "--out", out, "--config", job)
    child = Child(*words, "--log-dir", logs, "--events")
    assert child.process.stdin is not None
    child.process.stdin.close()
    status, errors = child.finish()
    child.close()
    assert status == 0, errors
    return read_bundle(out), child.events


def test_with_nobody_at_its_stdin_it_ends_with_success_and_the_path_of_the_bundle(
    trained: tuple[ModelBundle, list[TrainingEvent]],
) -> None:
    bundle, events = trained
    assert events[-1] == JobSucceeded(str(bundle.path))


def test_tells_its_stages_in_order(
    trained: tuple[ModelBundle, list[TrainingEvent]],
) -> None:
    stages = [e.stage for e in trained[1] if isinstance(e, StageStarted)]
    assert stages == [
        "start",
        "reading",
        "reading",  # and looking for copies
        "features",
        "head",
        "fine-tuning",
        "export",
        "evaluation",
    ]


def test_card_says_how_the_model_was_made_and_what_it_is_worth(
    trained: tuple[ModelBundle, list[TrainingEvent]], phantoms: Path
) -> None:
    card = trained[0].card
    with open(phantoms, encoding="utf-8") as file:
        in_test = sum(row["split"] == "test" for row in csv.DictReader(file))
    assert card.label_names == ("covid", "normal", "pneumonia")
    assert card.training["config"]["size"] == 32
    assert "--config job.json" in card.training["command"]
    assert card.training["parity"]["largest_probability_difference"] < 1e-3
    assert card.metrics["test"]["n"] == in_test
    assert all(point.chosen_on == "validation" for point in card.operating_points)


def test_epochs_are_kept_in_a_table_and_for_tensorboard(
    trained: tuple[ModelBundle, list[TrainingEvent]], logs: Path
) -> None:
    compare_epochs(trained[0].path, logs)


def test_epochs_are_kept_in_a_table_and_for_tensorboard_on_jax(
    phantoms: Path, job: Path, tmp_path: Path, start: Start
) -> None:
    pytest.importorskip("jax", reason="JAX is not installed")
    out, log = tmp_path / "model", tmp_path / "logs"
    words = ["--data", phantoms, "--out", out, "--config", job, "--backend", "jax"]
    words += ["--set", "head_epochs=1"]
    status, errors = start(*words, "--log-dir", log, "--events").finish()
    assert status == 0, errors
    compare_epochs(out, log)
    history = read_bundle(out).card.training["history"]
    assert [epoch["phase"] for epoch in history] == ["head"] + ["fine-tuning"] * 2


def compare_epochs(out: Path, log: Path) -> None:
    """See that the table and the logs tell the epochs that the card does."""
    history = read_bundle(out).card.training["history"]
    with open(out / "epochs.csv", encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    assert [float(row["loss"]) for row in table] == [e["loss"] for e in history]
    found = {name: scalars(log / name) for name in ("train", "validation")}
    for epoch in history:
        assert epoch["phase"] in ("head", "fine-tuning")
        key = (f"{epoch['phase']}/loss", epoch["epoch"])
        assert found["train"][key] == pytest.approx(epoch["loss"], rel=1e-5)
        assert found["validation"][key] == pytest.approx(epoch["val_loss"], rel=1e-5)
    names = {tag.partition("/")[2] for tag, _ in found["train"]}
    assert names == {"loss", "accuracy", "macro_f1", "learning_rate"}


def scalars(folder: Path) -> dict[tuple[str, int], float]:
    """(Tag, step) -> value of the log in a folder, as TensorBoard would find it."""
    tensorflow = pytest.importorskip("tensorflow")
    (log,) = folder.glob("events.out.tfevents.*")
    found = {}
    for record in tensorflow.data.TFRecordDataset(str(log)):
        event = tensorflow.compat.v1.Event.FromString(record.numpy())
        for value in event.summary.value:
            assert value.metadata.plugin_data.plugin_name == "scalars"
            number = float(tensorflow.make_ndarray(value.tensor))
            found[value.tag, event.step] = number
    return found


def test_summary_of_the_network_is_printed() -> None:
    words = ["train", "--summary", "--labels", "a,b", "--set", "head=16"]
    words += ["--set", "backbone=vgg16", "--set", "size=32", "--set", "weights=none"]
    done = command(*words)
    assert done.returncode == 0, done.stderr
    assert "hidden_1 (Dense)" in done.stdout
    assert "Trainable params" in done.stdout
    done = command("train", "--summary")
    assert done.returncode == 2
    assert "Name the films with --data, or the labels" in done.stderr


def test_card_holds_no_path_of_this_machine(
    trained: tuple[ModelBundle, list[TrainingEvent]],
) -> None:
    text = (trained[0].path / "card.json").read_text(encoding="utf-8")
    assert str(trained[0].path.parent) not in text
    assert str(ROOT) not in text


def test_leaves_only_the_bundle(
    trained: tuple[ModelBundle, list[TrainingEvent]],
) -> None:
    bundle = trained[0]
    assert [path.name for path in bundle.path.parent.iterdir()] == [bundle.path.name]
    assert (bundle.path / WEIGHTS).is_file()


def test_a_killed_job_resumes_to_the_same_kind_of_bundle(
    phantoms: Path,
    job: Path,
    tmp_path: Path,
    start: Start,
    trained: tuple[ModelBundle, list[TrainingEvent]],
) -> None:
    out = tmp_path / "model"
    child = start("--data", phantoms, "--out", out, "--config", job, "--events")
    first = child.until(EpochEnded, phase="fine-tuning")
    child.process.send_signal(signal.SIGKILL)
    child.finish()
    assert not out.exists()

    again = start("--out", out, "--resume", "--events")
    status, errors = again.finish()

    assert status == 0, errors
    epochs = [e for e in again.events if isinstance(e, EpochEnded)]
    assert [(e.phase, e.epoch) for e in epochs] == [("fine-tuning", 2)]
    card = read_bundle(out).card
    history = card.training["history"]
    assert first.epoch == 1  # type: ignore[union-attr]
    assert [e["epoch"] for e in history if e["phase"] == "fine-tuning"] == [1, 2]
    uninterrupted = trained[0].card.training["history"]
    assert history[-1]["val_loss"] == pytest.approx(
        uninterrupted[-1]["val_loss"], abs=0.02
    )


def test_stop_on_stdin_ends_it_and_keeps_what_was_done(
    phantoms: Path, job: Path, tmp_path: Path, start: Start
) -> None:
    out = tmp_path / "model"
    child = start("--data", phantoms, "--out", out, "--config", job, "--events")
    child.until(StageStarted, stage="head")
    assert child.process.stdin is not None
    child.process.stdin.write("stop\n")
    child.process.stdin.flush()
    status, errors = child.finish()
    assert status == 3, errors
    assert child.events[-1] == JobStopped()
    assert not out.exists()
    assert (tmp_path / "model.work" / "job.json").is_file()


def command(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own, with nobody at its stdin."""
    return subprocess.run(
        [sys.executable, "-m", "core", *map(str, words)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--data", "nowhere", "--out", "{}/m"], "There is no folder or manifest"),
        (["--data", "{films}", "--out", "{}/m", "--set", "epoch=3"], "no setting"),
        (["--data", "{films}", "--out", "{}/m", "--set", "epochs=many"], "epochs"),
        (["--data", "{films}", "--out", "{}/m", "--preset", "best"], "no preset"),
        (
            ["--data", "{films}", "--out", "{}/m", "--config", "nowhere"],
            "nowhere cannot be read: No such file or directory. It must",
        ),
        (["--data", "{films}", "--out", "{}"], "exists already"),
        (["--out", "{}/m"], "Training needs films"),
        (["--out", "{}/m", "--resume"], "There is no job to go on with"),
    ],
)
def test_refuses_before_anything_is_written(
    arguments: list[str],
    sentence: str,
    phantoms: Path,
    tmp_path: Path,
    start: Start,
) -> None:
    words = [a.replace("{films}", str(phantoms)) for a in arguments]
    words = [word.replace("{}", str(tmp_path)) for word in words]
    child = start(*words)
    status, errors = child.finish()
    assert status == 2
    assert sentence in errors
    assert len(errors.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_failure_is_an_event_too(
    tmp_path: Path, job: Path, phantoms: Path, start: Start
) -> None:
    folder = tmp_path / "films" / "only"
    folder.mkdir(parents=True)
    (folder / "film.png").write_bytes(first_film(phantoms).read_bytes())
    child = start(
        "--data", folder.parent, "--out", tmp_path / "m", "--config", job, "--events"
    )
    status, errors = child.finish()
    assert status == 2, errors
    failure = child.events[-1]
    assert isinstance(failure, JobFailed)
    assert "no film labelled covid" in failure.message
    assert failure.hint


def test_one_label_alone_is_refused(
    tmp_path: Path, phantoms: Path, start: Start
) -> None:
    folder = tmp_path / "films" / "only"
    folder.mkdir(parents=True)
    (folder / "film.png").write_bytes(first_film(phantoms).read_bytes())
    status, errors = start("--data", folder.parent, "--out", tmp_path / "m").finish()
    assert status == 2
    assert "one label only: only" in errors


def test_an_interrupted_job_is_not_thrown_away_by_accident(
    phantoms: Path, job: Path, tmp_path: Path, start: Start
) -> None:
    work = tmp_path / "model.work"
    work.mkdir()
    (work / "job.json").write_text("{}", encoding="utf-8")
    child = start("--data", phantoms, "--out", tmp_path / "model", "--config", job)
    status, errors = child.finish()
    assert status == 2
    assert "--resume" in errors
    assert os.listdir(work) == ["job.json"]
