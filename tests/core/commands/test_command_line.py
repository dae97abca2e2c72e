"""The command line in real processes."""

from __future__ import annotations

import argparse
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

from core.commands.parser import parser
from core.evaluation.intervals import Resamples
from core.evaluation.metrics import classification_metrics
from core.films.radiograph import read_radiograph
from core.model.bundle import Label, ModelBundle, read_bundle
from core.outputs import MARK
from tests.dicom_files import dicom_bytes, dicom_dataset
from tests.phantoms import write_phantom_set
from tests.tiny_bundle import write_tiny_bundle

ROOT = Path(__file__).resolve().parents[3]
REAL_FILMS = Path(os.environ.get("HILUM_XRAY_DATA", ROOT.parent / "shared" / "xray"))
KEYS = {
    "path",
    "finding",
    "verdict",
    "probabilities",
    "heat_in_lungs",
    "warnings",
    "preprocessing",
    "temperature",
    "precision",
    "version",
    "model",
    "model_sha256",
    "refused",
    "reason",
    "error",
}


def core(*words: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "core", *map(str, words)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


@pytest.fixture(scope="module")
def phantoms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_phantom_set(tmp_path_factory.mktemp("films"), per_label=6, size=96)


@pytest.mark.slow
def test_predict_prints_one_object_per_film(
    tiny_bundle: ModelBundle, film: Path
) -> None:
    result = core("predict", "--json", "--model", tiny_bundle.path, film, film)
    assert result.returncode == 0, result.stderr
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [set(row) for row in rows] == [KEYS, KEYS]
    row = rows[0]
    assert row["path"] == str(film)
    assert row["error"] is None
    assert row["model_sha256"] == tiny_bundle.sha256
    assert list(row["probabilities"]) == list(tiny_bundle.card.label_names)
    assert sum(row["probabilities"].values()) == pytest.approx(1, abs=1e-5)


@pytest.mark.slow
def test_predict_prints_a_table_for_people(
    tiny_bundle: ModelBundle, film: Path
) -> None:
    result = core("predict", "--model", tiny_bundle.path, film)
    assert result.returncode == 0, result.stderr
    assert film.name in result.stdout
    assert "COVID-19" in result.stdout
    assert "not a medical device" in result.stderr


@pytest.mark.slow
def test_numbers_stand_below_the_names_of_their_labels_however_long(
    tmp_path: Path, film: Path
) -> None:
    names = ["Übel, groß", "A finding with a long name"]
    labels = [Label(f"label, {i}", name) for i, name in enumerate(names)]
    bundle = write_tiny_bundle(tmp_path / "bundle", labels=labels)
    result = core("predict", "--model", bundle.path, film)
    head, row, *_ = result.stdout.splitlines()
    assert "Übel, groß  A finding" in head
    for name in names:
        assert row[: head.index(name) + len(name)].endswith(" %")
    assert row[head.index("verdict") :].startswith("Looks like")


@pytest.mark.slow
def test_one_bad_film_among_good_ones_is_a_row_and_status_4(
    tiny_bundle: ModelBundle, film: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.png"
    bad.write_text("no picture", encoding="utf-8")
    result = core("predict", "--json", "--model", tiny_bundle.path, bad, film)
    assert result.returncode == 4
    first, second = (json.loads(line) for line in result.stdout.splitlines())
    assert "bad.png" in first["error"]
    assert all(first[key] is None for key in KEYS - {"path", "error", "refused"})
    assert first["refused"] is False
    assert second["error"] is None


@pytest.fixture
def slice_film(tmp_path: Path) -> Path:
    """A CT slice."""
    pixels = np.arange(128 * 112).reshape(128, 112).astype(np.uint16)
    path = tmp_path / "slice.dcm"
    path.write_bytes(dicom_bytes(dicom_dataset(pixels, Modality="CT")))
    return path


@pytest.mark.slow
def test_a_refused_film_has_no_verdict_and_is_no_failure(
    tiny_bundle: ModelBundle, film: Path, slice_film: Path, tmp_path: Path
) -> None:
    heat = tmp_path / "heat"
    words = ("--model", tiny_bundle.path, slice_film, film)
    result = core("predict", "--json", "--heatmap", heat, *words)
    assert result.returncode == 0, result.stderr
    refused, other = (json.loads(line) for line in result.stdout.splitlines())
    assert (refused["finding"], refused["probabilities"]) == (None, None)
    assert (refused["refused"], refused["error"]) == (True, None)
    assert "modality is CT" in refused["reason"]
    assert refused["verdict"] == f"No verdict. {refused['reason']}"
    assert (other["refused"], other["reason"]) == (False, None)
    assert [path.name for path in heat.iterdir()] == ["film-heatmap.png"]
    said = core("predict", *words)
    assert said.returncode == 0
    line = next(each for each in said.stdout.splitlines() if "slice.dcm" in each)
    assert "%" not in line
    assert "No verdict. The file's modality is CT" in line
    assert "“Normal” means: No sign of COVID-19 or pneumonia." in said.stderr


@pytest.mark.slow
def test_a_scan_counts_refused_films_apart(
    tiny_bundle: ModelBundle, slice_film: Path, tmp_path: Path
) -> None:
    films = tmp_path / "films"
    films.mkdir()
    slice_film.rename(films / "slice.dcm")
    write_phantom_set(films, per_label=3, size=96)
    out, page, rows = (tmp_path / f"scan.{kind}" for kind in ("csv", "html", "jsonl"))
    figures = tmp_path / "scan.json"
    words = ["--model", tiny_bundle.path, "--out", out, "--report", page]
    result = core("scan", films, *words, "--json", figures, "--jsonl", rows)
    assert result.returncode == 0, result.stderr
    with out.open(encoding="utf-8", newline="") as file:
        row = next(row for row in csv.DictReader(file) if row["refused"] == "true")
    assert row["file"] == "slice.dcm"
    assert (row["finding"], row["p_covid"], row["error"]) == ("", "", "")
    assert "modality is CT" in row["reason"]
    found = json.loads(figures.read_text("utf-8"))
    assert (found["films"], found["read"], found["refused"]) == (10, 9, 1)
    assert found["not_read"] == 0
    objects = [json.loads(line) for line in rows.read_text("utf-8").splitlines()]
    assert [each["path"] for each in objects if each["refused"]] == ["slice.dcm"]
    html = page.read_text("utf-8")
    assert "<h2>Refused</h2>" in html
    assert "No sign of COVID-19 or pneumonia." in html


@pytest.mark.slow
def test_contours_are_lines_on_the_film(
    tiny_bundle: ModelBundle, make_film: Callable[..., Path], tmp_path: Path
) -> None:
    path = make_film("bright.png", 250, 160)
    words = ["predict", "--model", tiny_bundle.path, "--contour", "--heatmap"]
    assert core(*words, tmp_path / "heat", path).returncode == 0
    picture = cv2.imread(str(tmp_path / "heat" / "bright-heatmap.png"))
    coloured = np.ptp(picture.astype(int), axis=2) > 20
    assert 0 < coloured.mean() < 0.2


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["empty", "text", "folder", "missing", "truncated"])
def test_a_film_that_cannot_serve_is_one_sentence_and_status_2(
    kind: str, tiny_bundle: ModelBundle, film: Path, tmp_path: Path
) -> None:
    path = tmp_path / "bad.png"
    if kind == "folder":
        path.mkdir()
    elif kind != "missing":
        content = {"empty": b"", "text": b"hello", "truncated": film.read_bytes()[:999]}
        path.write_bytes(content[kind])
    pictures = tmp_path / "heat"
    result = core(
        "predict", "--json", "--heatmap", pictures, "--model", tiny_bundle.path, path
    )
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    assert "bad.png" in json.loads(result.stdout)["error"]
    assert not pictures.exists()


@pytest.mark.slow
def test_heat_map_is_the_film_in_its_own_size(
    tiny_bundle: ModelBundle, film: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "wärme"
    words = ["predict", "--model", tiny_bundle.path, "--heatmap", folder, film]
    assert core(*words).returncode == 0
    (written,) = folder.iterdir()
    picture = cv2.imdecode(np.fromfile(written, np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (*read_radiograph(film).pixels.shape, 3)
    assert np.ptp(picture.astype(int), axis=2).max() > 20, "it has no colour"


@pytest.mark.slow
def test_films_of_one_name_get_heat_maps_of_their_own(
    tiny_bundle: ModelBundle, film: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other" / film.name
    other.parent.mkdir()
    other.write_bytes(film.read_bytes())
    folder = tmp_path / "heat"
    core("predict", "--model", tiny_bundle.path, "--heatmap", folder, film, other)
    assert sorted(path.name for path in folder.iterdir()) == [
        "film-heatmap-2.png",
        "film-heatmap.png",
    ]


@pytest.mark.slow
def test_heat_maps_are_never_overwritten_unasked(
    tiny_bundle: ModelBundle, film: Path, tmp_path: Path
) -> None:
    there = tmp_path / "film-heatmap.png"
    there.write_bytes(b"mine")
    words = ["predict", "--model", tiny_bundle.path, "--heatmap", tmp_path, film]
    result = core(*words)
    assert result.returncode == 2
    assert "exists already" in result.stderr
    assert there.read_bytes() == b"mine"
    assert core(*words, "--overwrite").returncode == 0
    assert there.read_bytes() != b"mine"


@pytest.mark.slow
def test_a_heat_map_folder_that_cannot_be_made_is_one_sentence(
    tiny_bundle: ModelBundle, film: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    folder = tmp_path / "file" / "heat"
    result = core("predict", "--model", tiny_bundle.path, "--heatmap", folder, film)
    assert result.returncode == 2
    assert len(result.stderr.strip().splitlines()) == 1


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["hash", "version", "missing", "no bundle"])
def test_a_damaged_bundle_is_one_sentence_and_status_2(
    damage: str, film: Path, tmp_path: Path
) -> None:
    path = write_tiny_bundle(tmp_path / "model").path
    if damage == "hash":
        (path / "model.xml").write_text("<net/>", encoding="utf-8")
    elif damage == "version":
        card = json.loads((path / "card.json").read_text(encoding="utf-8"))
        card["format_version"] = 99
        (path / "card.json").write_text(json.dumps(card), encoding="utf-8")
    elif damage == "missing":
        (path / "model.bin").unlink()
    else:
        (path / "card.json").unlink()
    result = core("predict", "--model", path, film)
    assert result.returncode == 2
    assert result.stdout == ""
    assert len(result.stderr.strip().splitlines()) == 1


@pytest.mark.slow
def test_evaluate_writes_what_it_prints(
    tiny_bundle: ModelBundle, phantoms: Path, tmp_path: Path
) -> None:
    out, report = tmp_path / "result.json", tmp_path / "bericht.html"
    words = ["evaluate", tiny_bundle.path, "--data", phantoms]
    result = core(*words, "--json", out, "--report", report)
    assert result.returncode == 0, result.stderr
    figures = json.loads(out.read_text(encoding="utf-8"))
    with open(phantoms, encoding="utf-8") as file:
        in_test = sum(row["split"] == "test" for row in csv.DictReader(file))
    assert figures["n"] == in_test
    for name in ("accuracy", "macro_f1"):
        low, high = figures[f"{name}_ci"]
        assert 0 <= low <= figures[name] <= high <= 1
    for rates in figures["per_class"].values():
        names = {"precision", "recall", "specificity", "f1", "auc"}
        assert names | {f"{name}_ci" for name in names} | {"n"} == set(rates)
    assert sum(map(sum, figures["confusion_matrix"])) == in_test
    assert 0 <= figures["ece"] <= 1
    assert f"{figures['accuracy']:.3f}" in result.stdout
    assert f"{figures['accuracy']:.3f}" in report.read_text(encoding="utf-8")
    again = core(*words, "--json", out)
    assert again.returncode == 2
    assert "exists already" in again.stderr


@pytest.mark.slow
def test_evaluate_takes_every_film_of_a_folder_without_splits(
    tiny_bundle: ModelBundle, phantoms: Path, tmp_path: Path
) -> None:
    out = tmp_path / "result.json"
    (phantoms.parent / "covid" / "broken.png").write_bytes(b"GIF89a")
    try:
        result = core(
            "evaluate", tiny_bundle.path, "--data", phantoms.parent, "--json", out
        )
    finally:
        (phantoms.parent / "covid" / "broken.png").unlink()
    assert result.returncode == 4
    assert "broken.png" in result.stderr
    figures = json.loads(out.read_text(encoding="utf-8"))
    assert (figures["n"], figures["unreadable"]) == (18, 1)


@pytest.mark.slow
def test_evaluate_refuses_a_split_that_is_not_there(
    tiny_bundle: ModelBundle, phantoms: Path
) -> None:
    result = core("evaluate", tiny_bundle.path, "--data", phantoms, "--split", "tset")
    assert result.returncode == 2
    assert "test, train, val" in result.stderr


@pytest.mark.slow
def test_card_tells_what_a_model_is(tiny_bundle: ModelBundle) -> None:
    result = core("card", tiny_bundle.path, "--json")
    assert json.loads(result.stdout)["name"] == tiny_bundle.card.name
    text = core("card", write_card_only_metrics(tiny_bundle)).stdout
    assert tiny_bundle.sha256 in text


def write_card_only_metrics(bundle: ModelBundle) -> Path:
    """A copy whose card claims no figures, as one not evaluated yet."""
    path = bundle.path.parent / "unmeasured"
    path.mkdir(exist_ok=True)
    for file in bundle.path.iterdir():
        (path / file.name).write_bytes(file.read_bytes())
    card = json.loads((path / "card.json").read_text(encoding="utf-8"))
    card["metrics"] = {}
    (path / "card.json").write_text(json.dumps(card), encoding="utf-8")
    return path


@pytest.mark.slow
def test_export_copies_the_graph_without_keras(
    tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    out = tmp_path / "graph"
    words = ["export", tiny_bundle.path, "--format", "openvino", "--out", out]
    assert core(*words).returncode == 0
    assert {path.name for path in out.iterdir()} == {"model.xml", "model.bin", MARK}
    assert core(*words).returncode == 2, "it was there already"


@pytest.mark.slow
def test_wrong_use_is_status_2(film: Path) -> None:
    assert core("predict").returncode == 2
    assert core("diagnose", film).returncode == 2
    assert core("export", ROOT, "--format", "jpeg", "--out", "x").returncode == 2


@pytest.mark.slow
def test_predict_loads_neither_keras_nor_statistics(
    tiny_bundle: ModelBundle, film: Path
) -> None:
    code = (
        "import sys; from core.__main__ import main; "
        f"main(['predict', {str(film)!r}, '--model', {str(tiny_bundle.path)!r}]); "
        "heavy = {'keras', 'tensorflow', 'sklearn', 'scipy', 'pydicom', 'PyQt5'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT
    )
    assert result.stdout.splitlines()[-1] == "[]", result.stderr


@pytest.mark.slow
def test_results_can_be_cut_short(tiny_bundle: ModelBundle, film: Path) -> None:
    command = [sys.executable, "-m", "core", "predict", "--model", tiny_bundle.path]
    with subprocess.Popen(
        [*map(str, command), *[str(film)] * 5],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert "Traceback" not in process.stderr.read()


def listed_films_of_default_model() -> list[dict[str, str]]:
    """Its test films, with what it said of each when it was measured."""
    path = ROOT / "resources" / "model" / "evaluation.csv"
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


class TestDefaultModel:
    """The model that comes with the program, on its drawn and on real films."""

    @pytest.mark.slow
    def test_self_test_passes_on_all_cores(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("OMP_NUM_THREADS")
        result = core("self-test", cwd=ROOT.parent)
        assert result.returncode == 0, result.stderr
        assert result.stdout.splitlines()[-1] == "All is well."

    @pytest.mark.slow
    def test_a_sample_is_said_to_be_drawn(self, film: Path) -> None:
        sample = sorted((ROOT / "resources" / "samples").glob("*.png"))[0]
        result = core("predict", "--json", sample, film)
        drawn, other = (json.loads(line) for line in result.stdout.splitlines())
        assert any("drawn" in warning for warning in drawn["warnings"])
        assert not any("drawn" in warning for warning in other["warnings"])

    def test_it_is_under_45_megabytes(self) -> None:
        path = read_bundle(ROOT / "resources" / "model").path
        assert sum(file.stat().st_size for file in path.iterdir()) < 45e6

    def test_its_card_tells_how_it_was_made_and_measured(self) -> None:
        card = read_bundle(ROOT / "resources" / "model").card
        assert card.label_names == ("covid", "normal", "pneumonia")
        assert card.training["command"].startswith("python -m core train --data ")
        assert card.metrics["test"]["n"] == 1942
        assert any("by a script" in note for note in card.training["notes"])
        within = card.metrics["test"]["within_source"]
        assert {entry["within"] for entry in within} >= {"SIIM", "NIH", "CheXpert"}

    def test_its_figures_are_those_of_the_films_it_lists(self) -> None:
        card = read_bundle(ROOT / "resources" / "model").card
        rows = listed_films_of_default_model()
        labels = card.label_names
        truth = np.array([labels.index(row["label"]) for row in rows])
        found = np.array([[float(row[f"p_{name}"]) for name in labels] for row in rows])
        found /= found.sum(axis=1, keepdims=True)
        whole = Resamples((np.arange(len(truth)),))
        figures = classification_metrics(truth, found, labels, whole)
        stated = card.metrics["test"]
        assert figures["n"] == stated["n"]
        assert figures["accuracy"] == pytest.approx(stated["accuracy"], abs=1e-4)
        for label, rates in figures["per_class"].items():
            auc = stated["per_class"][label]["auc"]
            assert rates["auc"] == pytest.approx(auc, abs=1e-4)

    @pytest.mark.slow
    @pytest.mark.skipif(
        not (REAL_FILMS / "manifest.csv").is_file(),
        reason="the real films are not here (HILUM_XRAY_DATA)",
    )
    def test_it_reads_a_tenth_of_the_films_it_lists_as_it_did(self) -> None:
        rows = listed_films_of_default_model()[::10]
        films = [REAL_FILMS / row["file"] for row in rows]
        result = core("predict", "--json", *films)
        verdicts = [json.loads(line) for line in result.stdout.splitlines()]
        assert sum(bool(verdict["refused"]) for verdict in verdicts) <= len(rows) // 50
        for row, verdict in zip(rows, verdicts, strict=True):
            found = verdict["probabilities"] or {}  # none of a film that is refused
            assert found == pytest.approx(
                {name: float(row[f"p_{name}"]) for name in found}, abs=1e-3
            ), row["file"]

    @pytest.mark.slow
    @pytest.mark.skipif(
        not (REAL_FILMS / "originals").is_dir(),
        reason="the real films are not here (HILUM_XRAY_DATA)",
    )
    def test_it_reads_every_original_file(self) -> None:
        films = sorted((REAL_FILMS / "originals").iterdir())
        result = core("predict", "--json", *films)
        assert result.returncode == 0, result.stderr
        assert len(result.stdout.splitlines()) == len(films)


def test_only_the_command_that_is_named_is_loaded() -> None:
    code = (
        "import sys; from core.commands.parser import parser; "
        "parser(['--verbose', 'predict', 'scan']); "
        "print([x for x in ('scan', 'evaluate', 'train') "
        "if f'core.commands.{x}' in sys.modules])"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr


def test_every_command_says_its_arguments_and_can_be_run() -> None:
    (commands,) = (
        action.choices
        for action in parser()._actions
        if isinstance(action, argparse._SubParsersAction)
    )
    assert "self-test" in commands
    for name, its_parser in commands.items():
        assert callable(its_parser.get_default("run")), name
