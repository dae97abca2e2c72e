"""The packaged command line does everything that needs no training."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from core import __version__, paths
from core.commands import parser as command_line
from core.jobs.events import JobStopped, Progressed
from core.model.bundle import WEIGHTS, ModelBundle, read_bundle
from core.program import licences
from core.reports.film_files import KINDS
from core.scan.in_flight import InFlightJournal
from tests.dicom_files import dicom_bytes, dicom_dataset
from tests.packed_app import PackedApp, clean_environment, wait_until
from tests.phantoms import draw_phantom, write_phantom_set
from tests.training_child import Child

pytest_plugins = ("tests.packed_fixtures",)


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_it_says_its_version(app: PackedApp) -> None:
    assert app.run("--version").stdout.strip() == f"Hilum {__version__}"


def test_self_test_finds_all_well(app: PackedApp) -> None:
    done = app.run("self-test")
    assert done.returncode == 0, done.stderr
    assert "All is well." in done.stdout


def test_the_card_is_told(app: PackedApp) -> None:
    done = app.run("card", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["labels"]


def test_every_command_has_help(app: PackedApp) -> None:
    (commands,) = [a for a in command_line.parser()._actions if a.choices]
    for command in commands.choices:
        done = app.run(command, "--help")
        assert done.returncode == 0, command
        assert done.stdout.startswith(f"usage: hilum-core {command}")


def test_the_packed_model_is_whole_and_named_as_the_source_names_it(
    app: PackedApp,
) -> None:
    packed = read_bundle(app.inside / "resources" / "model")
    assert packed.sha256 == read_bundle(paths.default_bundle_dir()).sha256
    assert (WEIGHTS in packed.card.files) != app.is_reader


def test_a_scan_writes_all_its_files(
    app: PackedApp, phantoms: Path, tmp_path: Path
) -> None:
    names = {"--out": "r.csv", "--jsonl": "r.jsonl", "--xlsx": "r.xlsx"}
    names["--report"] = "r.html"
    words = [word for key, name in names.items() for word in (key, tmp_path / name)]
    done = app.run("scan", phantoms.parent, *words)
    assert done.returncode == 0, done.stderr
    rows = read_csv(tmp_path / "r.csv")
    assert len(rows) == 30
    assert len((tmp_path / "r.jsonl").read_text("utf-8").splitlines()) == 30
    book = openpyxl.load_workbook(tmp_path / "r.xlsx")
    assert book.worksheets[0].max_row >= 31
    book.close()
    assert "<html" in (tmp_path / "r.html").read_text("utf-8")[:500]


def test_a_scan_that_watches_reads_a_film_that_comes(
    app: PackedApp, film: Path, tmp_path: Path
) -> None:
    folder, out = tmp_path / "inbox", tmp_path / "r.csv"
    folder.mkdir()
    shutil.copy(film, folder / "first.png")
    child = subprocess.Popen(
        [*map(str, app.core), "scan", str(folder), "--out", str(out), "--watch"],
        env=clean_environment({}),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: out.exists() and len(read_csv(out)) == 1)
        shutil.copy(film, folder / "second.png")
        wait_until(lambda: len(read_csv(out)) == 2)
    finally:
        child.terminate()
        child.communicate(timeout=30)


def test_many_small_films_are_scanned(
    app: PackedApp, film: Path, tmp_path: Path
) -> None:
    folder, out = tmp_path / "in", tmp_path / "r.csv"
    folder.mkdir()
    for number in range(150):
        os.link(film, folder / f"{number}.png")
    done = app.run("scan", folder, "--out", out)
    assert done.returncode == 0, done.stderr
    assert len({row["file"] for row in read_csv(out)}) == 150


def test_a_scan_is_paused_and_stopped_and_goes_on(
    app: PackedApp, start: Callable[..., Child], film: Path, tmp_path: Path
) -> None:
    folder, out = tmp_path / "in", tmp_path / "r.csv"
    folder.mkdir()
    for number in range(400):
        os.link(film, folder / f"{number}.png")
    child = start(
        *(folder, "--out", out, "--events"),
        command="scan",
        program=app.core,
        environment=clean_environment({}),
    )
    child.until(Progressed)
    child.say("pause")
    child.say("stop")
    status, said = child.finish()
    assert status == 3, said
    assert isinstance(child.events[-1], JobStopped)
    assert len(read_csv(out)) < 400
    done = app.run("scan", folder, "--out", out, "--resume")
    assert done.returncode == 0, done.stderr
    assert len({row["file"] for row in read_csv(out)}) == len(read_csv(out)) == 400


def test_a_film_that_a_dead_scan_was_reading_is_tried_in_a_child(
    app: PackedApp, film: Path, tmp_path: Path
) -> None:
    out = tmp_path / "r.csv"
    with contextlib.suppress(KeyError), InFlightJournal(out) as notes:
        notes.begin()
        with notes.reading(film.name):
            raise KeyError  # as a crash: the film stays noted
    done = app.run("scan", film.parent, "--out", out)
    assert done.returncode == 0, done.stderr
    assert "tried first" in done.stderr
    assert [row["error"] for row in read_csv(out)] == [""]


def test_the_child_that_tries_films_answers(app: PackedApp, film: Path) -> None:
    model = app.inside / "resources" / "model"
    child = subprocess.Popen(
        [*map(str, app.core), "crash-probe", str(film.parent), str(model)],
        env=clean_environment({}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(json.dumps(film.name) + "\n")
    child.stdin.flush()
    assert child.stdout.read() == "ready\n"  # to its end: its stdin is still open
    child.wait(timeout=30)
    child.communicate()
    assert child.returncode == 0


@pytest.mark.parametrize("package", ["ray", "nncf"])
def test_what_is_not_packed_is_told_in_a_sentence(
    app: PackedApp, package: str, tmp_path: Path
) -> None:
    folder = write_phantom_set(tmp_path / "films", 20, size=64).parent
    out = tmp_path / "out"
    commands = {
        "ray": ["scan", folder, "--out", out, "--ray", "local"],
        "nncf": ["calibrate", app.inside / "resources/model", "--data", folder]
        + ["--out", out],
    }
    done = app.run(*commands[package])
    assert done.returncode == 2
    assert "The packaged Hilum cannot" in done.stderr
    assert "from its source" in done.stderr
    assert "Traceback" not in done.stderr
    assert not out.exists()


def test_the_licences_of_what_is_packed_are_there(app: PackedApp) -> None:
    text = (app.inside / "resources" / licences.FILE).read_text("utf-8")
    parts = {part["name"].lower(): part for part in json.loads(text)}
    assert {"hilum", "python", "pyqt5", "openvino", "numpy"} <= parts.keys()
    assert ("keras" in parts) != app.is_reader
    assert not {"pytest", "jax", "ray", "nncf"} & parts.keys()
    assert all(part["version"] and part["licence"] for part in parts.values())


def test_a_worklist_copies_films_into_folders(
    app: PackedApp, phantoms: Path, tmp_path: Path
) -> None:
    scan = tmp_path / "r.csv"
    assert app.run("scan", phantoms.parent, "--out", scan).returncode == 0
    copies = tmp_path / "sorted"
    words = [scan, "--folder", phantoms.parent, "--copy-to", copies]
    done = app.run("worklist", *words)
    assert done.returncode == 0, done.stderr
    assert len(list(copies.rglob("*.png"))) == 30


def test_evaluate_measures_and_writes_a_report(
    app: PackedApp, tiny_bundle: ModelBundle, phantoms: Path, tmp_path: Path
) -> None:
    figures, report = tmp_path / "e.json", tmp_path / "e.html"
    words = [tiny_bundle.path, "--data", phantoms, "--json", figures]
    done = app.run("evaluate", *words, "--report", report)
    assert done.returncode == 0, done.stderr
    assert json.loads(figures.read_text("utf-8"))
    assert "<svg" in report.read_text("utf-8")


def test_reports_on_a_film_are_written(app: PackedApp, tmp_path: Path) -> None:
    film, folder = tmp_path / "a.dcm", tmp_path / "reports"
    film.write_bytes(dicom_bytes(dicom_dataset(draw_phantom("covid", 1, 256))))
    words = ["--report", folder, "--report-format", "pdf,html,sc,sr"]
    done = app.run("predict", film, *words)
    assert done.returncode == 0, done.stderr
    made = {path.name for path in folder.iterdir()}
    assert made == {f"a{ending}" for ending in KINDS.values()}


def test_audit_finds_a_copy(app: PackedApp, phantoms: Path, tmp_path: Path) -> None:
    found = tmp_path / "audit.json"
    manifest = tmp_path / "split.csv"
    done = app.run("audit", phantoms, "--json", found, "--manifest", manifest)
    assert done.returncode in (0, 4), done.stderr
    assert json.loads(found.read_text("utf-8"))
    assert len(read_csv(manifest)) == 30


def test_two_models_are_compared(
    app: PackedApp, tiny_bundle: ModelBundle, phantoms: Path, tmp_path: Path
) -> None:
    words = [tiny_bundle.path, tiny_bundle.path, "--data", phantoms]
    done = app.run("compare", *words, "--json", tmp_path / "c.json")
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "c.json").read_text("utf-8"))


def test_a_model_goes_into_one_file_and_back(
    app: PackedApp, tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    file, back = tmp_path / "model.hilum", tmp_path / "back"
    packed = app.run("export", tiny_bundle.path, "--format", "hilum", "--out", file)
    assert packed.returncode == 0, packed.stderr
    unpacked = app.run("import", file, "--out", back)
    assert unpacked.returncode == 0, unpacked.stderr
    assert read_bundle(back).sha256 == tiny_bundle.sha256


def test_wrong_use_is_status_2_and_a_sentence(app: PackedApp, tmp_path: Path) -> None:
    done = app.run("predict", tmp_path / "nothing.png")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_its_words_pass_a_terminal_that_knows_only_ascii(
    app: PackedApp, film: Path
) -> None:
    odd = film.with_name("Röntgen 胸.png")
    film.rename(odd)
    done = app.run("predict", odd, LC_ALL="C", LANG="C")
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not shutil.which("sh"), reason="there is no shell")
def test_results_can_be_cut_short(app: PackedApp, film: Path) -> None:
    line = " ".join(f"'{word}'" for word in (*app.core, "predict", *[film] * 40))
    done = subprocess.run(
        ["sh", "-c", f"{line} --json | head -n 1"],
        env=clean_environment({}),
        capture_output=True,
        text=True,
    )
    assert done.stdout.count("\n") == 1
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not shutil.which("strace"), reason="needs strace")
def test_no_module_of_tensorflow_is_loaded_to_predict(
    app: PackedApp, film: Path
) -> None:
    done = app.run("predict", film, prefix=["strace", "-f", "-e", "trace=openat"])
    if "strace" in done.stderr[:100]:
        pytest.skip("strace is not allowed here")
    assert "libtensorflow" not in done.stderr
