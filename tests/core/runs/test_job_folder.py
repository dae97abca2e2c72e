"""What a job leaves in its folder, and what others may leave there for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from core.errors import TrainingError
from core.runs.config import TrainingConfig
from core.runs.job_folder import Job, JobFolder


@pytest.fixture
def folder(tmp_path: Path) -> JobFolder:
    begun = JobFolder.beside(tmp_path / "model")
    begun.begin(
        Job(TrainingConfig(batch=16), tmp_path / "data", "python -m core train")
    )
    return begun


def test_job_runs_as_long_as_its_process_is_at_work(folder: JobFolder) -> None:
    assert not folder.is_running()
    with folder.at_work():
        assert folder.is_running()
    assert not folder.is_running()


def test_job_runs_no_longer_when_its_process_is_gone(folder: JobFolder) -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    created = psutil.Process(child.pid).create_time()
    record = {"pid": child.pid, "created": created}
    (folder.path / "running.json").write_text(json.dumps(record), encoding="utf-8")
    assert folder.is_running()
    child.communicate(b"\n")
    assert not folder.is_running()


def test_another_process_with_the_same_number_is_not_the_job(
    folder: JobFolder,
) -> None:
    record = {"pid": os.getpid(), "created": psutil.Process().create_time() - 60}
    (folder.path / "running.json").write_text(json.dumps(record), encoding="utf-8")
    assert not folder.is_running()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": "x"}', '{"pid": -1}'])
def test_damaged_record_of_the_process_means_that_none_runs(
    folder: JobFolder, text: str
) -> None:
    (folder.path / "running.json").write_text(text, encoding="utf-8")
    assert not folder.is_running()


def test_second_process_is_refused(folder: JobFolder) -> None:
    with (
        folder.at_work(),
        pytest.raises(TrainingError, match="running already"),
        folder.at_work(),
    ):
        pass


def test_note_is_kept_once_and_beside_the_batch(folder: JobFolder) -> None:
    config = TrainingConfig(batch=16)
    assert folder.notes() == []
    assert folder.batch(config) == 16
    folder.note("Memory ran out.")
    folder.set_batch(8)
    folder.note("Memory ran out.")
    folder.note("It was ended by hand.")
    assert folder.notes() == ["Memory ran out.", "It was ended by hand."]
    assert folder.batch(config) == 8


def test_job_killed_when_memory_was_nearly_out_is_known_as_such(
    folder: JobFolder,
) -> None:
    folder.mark_short_of_memory()
    assert not folder.died_short_of_memory(), "it ended by itself"
    record = {"pid": os.getpid(), "created": 1.0}
    (folder.path / "running.json").write_text(json.dumps(record), encoding="utf-8")
    assert folder.died_short_of_memory()
    with folder.at_work():
        assert not folder.died_short_of_memory()
    assert not folder.died_short_of_memory()
