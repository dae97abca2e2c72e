"""Jobs that are stopped, finished early, left alone, or short of something."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from core.jobs.channel import JobChannel
from core.jobs.events import (
    FINISH,
    STOP,
    EpochEnded,
    JobFailed,
    JobStopped,
    JobSucceeded,
    Noted,
    StageStarted,
    parse_event,
)
from core.model.bundle import REPORT, ModelBundle, read_bundle
from tests.phantoms import draw_phantom
from tests.small_disk import tiny_disk
from tests.training_child import PROGRAM, Child, work_of, write_job

pytestmark = [pytest.mark.training, pytest.mark.slow]

Start = Callable[..., Child]


def epochs_of(bundle: ModelBundle, phase: str) -> list[dict[str, float]]:
    history = bundle.card.training["history"]
    return [epoch for epoch in history if epoch["phase"] == phase]


def test_finish_ends_training_and_makes_a_model_of_the_best_weights(
    phantoms: Path, tmp_path: Path, start: Start
) -> None:
    out = tmp_path / "model"
    long = write_job(tmp_path / "job.json", epochs=500, patience=0)
    child = start("--data", phantoms, "--out", out, "--config", long, "--events")
    child.until(EpochEnded, phase="fine-tuning", epoch=2)
    child.say(FINISH)
    status, errors = child.finish()

    assert status == 0, errors
    assert child.events[-1] == JobSucceeded(str(out))
    bundle = read_bundle(out)
    assert 2 <= len(epochs_of(bundle, "fine-tuning")) < 500
    assert any("ended by hand" in note for note in bundle.card.training["notes"])


def test_a_job_that_was_left_alone_goes_on_and_can_be_stopped_from_elsewhere(
    phantoms: Path, tmp_path: Path, start: Start
) -> None:
    out, diary = tmp_path / "model", tmp_path / "events.jsonl"
    long = write_job(tmp_path / "job.json", epochs=500, patience=0)
    channel = JobChannel(tmp_path)
    words = ["train", "--data", phantoms, "--out", out, "--config", long]
    child = channel.start([str(word) for word in words])
    while not diary.exists() or diary.read_text("utf-8").count("\n") < 3:
        assert child.poll() is None, channel.log.read_text("utf-8")
        time.sleep(0.05)
    assert work_of(out).is_running()

    channel.request(STOP)

    assert child.wait() == 3, channel.log.read_text("utf-8")
    assert parse_event(diary.read_text("utf-8").splitlines()[-1]) == JobStopped()
    assert not work_of(out).is_running()
    assert work_of(out).exists()


def test_a_running_job_is_not_started_twice(
    phantoms: Path, job: Path, tmp_path: Path, start: Start
) -> None:
    out = tmp_path / "model"
    child = start("--data", phantoms, "--out", out, "--config", job, "--events")
    child.until(StageStarted, stage="reading")
    status, errors = start("--out", out, "--resume").finish()
    assert status == 2
    assert "is running already" in errors
    assert child.finish()[0] == 0


def test_batch_is_halved_where_memory_would_not_suffice_and_the_record_says_so(
    phantoms: Path, tmp_path: Path, start: Start
) -> None:
    out = tmp_path / "model"
    large = write_job(
        tmp_path / "job.json", size=224, batch=1024, epochs=1, unfreeze_from=0
    )
    child = start(
        *("--data", phantoms, "--out", out, "--config", large, "--events"),
        limits={resource.RLIMIT_AS: 6 << 30},
    )
    status, errors = child.finish()

    assert status == 0, errors
    training = read_bundle(out).card.training
    assert training["batch"] < 1024
    assert any("Memory is short" in note for note in training["notes"])
    notes = [e.message for e in child.events if isinstance(e, Noted)]
    assert set(training["notes"]) <= set(notes)
    report = json.loads((out / REPORT).read_text("utf-8"))
    assert report["notes"] == training["notes"]


def test_two_films_of_a_label_are_refused_with_what_is_needed(
    tmp_path: Path, job: Path, start: Start
) -> None:
    data = films_by_label(tmp_path / "films", per_label=2)
    status, errors = start(
        "--data", data, "--out", tmp_path / "model", "--config", job
    ).finish()
    assert status == 2
    assert "covid has 2 independent films;" in errors


def test_labels_and_places_may_have_any_letters_and_films_may_be_unreadable(
    tmp_path: Path, start: Start
) -> None:
    data = films_by_label(tmp_path / "Röntgen 写真", per_label=7)
    (data / "covid").rename(data / "COVID-19 Ω")
    (data / "pneumonia").rename(data / "肺炎")
    (data / "肺炎" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    (data / "normal" / "notes.txt").write_text("No film.", encoding="utf-8")
    job = write_job(tmp_path / "job.json", labels=[], epochs=0)
    out = tmp_path / "модель"
    child = start("--data", data, "--out", out, "--config", job, "--events")
    status, errors = child.finish()
    assert status == 0, errors
    notes = [e.message for e in child.events if isinstance(e, Noted)]
    assert any("肺炎/broken.png" in note for note in notes)
    assert any("normal/notes.txt" in note for note in notes)
    card = read_bundle(out).card
    assert card.label_names == ("COVID-19 Ω", "normal", "肺炎")
    assert card.data["unreadable"] == 2


def test_data_that_vanishes_while_it_is_read_ends_in_one_sentence(
    tmp_path: Path, job: Path, start: Start
) -> None:
    data = films_by_label(tmp_path / "films", per_label=8)
    out = tmp_path / "model"
    child = start("--data", data, "--out", out, "--config", job, "--events")
    child.until(StageStarted, stage="start")
    shutil.rmtree(data)
    status, errors = child.finish()
    assert status == 2, errors
    failure = child.events[-1]
    assert isinstance(failure, JobFailed)
    assert failure.hint


def test_data_that_vanishes_later_does_no_harm_until_it_is_measured(
    tmp_path: Path, start: Start
) -> None:
    data = films_by_label(tmp_path / "films", per_label=8)
    job = write_job(tmp_path / "job.json", epochs=1)
    out = tmp_path / "model"
    child = start("--data", data, "--out", out, "--config", job, "--events")
    child.until(StageStarted, stage="head")
    data.rename(tmp_path / "elsewhere")
    status, errors = child.finish()
    assert status == 2, errors
    assert isinstance(child.events[-1], JobFailed)

    (tmp_path / "elsewhere").rename(data)
    status, errors = start("--out", out, "--resume", "--events").finish()
    assert status == 0, errors


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on file sizes")
def test_a_full_disk_ends_in_one_sentence_and_the_job_can_go_on(
    phantoms: Path, job: Path, tmp_path: Path, start: Start
) -> None:
    out = tmp_path / "model"
    child = start(
        *("--data", phantoms, "--out", out, "--config", job, "--events"),
        limits={resource.RLIMIT_FSIZE: 280 << 10},  # of films, not of the network
    )
    status, errors = child.finish()
    assert status == 2, errors
    failure = child.events[-1]
    assert isinstance(failure, JobFailed), errors
    assert "--resume" in failure.hint or "space" in failure.hint

    status, errors = start("--out", out, "--resume", "--events").finish()
    assert status == 0, errors


def test_a_disk_that_fills_up_ends_in_one_sentence(
    phantoms: Path, job: Path, tmp_path: Path, start: Start
) -> None:
    with tiny_disk(tmp_path / "disk", 700) as disk:
        child = start(
            *("--data", phantoms, "--out", disk / "model", "--config", job),
            "--events",
        )
        status, errors = child.finish()
        assert status == 2, errors
        failure = child.events[-1]
        assert isinstance(failure, JobFailed)
        assert "space" in f"{failure.message} {failure.hint}"
        assert not (disk / "model").exists()


def test_a_read_only_disk_is_told_before_keras_is_loaded(
    phantoms: Path, job: Path, tmp_path: Path, start: Start
) -> None:
    with tiny_disk(tmp_path / "disk", 64) as disk:
        read_only = ["mount", "-o", "remount,ro", str(disk)]
        subprocess.run(read_only, check=True, capture_output=True)
        child = start(
            *("--data", phantoms, "--out", disk / "model", "--config", job),
            "--events",
            program=PROGRAM,
        )
        status, errors = child.finish()
    assert status == 2
    failure = child.events[-1]
    assert isinstance(failure, JobFailed)
    assert "may not be written to" in failure.message
    assert len(errors.strip().splitlines()) == 1, errors


def test_what_is_printed_by_libraries_does_not_get_between_the_events(
    phantoms: Path, tmp_path: Path, start: Start
) -> None:
    job = write_job(tmp_path / "job.json", epochs=0)
    out = tmp_path / "model"
    child = start(
        *("--data", phantoms, "--out", out, "--config", job, "--events"),
        environment={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "0"},
        program=PROGRAM,
    )
    child.until(JobSucceeded)  # which fails at a line that is no event
    assert child.finish()[0] == 0


def films_by_label(folder: Path, *, per_label: int) -> Path:
    """Phantoms of three labels, each another person's."""
    labels = ("covid", "normal", "pneumonia")
    for number in range(per_label):
        for place, label in enumerate(labels):
            seed = 1000 + len(labels) * number + place
            path = folder / label / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(draw_phantom(label, seed=seed, size=96)).save(path)
    return folder
