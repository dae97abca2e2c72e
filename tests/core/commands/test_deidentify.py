"""The command that copies films without whom they are of."""

from __future__ import annotations

from pathlib import Path

import pydicom
import pytest

from core.__main__ import main
from tests.dicom_files import dicom_bytes, dicom_dataset
from tests.phantoms import draw_phantom

PIXELS = draw_phantom("normal", seed=3, size=96)


@pytest.fixture
def films(tmp_path: Path) -> list[Path]:
    """Two films of one patient."""
    made = [tmp_path / f"Doe-{number}.dcm" for number in (1, 2)]
    for number, path in enumerate(made):
        tags = {"PatientName": "Doe", "PatientID": "4711", "InstanceNumber": number}
        path.write_bytes(dicom_bytes(dicom_dataset(PIXELS, **tags)))
    return made


def run(*words: object) -> int:
    return main(["deidentify", *map(str, words)])


def test_copies_are_made_and_named(
    films: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = [path.read_bytes() for path in films]
    assert run(*films, "--out", tmp_path / "new" / "out") == 0
    copies = sorted((tmp_path / "new" / "out").iterdir())
    assert len(copies) == 2
    tags = [pydicom.dcmread(path) for path in copies]
    assert {str(each.PatientName) for each in tags} == {""}
    assert len({each.PatientID for each in tags}) == 1
    assert [path.read_bytes() for path in films] == before
    told = capsys.readouterr()
    assert [line.split(" -> ")[0] for line in told.out.splitlines()] == [
        str(path) for path in films
    ]
    assert "text" in told.err


def test_copies_are_not_replaced_unless_asked(
    films: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run(films[0], films[0], "--out", out) == 0
    (copy,) = out.iterdir()
    copy.write_bytes(b"mine")
    assert run(films[0], "--out", out) == 2
    assert copy.read_bytes() == b"mine"
    assert "--overwrite" in capsys.readouterr().err
    assert run(films[0], "--out", out, "--overwrite") == 0
    assert copy.read_bytes() != b"mine"


def test_what_cannot_be_copied_is_said(
    films: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "missing.dcm"
    assert run(missing, films[0], "--out", tmp_path / "out") == 4
    assert "missing.dcm" in capsys.readouterr().err
    assert run(missing, "--out", tmp_path / "out") == 2
