"""Whether the heat maps of the default model show what the model has learned."""

from __future__ import annotations

import csv
import functools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import openvino as ov
import pytest

from core.films.preprocess import to_network_input
from core.films.radiograph import read_radiograph
from core.model.bundle import GRAPH, ModelBundle, read_bundle
from core.model.graph import Graph
from core.paths import default_bundle_dir, sample_films

ROOT = Path(__file__).resolve().parents[3]
Run = Callable[[np.ndarray], tuple[np.ndarray, ...]]


@pytest.fixture(scope="module")
def bundle() -> ModelBundle:
    return read_bundle(default_bundle_dir())


@pytest.fixture(scope="module")
def run(bundle: ModelBundle) -> Run:
    card = bundle.card
    size, labels = card.preprocess.size, len(card.labels)
    return Graph(bundle.path / GRAPH, size=size, labels=labels).run


def _real() -> list[Path]:
    """Some real films of the split test, where there are any."""
    folder = Path(os.environ.get("HILUM_XRAY_DATA", ROOT.parent / "shared" / "xray"))
    if not (folder / "manifest.csv").is_file():
        return []
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
        listed = [row["file"] for row in csv.DictReader(file) if row["split"] == "test"]
    order = np.random.default_rng(3).permutation(len(listed))[:10]
    return [folder / listed[row] for row in order]


@pytest.fixture(scope="module", params=["drawn", "real"])
def films(bundle: ModelBundle, request: pytest.FixtureRequest) -> np.ndarray:
    """(n, size, size, 1) of films."""
    paths = sample_films() if request.param == "drawn" else _real()
    if not paths:
        pytest.skip("there are no real films here: HILUM_XRAY_DATA names none")
    spec = bundle.card.preprocess
    return np.concatenate(
        [to_network_input(read_radiograph(path), spec) for path in paths]
    )


@pytest.fixture(scope="module")
def outputs(run: Run, films: np.ndarray) -> tuple[np.ndarray, ...]:
    """What the model gives for the films as they are."""
    return run(films)


def maps(outputs: tuple[np.ndarray, ...]) -> np.ndarray:
    """(n, h * w) evidence of the first label, the mean of each taken away."""
    return _flat(outputs[1][..., 0])


def alike(one: np.ndarray, other: np.ndarray) -> float:
    """Mean correlation of maps, film by film."""
    norms = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return float(((one * other).sum(axis=1) / np.maximum(norms, 1e-12)).mean())


@pytest.fixture(scope="module", autouse=True)
def _let_go() -> Iterator[None]:
    """Nine graphs that are kept for the films of both kinds take much memory."""
    yield
    shuffled.cache_clear()


@functools.cache
def shuffled(xml: Path, layers: int, seed: int = 0) -> Run:
    """The graph with the weights of its last layers shuffled.

    Source:
        Adebayo et al., Sanity checks for saliency maps, NeurIPS 2018,
        arXiv:1810.03292.
    """
    core = ov.Core()
    model = core.read_model(xml)
    rng = np.random.default_rng(seed)
    kinds = {"Convolution", "MatMul", "GroupConvolution"}
    weighted = [
        node for node in model.get_ordered_ops() if node.get_type_name() in kinds
    ]
    for node in weighted[len(weighted) - layers :]:
        source = node.input_value(1).get_node()
        while source.get_type_name() in ("Convert", "Multiply", "Reshape", "Transpose"):
            source = source.input_value(0).get_node()
        values = source.get_data()
        mixed = rng.permutation(values.ravel()).reshape(values.shape)
        constant = ov.opset13.constant(mixed, dtype=values.dtype)
        source.output(0).replace(constant.output(0))
    compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    names = ("logits", "evidence", "embedding")
    return lambda batch: tuple(compiled(batch)[compiled.output(name)] for name in names)


@pytest.mark.slow
def test_the_map_falls_apart_as_weights_are_shuffled_from_the_top(
    bundle: ModelBundle, outputs: tuple[np.ndarray, ...], films: np.ndarray
) -> None:
    before = maps(outputs)
    untouched = shuffled(bundle.path / GRAPH, 0)(films[:2])
    assert alike(before[:2], maps(untouched)) > 0.999
    # Several times: drawn films are alike, so one random map may resemble all theirs.
    few, many = (
        np.mean(
            [
                alike(before, maps(shuffled(bundle.path / GRAPH, layers, seed)(films)))
                for seed in range(4)
            ]
        )
        for layers in (2, 40)
    )
    assert few < 0.8
    assert abs(many) < 0.5


@pytest.mark.slow
def test_a_flipped_film_has_a_flipped_map(
    run: Run, outputs: tuple[np.ndarray, ...], films: np.ndarray
) -> None:
    evidence, other = outputs[1], run(films[:, :, ::-1].copy())[1][:, :, ::-1]
    found = [alike(_flat(evidence[..., c]), _flat(other[..., c])) for c in range(3)]
    assert np.mean(found) > 0.55


@pytest.mark.slow
@pytest.mark.parametrize("cells", [1, -1])
def test_a_moved_film_has_a_moved_map(
    run: Run, outputs: tuple[np.ndarray, ...], films: np.ndarray, cells: int
) -> None:
    evidence = outputs[1]
    step = films.shape[1] // evidence.shape[1]
    moved = run(np.roll(films, cells * step, axis=2))[1]
    inner = slice(1, -1)  # what was rolled in is no part of the film
    there, still = (
        np.mean(
            [
                alike(_flat(each[:, :, inner, c]), _flat(moved[:, :, inner, c]))
                for c in range(3)
            ]
        )
        for each in (np.roll(evidence, cells, axis=2), evidence)
    )
    assert there > 0.8
    assert there > still + 0.2


@pytest.mark.slow
def test_what_is_hot_matters_more_than_what_is_drawn_by_lot(
    run: Run, outputs: tuple[np.ndarray, ...], films: np.ndarray
) -> None:
    """Deletion and insertion.

    Source:
        Petsiuk et al., RISE, BMVC 2018, arXiv:1806.07421.
    """
    logits, evidence, _ = outputs
    label = logits.argmax(axis=1)
    rng = np.random.default_rng(0)
    deleted, inserted = [], []
    for film, found, which in zip(films, evidence, label, strict=True):
        cells = found[:, :, which]
        hottest = np.argsort(-cells.ravel())
        orders = [hottest, *(rng.permutation(cells.size) for _ in range(2))]
        curves = [_curve(run, film, order, cells.shape, which) for order in orders]
        deleted.append([curve[0] for curve in curves])
        inserted.append([curve[1] for curve in curves])
    hot, drawn = np.mean(deleted, axis=0)[0], np.mean(deleted, axis=0)[1:].mean()
    assert hot < drawn
    hot, drawn = np.mean(inserted, axis=0)[0], np.mean(inserted, axis=0)[1:].mean()
    assert hot > drawn


def _curve(
    run: Run, film: np.ndarray, order: np.ndarray, grid: tuple[int, int], label: int
) -> tuple[float, float]:
    """Mean lead of a label's logit while cells blur in this order, and while they
    become sharp."""
    side = film.shape[0] // grid[0]
    blurred = cv2.GaussianBlur(film, (0, 0), 20)[..., np.newaxis]
    batch = []
    for share in (0.15, 0.3, 0.5):
        gone = np.zeros(order.size, bool)
        gone[order[: round(share * order.size)]] = True
        mask = gone.reshape(grid).repeat(side, axis=0).repeat(side, axis=1)[..., None]
        batch += [np.where(mask, blurred, film), np.where(mask, film, blurred)]
    logits = run(np.stack(batch).astype(np.float32))[0]
    leads = (logits - logits.mean(axis=1, keepdims=True))[:, label]
    return float(leads[::2].mean()), float(leads[1::2].mean())


def _flat(maps: np.ndarray) -> np.ndarray:
    """(n, h, w) as (n, h * w), the mean of each taken away."""
    rows = maps.reshape(len(maps), -1)
    return rows - rows.mean(axis=1, keepdims=True)
