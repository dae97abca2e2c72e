"""JSON from elsewhere: files and nesting."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from core.errors import BundleError, CoreError
from core.jobs.events import parse_event
from core.json_file import parse_json, read_json
from core.model.bundle import peek_bundle
from core.runs.config import TrainingConfig
from core.runs.job_folder import Job, JobFolder
from core.runs.store import read_run
from core.scan.store import read_scan
from desktop.retrain.data.audit import read_audit
from desktop.retrain.preflight import read_preflight

ROOT = Path(__file__).resolve().parents[2]
DEEP = "[" * 200_000 + "]" * 200_000
#: The second reads what this program wrote to itself a moment ago, and the third tells
#: other programs how to read a card.
OWN = {
    "core/json_file.py",
    "core/scan/crash_probe.py",
    "core/reports/export_card.py",
}


@pytest.mark.parametrize("text", ["[" * 200_000, DEEP, '{"a":' * 150 + "1" + "}" * 150])
def test_deep_nesting_is_a_mistake_like_any_other(text: str) -> None:
    with pytest.raises(ValueError, match="nested too deeply"):
        parse_json(text)


@pytest.mark.parametrize("text", ["", "{", "1" * 5000, b"\xff\xfe\x00"])
def test_what_is_no_json_is_a_value_error(text: str | bytes) -> None:
    with pytest.raises(ValueError, match="."):
        parse_json(text)


def test_nesting_that_occurs_is_read() -> None:
    assert parse_json('{"a": [[1, {"b": null}], 2.5, "ü"]}') == {
        "a": [[1, {"b": None}], 2.5, "ü"]
    }


def test_a_large_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with open(path, "wb") as file:
        file.truncate(1 << 30)  # of holes: no disk has to hold it
    with pytest.raises(ValueError, match="larger than"):
        read_json(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.json")
    with pytest.raises((ValueError, OSError), match="it is"):
        read_json(tmp_path / "a.json")


def read_job(path: Path) -> Any:
    return JobFolder(path.parent).job()


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("card.json", lambda path: peek_bundle(path.parent)),
        ("job.json", read_job),
        ("audit.json", lambda path: read_audit(path, path)),
        ("preflight.json", read_preflight),
    ],
)
def test_200000_brackets_are_a_sentence_everywhere(
    name: str, read: Any, tmp_path: Path
) -> None:
    if name == "job.json":
        JobFolder(tmp_path).begin(Job(TrainingConfig(), tmp_path, "train"))
        (name,) = (path.name for path in tmp_path.glob("*.json"))
    (tmp_path / name).write_text(DEEP)
    with pytest.raises(CoreError, match="nested too deeply"):
        read(tmp_path / name)


def test_200000_brackets_are_a_damaged_record_or_no_event(tmp_path: Path) -> None:
    for name, read in (("run.json", read_run), ("scan.json", read_scan)):
        (tmp_path / name).write_text(DEEP)
        assert "nested too deeply" in read(tmp_path).damage
    assert parse_event(DEEP) is None


@pytest.mark.parametrize("value", ["1" + "0" * 400, "[]", '"\\ud800"'])
@pytest.mark.parametrize("field", ["temperature", "probe", "name", "operating_points"])
def test_a_card_of_impossible_values_is_a_sentence(
    field: str, value: str, tiny_bundle: Any, tmp_path: Path
) -> None:
    fields = json.loads((tiny_bundle.path / "card.json").read_text("utf-8"))
    fields[field] = "HERE"
    text = json.dumps(fields).replace('"HERE"', value)
    (tmp_path / "card.json").write_text(text)
    try:
        peek_bundle(tmp_path)
    except BundleError:
        return
    assert (field, "ud800" in value) == ("name", False), "all others are refused"


def test_json_from_elsewhere_is_read_in_one_place() -> None:
    readers = {
        path.relative_to(ROOT).as_posix()
        for top in ("core", "desktop")
        for path in (ROOT / top).rglob("*.py")
        if re.search(r"\bjson\.loads?\(", path.read_text("utf-8"))
    }
    assert readers == OWN
