"""Fitting a gate to drawn films."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.errors import DatasetError
from core.films.preprocess import PreprocessSpec, to_network_input
from core.films.radiograph import radiograph_from_array
from core.model import gate_fit as fitting
from core.model.bundle import ModelBundle, extend_bundle, read_bundle
from core.model.classifier import Classifier, open_graph
from core.model.gate import GATE, NOT_CHEST, Gate, read_gate
from core.model.gate_fit import TURNS, add_gate, fit_gate, gate_in_words
from core.model.lungs import LUNG_GRAPH, LUNG_WEIGHTS
from core.paths import default_bundle_dir
from tests.phantoms import LABELS, draw_phantom, write_phantom_set
from tests.tiny_bundle import SIZE, write_tiny_bundle

SPEC = PreprocessSpec(size=SIZE)


def squares(seeds: range) -> list[np.ndarray]:
    films = (draw_phantom(LABELS[seed % 3], seed, size=64) for seed in seeds)
    return [
        to_network_input(radiograph_from_array(film), SPEC)[0, :, :, 0]
        for film in films
    ]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    return write_tiny_bundle(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture(scope="module")
def fitted(bundle: ModelBundle) -> tuple[Gate, dict[str, Any]]:
    told: list[tuple[int, int]] = []
    graph = open_graph(bundle, for_many=True)
    found = fit_gate(
        graph,
        squares(range(150)),
        squares(range(1000, 1080)),
        on_film=lambda done, total: told.append((done, total)),
    )
    assert found is not None
    assert [done for done, _ in told] == list(range(1, told[-1][1] + 1))
    return found


@pytest.mark.slow
def test_fresh_films_pass_and_turned_ones_are_told(
    fitted: tuple[Gate, dict[str, Any]], bundle: ModelBundle
) -> None:
    graph = open_graph(bundle)
    fresh = squares(range(2000, 2060))

    def said(name: str) -> list[str]:
        found = []
        for film in fresh:
            turned = np.ascontiguousarray(TURNS[name](film), np.float32)
            _, _, embedding = graph.run(turned[np.newaxis, ..., np.newaxis])
            check = fitted[0].check(turned, embedding[0])
            found.append(check.refused or "".join(w.mend for w in check.warnings))
        return found

    assert sum(each == "" for each in said("upright")) >= 55
    for name, mend in (("rot180", "rotate 180"), ("inverted", "invert")):
        found = said(name)
        assert found.count("") <= 6, name
        assert found.count(mend) > 0 or found.count(NOT_CHEST) > 50, name


@pytest.mark.parametrize("value", [0, 255])
def test_blank_and_noisy_pictures_are_refused(
    fitted: tuple[Gate, dict[str, Any]], bundle: ModelBundle, value: int
) -> None:
    graph = open_graph(bundle)
    rng = np.random.default_rng(value)
    for film in (np.full((SIZE, SIZE), value), rng.integers(0, 256, (SIZE, SIZE))):
        distance = fitted[0].distances(graph.embedding(film.astype(np.float32)))
        assert distance > fitted[0].threshold


def test_few_upright_validation_films_are_refused_or_warned_of(
    fitted: tuple[Gate, dict[str, Any]],
) -> None:
    record = fitted[1]
    assert record["refused"] <= 0.03
    assert record["warned"] <= 0.03
    assert set(record["found"]) == set(TURNS) - {"upright"}
    assert "80 validation films" in gate_in_words(record)


@pytest.mark.slow
def test_too_few_films_make_no_gate(bundle: ModelBundle) -> None:
    assert fit_gate(open_graph(bundle), squares(range(59)), squares(range(99))) is None


@pytest.mark.slow
def test_a_bundle_gets_a_gate_that_its_card_tells_of(
    bundle: ModelBundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fitting, "LEAST", 8)
    manifest = write_phantom_set(tmp_path / "films", per_label=14, size=64)
    other = tmp_path / "other"
    other.mkdir()
    rng = np.random.default_rng(0)
    for number in range(24):
        noise = rng.integers(0, 256, (64, 64)).astype(np.uint8)
        Image.fromarray(noise).save(other / f"{number}.png")
    made = add_gate(bundle, manifest, tmp_path / "new", other=other)
    again = read_bundle(tmp_path / "new")
    assert again.sha256 == bundle.sha256 == made.sha256
    assert GATE in again.card.files
    told = again.card.training["gate"]
    assert told["train"] == manifest.read_text("utf-8").count(",train")
    assert told["found"]["other"] == 1.0
    assert again.card.training["command"] == bundle.card.training["command"]
    noise = radiograph_from_array(rng.integers(0, 256, (64, 64)).astype(np.uint8))
    assert Classifier(again).predict(noise).check.refused == NOT_CHEST


def test_too_few_films_are_a_sentence_that_says_how_many(
    bundle: ModelBundle, tmp_path: Path
) -> None:
    manifest = write_phantom_set(tmp_path / "films", per_label=3, size=64)
    with pytest.raises(DatasetError, match="too few films to fit a gate") as caught:
        add_gate(bundle, manifest, tmp_path / "new")
    assert "at least 60 of each" in caught.value.hint
    assert not (tmp_path / "new").exists()


@pytest.mark.slow
def test_a_gate_asks_for_lungs_as_likely_as_those_of_validation_films(
    bundle: ModelBundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fitting, "LEAST", 8)
    plain = write_phantom_set(tmp_path / "films", per_label=14, size=64)
    shipped = read_bundle(default_bundle_dir())
    graph = {name: shipped.path / name for name in (LUNG_GRAPH, LUNG_WEIGHTS)}
    lungs = shipped.card.training["lungs"]
    finding = extend_bundle(bundle, tmp_path / "finding", "lungs", lungs, graph)
    made = add_gate(finding, plain, tmp_path / "new")
    classifier = Classifier(made)
    gate = read_gate(made, lambda film: film)
    assert gate is not None
    assert 0.5 < gate.lung_likelihood < 1
    with np.load(tmp_path / "new" / GATE) as stored:
        arrays = dict(stored)
    arrays["lung_likelihood"] = np.ones((), np.float32)  # nothing is as sure as that
    arrays["threshold"] = np.array(np.finfo(np.float32).max)
    path = tmp_path / GATE
    np.savez(path, **arrays)
    asking = extend_bundle(made, tmp_path / "asking", "gate", {}, {GATE: path})
    film = radiograph_from_array(draw_phantom("normal", 5, size=256))
    assert classifier.predict(film).lungs is not None
    assert Classifier(asking).predict(film).check.refused == NOT_CHEST
