"""A graph in integers: what it is made of, what it is worth, who may read it."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.__main__ import main
from core.errors import BundleError, CoreError, DatasetError
from core.films.finder import find_films
from core.films.preprocess import to_network_input
from core.films.radiograph import read_radiograph
from core.model import int8 as module
from core.model import seen_films
from core.model.bundle import (
    FILMS,
    INT8_GRAPH,
    INT8_WEIGHTS,
    ModelBundle,
    extend_bundle,
    read_bundle,
)
from core.model.bundle import write_bundle as write
from core.model.classifier import open_graph
from core.model.gate import GATE, Gate
from core.model.graph import Graph, probe_input
from core.model.int8 import calibrate
from core.model.precision import graph_path, precision_note
from core.model.seen_films import film_sha256
from core.paths import default_bundle_dir
from core.scan.scanner import Scanner
from tests.conv_bundle import write_conv_bundle
from tests.phantoms import draw_phantom
from tests.tiny_bundle import SIZE

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty drawn films, a folder per label."""
    folder = tmp_path_factory.mktemp("films")
    for number in range(60):
        label = ("covid", "normal", "pneumonia")[number % 3]
        (folder / label).mkdir(exist_ok=True)
        pixels = draw_phantom(label, number, 64)
        cv2.imwrite(str(folder / label / f"{number}.png"), pixels)
    return folder


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    return write_conv_bundle(tmp_path_factory.mktemp("model") / "plain")


@pytest.fixture(scope="module")
def made(
    plain: ModelBundle, films: Path, tmp_path_factory: pytest.TempPathFactory
) -> ModelBundle:
    pytest.importorskip("nncf", reason="an optional requirement")
    return calibrate(plain, films, tmp_path_factory.mktemp("int8") / "model", films=30)


def test_the_new_bundle_is_whole_and_the_same_model(
    made: ModelBundle, plain: ModelBundle
) -> None:
    bundle = read_bundle(made.path)
    assert {INT8_GRAPH, INT8_WEIGHTS} <= set(bundle.card.files)
    assert bundle.sha256 == plain.sha256
    assert bundle.card.name == plain.card.name
    told = bundle.card.training["int8"]
    assert (told["films"], told["checked"]) == (30, 30)
    assert told["tool"].startswith("nncf ")


def test_its_convolutions_compute_in_integers(made: ModelBundle) -> None:
    text = (made.path / INT8_GRAPH).read_text("utf-8")
    assert text.count('type="FakeQuantize"') >= 1
    assert 'element_type="i8"' in text


def test_all_three_outputs_stay(made: ModelBundle) -> None:
    graph = Graph(made.path / INT8_GRAPH, size=SIZE, labels=3, precision="int8")
    shapes = [o.shape for o in graph.run(np.full((1, SIZE, SIZE, 1), 9, np.float32))]
    assert shapes == [(1, 3), (1, 4, 4, 3), (1, 8)]


def test_it_agrees_with_float32(made: ModelBundle, films: Path) -> None:
    """The floor under the deviation is kept: faint films would show if not."""
    assert made.card.training["int8"]["largest_difference"] < 0.05
    listed = find_films(films).films
    rows = {
        name: list(Scanner(made, films, precision=name).scan(listed))
        for name in ("float32", "int8")
    }
    for row, other in zip(*rows.values(), strict=True):
        assert other.precision == "int8"
        assert other.model_sha256 == row.model_sha256
        assert other.probabilities == pytest.approx(row.probabilities, abs=0.05)


def test_a_film_that_only_one_graph_would_refuse_counts_as_differing(
    made: ModelBundle, films: Path, tmp_path: Path
) -> None:
    exact, int8 = open_graph(made), graph_path(made, "int8")
    inputs = (
        to_network_input(read_radiograph(path), made.card.preprocess)
        for path in sorted(films.rglob("*.png"))
    )
    shown = next(x for x in inputs if not module._compare(made, exact, int8, [x])[1])
    embedding = exact.run(shown)[2][0]
    k = len(embedding)
    # So strict that the film it was made of passes alone, and in float32 alone.
    strict = Gate(
        mean=embedding,
        whiten=np.eye(k, dtype=np.float32) * 6e4,
        threshold=np.array(1e-9, np.float32),
        orientation_kernel=np.zeros((k, 1), np.float32),
        orientation_bias=np.zeros(1, np.float32),
        orientation_names=np.array(["upright"]),
        orientation_thresholds=np.ones(1, np.float32),
    )
    strict.write(tmp_path / GATE)
    gated = extend_bundle(made, tmp_path / "new", "gate", {}, {GATE: tmp_path / GATE})
    assert module._compare(gated, exact, int8, [shown])[1] == 1


def test_films_of_other_splits_are_never_used(
    plain: ModelBundle, films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = tmp_path / "split.csv"
    with open(manifest, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "label", "split"])
        for number, path in enumerate(sorted(films.rglob("*.png"))):
            split = ("train", "test", "val", "external")[number % 4]
            writer.writerow([path, path.parent.name, split])
    opened = []
    monkeypatch.setattr(
        seen_films,
        "read_radiograph",
        lambda path: opened.append(path) or read_radiograph(path),
    )
    with pytest.raises(DatasetError, match="has only 30 films to calibrate with"):
        calibrate(plain, manifest, tmp_path / "new")
    allowed = set(sorted(films.rglob("*.png"))[0::2])
    assert set(opened) == allowed
    assert not (tmp_path / "new").exists()


def test_films_that_the_model_was_tested_on_are_never_used(
    plain: ModelBundle, films: Path, tmp_path: Path
) -> None:
    tested = sorted(films.rglob("*.png"))[:30]
    listed = tmp_path / FILMS
    lines = ["sha256,split", *(f"{film_sha256(path)},test" for path in tested)]
    listed.write_text("\n".join(lines) + "\n", encoding="utf-8")
    files = {name: plain.path / name for name in plain.card.files}
    bundle = write(tmp_path / "model", plain.card, {**files, FILMS: listed})
    with pytest.raises(DatasetError, match="has only 30 films to calibrate with"):
        calibrate(bundle, films, tmp_path / "new")


def test_a_graph_that_loses_too_much_is_refused(
    plain: ModelBundle, films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("nncf", reason="an optional requirement")
    monkeypatch.setattr(module, "_compare", lambda *_: (0.9, 29))
    with pytest.raises(CoreError, match="loses too much in int8: 29 of 30 verdicts"):
        calibrate(plain, films, tmp_path / "new", films=30)
    assert not (tmp_path / "new").exists()


def test_without_the_package_one_sentence_says_what_to_do(
    plain: ModelBundle, films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "nncf", None)
    with pytest.raises(CoreError, match="needs the package nncf") as caught:
        calibrate(plain, films, tmp_path / "new")
    assert "pip install nncf" in caught.value.hint


def test_a_model_that_was_not_calibrated_says_what_to_do(plain: ModelBundle) -> None:
    with pytest.raises(BundleError, match="has no graph in int8") as caught:
        graph_path(plain, "int8")
    assert "python -m core calibrate" in caught.value.hint


def test_a_processor_without_the_instructions_is_told_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "core.model.precision.capabilities", lambda: frozenset(["FP32"])
    )
    assert precision_note("float32") == ""
    assert "no instructions for bfloat16" in precision_note("bfloat16")
    assert "no instructions for int8" in precision_note("int8")


@pytest.mark.slow
def test_the_model_that_comes_with_the_program_is_calibrated_and_small() -> None:
    bundle = read_bundle(default_bundle_dir())
    told = bundle.card.training["int8"]
    assert (told["films"], told["checked"]) == (300, 200)
    assert told["verdicts_that_differ"] <= 0.04 * told["checked"]
    assert sum(path.stat().st_size for path in bundle.path.iterdir()) < 45e6
    found = [
        open_graph(bundle, precision=name).logits(probe_input(bundle.card.preprocess))
        for name in ("float32", "int8")
    ]
    assert found[1] == pytest.approx(found[0], abs=0.5)


@pytest.mark.slow
def test_the_command_makes_a_bundle_and_says_what_it_is_worth(
    plain: ModelBundle, films: Path, tmp_path: Path
) -> None:
    pytest.importorskip("nncf", reason="an optional requirement")
    words = ["calibrate", plain.path, "--data", films, "--out", tmp_path / "new"]
    result = subprocess.run(
        [sys.executable, "-m", "core", *map(str, words), "--films", "30"],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("Calibrated on 30 films; on 30 others ")
    assert result.stdout.count("\n") == 1
    card = json.loads((tmp_path / "new" / "card.json").read_text("utf-8"))
    assert card["training"]["int8"]["seed"] == 0


def test_an_existing_bundle_is_not_replaced_unasked(
    plain: ModelBundle, films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["calibrate", str(plain.path), "--data", str(films), "--out", str(tmp_path)]
    assert main(words) == 2
    assert "exists already" in capsys.readouterr().err
