"""The check of a data set before anything is trained on it."""

from __future__ import annotations

import collections
import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.audit.audit import Audit, SplitWish, audit
from core.data.dataset import index_dataset
from core.data.split import given_split
from core.errors import DatasetError
from core.jobs.events import JobSucceeded, Progressed
from tests.dicom_files import dicom_bytes, dicom_dataset
from tests.phantoms import draw_phantom
from tests.planted import Film, flipped, planted
from tests.training_child import Child

ROOT = Path(__file__).resolve().parents[3]
KEYS = {
    "data",
    "films",
    "labels",
    "sources",
    "splits",
    "children",
    "unreadable",
    "left_out",
    "identical",
    "similar",
    "conflicts",
    "patients",
    "independent",
    "leaks",
    "sizes",
    "views",
    "formats",
    "bits",
    "imbalance",
    "shortcuts",
    "comparable",
    "split",
    "sentences",
}


def phantom(number: int, label: str = "normal") -> Film:
    return draw_phantom(label, number, 128)


def write(path: Path, film: Film) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", film)[1].tobytes())


def write_rows(folder: Path, rows: list[dict[str, str]]) -> Path:
    manifest = folder / "films.csv"
    with open(manifest, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return manifest


def write_folder(folder: Path, count: int = 6) -> Path:
    """Films of two labels, all different."""
    for number in range(2 * count):
        label = ("covid", "normal")[number % 2]
        write(folder / label / f"{number:03d}_pa.png", phantom(number))
    return folder


def severities(found: Audit) -> list[str]:
    return [sentence["severity"] for sentence in found.found["sentences"]]


def text(found: Audit) -> str:
    return "\n".join(s["text"] for s in found.found["sentences"])


@pytest.fixture(scope="module")
def leaky(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """About 120 films with copies and patients across their splits."""
    folder = tmp_path_factory.mktemp("leaky")
    films = [phantom(number) for number in range(100)]
    rows = []
    for row, film in enumerate(planted(films, duplicates=8, copies=12, patients=5)):
        name = f"films/{row:03d}.png"
        write(folder / name, film.pixels)
        label = ("covid", "normal")[film.origin % 2]
        rows.append(
            {
                "file": name,
                "label": label,
                "patient": film.patient,
                "split": film.split,
                "source": "ward",
            }
        )
    return write_rows(folder, rows)


@pytest.fixture(scope="module")
def planted_found(leaky: Path) -> Audit:
    return audit(leaky)


def test_result_has_every_key_and_is_json(planted_found: Audit) -> None:
    assert set(planted_found.found) == KEYS
    assert json.loads(json.dumps(planted_found.found)) == planted_found.found


def test_planted_copies_and_patients_are_found(planted_found: Audit) -> None:
    found = planted_found.found
    assert sorted(map(len, found["identical"])) == [2] * 8
    kinds = collections.Counter(leak["kind"] for leak in found["leaks"])
    assert kinds == {"identical": 8, "similar": 12, "patient": 5}
    assert len(found["similar"]) == 12
    assert found["conflicts"] == []


def test_leaks_stop_the_training_and_leave_no_split(planted_found: Audit) -> None:
    assert planted_found.has_leaks
    assert planted_found.split is None
    assert severities(planted_found)[0] == "stop"


@pytest.mark.slow
def test_grouping_resolves_the_leaks(leaky: Path, tmp_path: Path) -> None:
    found = audit(leaky, wish=SplitWish(regroup=True))
    assert not found.has_leaks
    assert not found.stops
    assert found.found["split"]["origin"] == "regrouped"
    assert found.split is not None
    for leak in found.found["leaks"]:
        files = {sample.file for sample in found.split.train}
        assert set(leak["files"]) <= files


def test_grouping_that_empties_a_split_makes_a_new_one(tmp_path: Path) -> None:
    rows = []
    for number in range(12):
        name = f"{number}.png"
        write(tmp_path / name, phantom(number))
        split = ("train", "val", "test")[number // 2 % 3]
        rows.append(
            {
                "file": name,
                "label": ("covid", "normal")[number % 2],
                "split": split,
                "patient": f"P{number % 2}" if split != "train" else f"Q{number}",
            }
        )
    rows[2]["patient"], rows[3]["patient"] = "R0", "R1"
    rows[0]["patient"] = "P0"
    rows[1]["patient"] = "P1"
    found = audit(write_rows(tmp_path, rows), wish=SplitWish(regroup=True))
    assert found.found["split"]["origin"] == "made"
    assert "a new split was made" in text(found)


@pytest.mark.slow
def test_same_film_under_two_labels_is_a_conflict(tmp_path: Path) -> None:
    folder = write_folder(tmp_path)
    write(folder / "covid" / "copy.png", flipped(phantom(1), np.random.default_rng()))
    found = audit(folder).found
    assert found["conflicts"] == [["covid/copy.png", "normal/001_pa.png"]]


@pytest.mark.slow
def test_split_is_made_where_the_data_has_none(tmp_path: Path) -> None:
    found = audit(write_folder(tmp_path))
    assert found.found["split"]["origin"] == "made"
    assert found.split is not None
    assert found.found["split"]["sha256"] == found.split.sha256()
    assert "stop" not in severities(found)


def test_one_label_stops(tmp_path: Path) -> None:
    for number in range(4):
        write(tmp_path / "covid" / f"{number}.png", phantom(number))
    found = audit(tmp_path)
    assert found.stops
    assert found.found["split"] is None
    assert "nothing to tell apart" in text(found)


def test_two_films_of_each_label_stop(tmp_path: Path) -> None:
    found = audit(write_folder(tmp_path, count=2))
    assert found.stops
    assert "2 independent films" in text(found)
    assert "cannot be measured" in text(found)
    assert found.found["shortcuts"] == {"metadata": None, "frame": None}


@pytest.mark.slow
def test_film_that_cannot_be_read_is_named_with_its_reason(tmp_path: Path) -> None:
    folder = write_folder(tmp_path)
    (folder / "covid" / "Lunge \N{LATIN SMALL LETTER U WITH DIAERESIS}.png").write_text(
        "no film"
    )
    (folder / "notes.txt").write_text("of mine")
    checked = audit(folder)
    assert "Left out (files that are no films): 1." in text(checked)
    found = checked.found
    (file,) = found["unreadable"]
    assert file.startswith("covid/Lunge")
    assert "text file" in found["unreadable"][file]
    assert found["films"] == 12


@pytest.mark.slow
def test_film_that_vanishes_while_reading_is_unreadable(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, count=40)
    last = folder / "normal" / "079_pa.png"

    def report(event: object) -> None:
        last.unlink(missing_ok=True)

    found = audit(folder, report=report).found
    assert list(found["unreadable"]) == ["normal/079_pa.png"]


def test_no_readable_film_is_refused(tmp_path: Path) -> None:
    (tmp_path / "covid").mkdir()
    (tmp_path / "covid" / "a.png").write_text("no film")
    with pytest.raises(DatasetError, match="None of the films"):
        audit(tmp_path)


@pytest.mark.slow
def test_patient_comes_from_the_file_name(tmp_path: Path) -> None:
    for number in range(24):
        label = ("covid", "normal")[number // 2 % 2]
        name = f"{number // 2:02d}_{number}.png"
        write(tmp_path / label / name, phantom(number))
    found = audit(tmp_path, patient_pattern=r"^(\d+)_")
    assert found.found["patients"] == {
        "known": 24,
        "patients": 12,
        "origin": "file names",
        "grouped": 0,
    }
    assert found.split is not None
    tests = collections.Counter(sample.patient for sample in found.split.test)
    assert set(tests.values()) == {2}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("children", "severity"), [((6, 0), "warn"), ((6, 6), "note"), ((0, 0), "")]
)
def test_children_are_warned_of_where_they_tell_the_labels_apart(
    children: tuple[int, int], severity: str, tmp_path: Path
) -> None:
    write_folder(tmp_path)
    rows = [
        {"file": f"{label}/{2 * i + j:03d}_pa.png", "label": label, "child": child}
        for j, label in enumerate(("covid", "normal"))
        for i in range(6)
        for child in ["yes" if i < children[j] else "no"]
    ]
    found = audit(write_rows(tmp_path, rows)).found
    flagged = dict(zip(("covid", "normal"), children, strict=True))
    assert found["children"] == {label: n for label, n in flagged.items() if n}
    said = [s for s in found["sentences"] if s["text"].startswith("Films of children")]
    assert [sentence["severity"] for sentence in said] == [severity] * bool(severity)
    if said:
        counts = f"covid {children[0]} of 6, normal {children[1]} of 6."
        assert said[0]["text"] == f"Films of children: {counts}"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pattern", "what"),
    [("(", "understood"), ("(a{99999999999})", "understood"), ("x+", "round brackets")],
)
def test_bad_pattern_is_refused(tmp_path: Path, pattern: str, what: str) -> None:
    with pytest.raises(DatasetError, match=what) as caught:
        audit(write_folder(tmp_path), patient_pattern=pattern)
    assert "Write for example" in caught.value.hint


@pytest.mark.slow
def test_dicom_patient_is_known_by_a_hash_alone(tmp_path: Path) -> None:
    folder = write_folder(tmp_path)
    for number, person in ((20, "MUSTER^MAX"), (21, "MUSTER^MAX"), (22, "DOE")):
        dataset = dicom_dataset(phantom(number), PatientID=person, ViewPosition="LL")
        (folder / "covid" / f"{number}.dcm").write_bytes(dicom_bytes(dataset))
    found = audit(folder)
    patients = found.found["patients"]
    assert patients == {
        "known": 3,
        "patients": 2,
        "origin": "DICOM",
        "grouped": 0,
    }
    assert found.found["views"] == {"unknown": 12, "LL": 3}
    assert found.split is not None
    assert "MUSTER" not in repr(found.split)
    assert "3 films show the chest from the side" in text(found)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "lacking"), [("train", "val"), ("learn", "train")])
def test_given_split_without_a_label_stops(
    tmp_path: Path, name: str, lacking: str
) -> None:
    rows = []
    for number in range(12):
        write(tmp_path / f"{number}.png", phantom(number))
        label = ("covid", "normal")[number % 2]
        rows.append({"file": f"{number}.png", "label": label, "split": name})
    manifest = write_rows(tmp_path, rows)
    assert f"{lacking} has no film" in text(audit(manifest))
    made = audit(manifest, wish=SplitWish(regroup=True)).found
    assert made["split"]["origin"] == "made"


def test_shares_beyond_reason_are_refused() -> None:
    with pytest.raises(DatasetError, match="shares"):
        SplitWish(test=0.9)


@pytest.mark.slow
def test_progress_is_reported_to_the_last_film(tmp_path: Path) -> None:
    events: list[object] = []
    audit(write_folder(tmp_path), report=events.append)
    done = [e for e in events if isinstance(e, Progressed) and e.stage == "reading"]
    assert (done[-1].done, done[-1].total) == (12, 12)


def core(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "core", "audit", *map(str, words)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


@pytest.mark.slow
def test_command_says_what_leaks_and_ends_with_4(leaky: Path, tmp_path: Path) -> None:
    manifest = tmp_path / "split.csv"
    result = core(leaky, "--manifest", manifest)
    assert result.returncode == 4, result.stderr
    assert "split.csv is not written: no split may be used." in result.stderr
    assert not manifest.exists()
    assert result.stdout.startswith("STOP: ")
    assert "given split train" in result.stdout


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with films, and the JSON and the manifest that the command wrote."""
    folder = tmp_path_factory.mktemp("written")
    films = write_folder(folder / "films")
    manifest = folder / "split.csv"
    result = core(films, "--json", folder / "a.json", "--manifest", manifest)
    assert result.returncode == 0, result.stderr
    return folder


@pytest.mark.slow
def test_command_writes_json_and_a_manifest_with_hashes(written: Path) -> None:
    found, manifest = written / "a.json", written / "split.csv"
    dataset = index_dataset(manifest)
    assert all(len(sample.sha256) == 64 for sample in dataset.samples)
    assert given_split(dataset) is not None
    assert json.loads(found.read_text("utf-8"))["films"] == 12
    again = core(written / "films", "--json", found)
    assert again.returncode == 2
    assert "exists already" in again.stderr


@pytest.mark.slow
def test_film_that_changed_since_the_manifest_is_refused(written: Path) -> None:
    film = written / "films" / "covid" / "000_pa.png"
    as_it_was = film.read_bytes()
    write(film, phantom(50))
    try:
        (reason,) = audit(written / "split.csv").found["unreadable"].values()
    finally:
        film.write_bytes(as_it_was)
    assert "changed since" in reason


@pytest.mark.slow
def test_command_tells_events_and_ends_with_the_result(
    start: Callable[..., Child], tmp_path: Path
) -> None:
    out = tmp_path / "a.json"
    folder = write_folder(tmp_path / "films")
    child = start(folder, "--json", out, "--events", command="audit")
    status, errors = child.finish()
    assert status == 0, errors
    assert child.events[-1] == JobSucceeded(str(out))


@pytest.mark.slow
def test_command_refuses_data_that_is_not_there(tmp_path: Path) -> None:
    result = core(tmp_path / "nowhere", "--events")
    assert result.returncode == 2
    assert "JobFailed" in result.stdout


@pytest.mark.slow
def test_command_ends_with_2_for_one_label(tmp_path: Path) -> None:
    write(tmp_path / "covid" / "a.png", phantom(1))
    assert core(tmp_path).returncode == 2
