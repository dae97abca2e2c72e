"""Patients are hashed with a secret of this installation, made once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core import paths
from core.errors import OutputError
from core.films.patient_id import hashed, installation_salt


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HILUM_HOME", str(tmp_path))


def test_a_patient_keeps_one_id_and_the_salt_decides_which() -> None:
    one = hashed("4711", "salt")
    assert one == hashed("4711", "salt")
    assert len(one) == 16
    assert "4711" not in one
    assert len({one, hashed("4712", "salt"), hashed("4711", "other")}) == 3
    assert hashed("", "salt") == hashed(" \n ", "salt") == ""


def test_the_salt_is_made_once_and_kept_for_its_owner_alone() -> None:
    salt = installation_salt()
    assert len(salt) == 32
    assert salt == installation_salt()
    path = paths.patient_salt_file()
    assert path.read_text("ascii") == salt
    if os.name == "posix":
        assert path.stat().st_mode & 0o077 == 0
    path.unlink()
    assert installation_salt() != salt


def test_a_damaged_salt_is_said_and_left_alone() -> None:
    path = paths.patient_salt_file()
    path.parent.mkdir()
    path.write_text("12")
    with pytest.raises(OutputError, match="damaged") as raised:
        installation_salt()
    assert raised.value.hint
    assert path.read_text() == "12"


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file in the folder's place")
    with pytest.raises(OutputError):
        installation_salt()
