"""The exported graph: what is refused, and what running it gives."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import openvino as ov
import pytest
from numpy.typing import NDArray
from openvino import opset13 as ops

from core import paths
from core.errors import BundleError, CoreError
from core.model.bundle import GRAPH, ModelBundle
from core.model.graph import OUTPUTS, Graph, cores_granted
from core.model.save_graph import save_graph
from tests.tiny_bundle import CELLS, SIZE


@pytest.fixture(scope="module")
def graph(tiny_bundle: ModelBundle) -> Graph:
    return Graph(tiny_bundle.path / GRAPH, size=SIZE, labels=3)


def write_graph(
    folder: Path,
    *,
    names: Sequence[str] = OUTPUTS,
    film: Sequence[int] = (-1, SIZE, SIZE, 1),
    logits: Sequence[int] = (1, 3),
    evidence: Sequence[int] = (1, 2, 2, 3),
    embedding: Sequence[int] = (1, 5),
) -> Path:
    """A graph whose outputs are zeros of the shapes given."""
    node = ops.parameter(list(film), np.float32, name="film")
    zero = ops.multiply(ops.reduce_mean(node, np.arange(len(film))), np.float32(0))
    outputs = []
    for shape, name in zip((logits, evidence, embedding), names, strict=True):
        constant = ops.constant(np.zeros(shape, np.float32))
        output = ops.add(constant, zero)
        output.output(0).set_names({name})
        outputs.append(ops.result(output))
    path = folder / GRAPH
    ov.serialize(ov.Model(outputs, [node], "made"), path)
    return path


def test_graph_as_expected_is_taken(tmp_path: Path) -> None:
    graph = Graph(write_graph(tmp_path), size=SIZE, labels=3)
    shapes = [output.shape for output in graph.run(np.ones((1, SIZE, SIZE, 1), "f4"))]
    assert shapes == [(1, 3), (1, 2, 2, 3), (1, 5)]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"names": ("logits", "evidence", "features")}, "its outputs are .*features"),
        ({"film": (-1, SIZE, SIZE, 3)}, "its input is"),
        ({"film": (-1, SIZE, SIZE + 1, 1)}, "its input is"),
        ({"film": (-1, 1, SIZE, SIZE)}, "its input is"),
        ({"film": (1, SIZE, SIZE, 1)}, "its input is"),
        ({"film": (-1, SIZE, SIZE)}, "its input is"),
        ({"logits": (1, 2)}, "its logits are .* for 3 labels"),
        ({"logits": (3,)}, "its logits are"),
        ({"evidence": (1, 2, 2, 4)}, "its evidence are .* for 3 labels"),
        ({"evidence": (1, 4, 3)}, "its evidence are"),
        ({"embedding": (1, 2, 2, 5)}, "its embedding are"),
    ],
)
def test_graph_that_is_not_what_the_card_says_is_refused(
    tmp_path: Path, change: dict[str, tuple[int, ...]], problem: str
) -> None:
    xml = write_graph(tmp_path, **change)  # type: ignore[arg-type]
    with pytest.raises(BundleError, match=problem) as caught:
        Graph(xml, size=SIZE, labels=3)
    assert "Copy the model again" in caught.value.hint


def test_graph_of_dynamic_rank_is_refused(tmp_path: Path) -> None:
    node = ops.parameter(ov.PartialShape.dynamic(), np.float32, name="film")
    outputs = []
    for name in OUTPUTS:
        copy = ops.relu(node)
        copy.output(0).set_names({name})
        outputs.append(ops.result(copy))
    ov.serialize(ov.Model(outputs, [node], "loose"), tmp_path / GRAPH)
    with pytest.raises(BundleError):
        Graph(tmp_path / GRAPH, size=SIZE, labels=3)


@pytest.mark.parametrize(
    "text", ["<net></net>", '<?xml version="1.0"?><net version="11">']
)
def test_file_that_is_no_graph_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / GRAPH).write_text(text)
    (tmp_path / "model.bin").write_bytes(b"")
    with pytest.raises(BundleError, match="cannot be loaded") as caught:
        Graph(tmp_path / GRAPH, size=SIZE, labels=3)
    assert "OpenVINO said" in caught.value.hint


@pytest.mark.parametrize("text", ["", "garbage", '<?xml version="1.0"?>'])
def test_file_that_is_no_xml_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / GRAPH).write_text(text)
    with pytest.raises(BundleError, match="its model.xml is no XML") as caught:
        Graph(tmp_path / GRAPH, size=SIZE, labels=3)
    assert caught.value.hint


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize(
    "declared",
    [
        "<!DOCTYPE net>",
        '<!DOCTYPE net SYSTEM "http://127.0.0.1/net.dtd">',
        '<!DOCTYPE net [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        f'<!--{" " * 70_000}--><!DOCTYPE net [<!ENTITY x "y">]>',
    ],
)
def test_graph_that_declares_a_document_type_is_refused(
    tiny_bundle: ModelBundle, tmp_path: Path, declared: str, encoding: str
) -> None:
    text = (tiny_bundle.path / GRAPH).read_text("utf-8")
    first, rest = text.split("?>", 1)
    first = f'<?xml version="1.0" encoding="{encoding}"'
    (tmp_path / GRAPH).write_text(f"{first}?>{declared}{rest}", encoding)
    weights = (tiny_bundle.path / GRAPH).with_suffix(".bin")
    (tmp_path / weights.name).write_bytes(weights.read_bytes())
    with pytest.raises(BundleError, match="declares a document type") as caught:
        Graph(tmp_path / GRAPH, size=SIZE, labels=3)
    assert caught.value.hint


def test_graph_without_all_of_its_weights_is_refused(
    tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    xml = tmp_path / GRAPH
    xml.write_bytes((tiny_bundle.path / GRAPH).read_bytes())
    xml.with_suffix(".bin").write_bytes(b"1234")
    with pytest.raises(BundleError, match="cannot be loaded"):
        Graph(xml, size=SIZE, labels=3)


@pytest.mark.parametrize("precision", ["float16", "f32", "", "bf16"])
def test_unknown_precision_is_refused_and_the_known_are_named(
    tiny_bundle: ModelBundle, precision: str
) -> None:
    with pytest.raises(CoreError, match="no precision called") as caught:
        Graph(tiny_bundle.path / GRAPH, size=SIZE, labels=3, precision=precision)
    assert "float32, bfloat16" in caught.value.hint


def test_outputs_are_those_worked_out_by_hand(graph: Graph) -> None:
    # A film whose left half is white: two columns of cells are 1, two are 0.
    film = np.zeros((1, SIZE, SIZE, 1), np.float32)
    film[:, :, : SIZE // 2] = 255
    logits, evidence, embedding = graph.run(film)
    np.testing.assert_allclose(logits, [[0.0, -1.2, 0.0]], atol=1e-5)
    white, black = [3.0, -1.2, -3.0], [-3.0, -1.2, 3.0]
    np.testing.assert_allclose(evidence[0, 1], [white] * 2 + [black] * 2, atol=1e-5)
    expected = np.tile([1.0, 1.0, 0.0, 0.0], CELLS)[np.newaxis]
    np.testing.assert_allclose(embedding, expected, atol=1e-6)


def test_results_belong_to_the_caller(graph: Graph) -> None:
    white = np.full((1, SIZE, SIZE, 1), 255, np.float32)
    first = graph.run(white)
    kept = [output.copy() for output in first]
    graph.run(np.zeros_like(white))
    for output, before in zip(first, kept, strict=True):
        np.testing.assert_array_equal(output, before)
        output[:] = 0  # may be written to


def test_running_does_not_modify_the_batch(graph: Graph) -> None:
    batch = np.random.default_rng(1).uniform(0, 255, (2, SIZE, SIZE, 1)).astype("f4")
    before = batch.copy()
    graph.run(batch)
    np.testing.assert_array_equal(batch, before)


def test_batch_that_is_a_view_is_read_right(graph: Graph) -> None:
    rng = np.random.default_rng(2)
    films = rng.uniform(0, 255, (4, SIZE, SIZE, 2)).astype(np.float32)
    view = films[::2, :, :, 1:]
    given = graph.run(view)[0]
    np.testing.assert_array_equal(given, graph.run(view.copy())[0])


def test_saved_graph_has_its_outputs_named_and_gives_the_same(
    tiny_bundle: ModelBundle, graph: Graph, tmp_path: Path
) -> None:
    foreign = ov.Core().read_model(tiny_bundle.path / GRAPH)
    for number, output in enumerate(foreign.outputs):
        output.get_tensor().set_names({f"keras_{number}"})
    ov.serialize(foreign, tmp_path / "foreign.xml")
    save_graph(tmp_path / "foreign.xml", tmp_path / GRAPH, half=False)
    saved = Graph(tmp_path / GRAPH, size=SIZE, labels=3)
    batch = np.random.default_rng(3).uniform(0, 255, (2, SIZE, SIZE, 1)).astype("f4")
    for mine, original in zip(saved.run(batch), graph.run(batch), strict=True):
        np.testing.assert_array_equal(mine, original)


def _films(count: int) -> list[NDArray[np.float32]]:
    rng = np.random.default_rng(0)
    return [rng.uniform(0, 255, (SIZE, SIZE)).astype("f4") for _ in range(count)]


def test_embeddings_of_many_films_come_in_their_order(
    tiny_bundle: ModelBundle, graph: Graph
) -> None:
    films = _films(50)
    xml = tiny_bundle.path / GRAPH
    many = Graph(xml, size=SIZE, labels=3, for_many=True, threads=2)
    expected = graph.run(np.stack(films)[..., np.newaxis])[2]
    np.testing.assert_allclose(list(many.embeddings(films)), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("word", "cores"), [("1", 1), ("2,1", 2), ("0", 0), ("", 0), ("all", 0)]
)
def test_the_environment_says_how_many_cores_a_graph_may_take(
    word: str, cores: int, tiny_bundle: ModelBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    xml = tiny_bundle.path / GRAPH
    monkeypatch.setenv("OMP_NUM_THREADS", word)
    assert cores_granted() == cores
    granted = Graph(xml, size=SIZE, labels=3)._compiled
    monkeypatch.delenv("OMP_NUM_THREADS")
    told = Graph(xml, size=SIZE, labels=3, threads=cores)._compiled
    taken, expected = (
        each.get_property("INFERENCE_NUM_THREADS") for each in (granted, told)
    )
    assert taken == expected


def test_a_film_that_is_run_among_many_is_left_as_it_was(
    tiny_bundle: ModelBundle,
) -> None:
    films = _films(50)
    xml = tiny_bundle.path / GRAPH
    # OpenVINO mixes up what it is lent where several cores are at work.
    many = Graph(xml, size=SIZE, labels=3, for_many=True, threads=2)
    kept = []
    for number, _ in many.run_each(enumerate(films)):
        kept.append(films[number].copy())
        many.embedding(kept[-1])
    for film, copy in zip(films, kept, strict=True):
        np.testing.assert_array_equal(copy, film)


@pytest.mark.parametrize("count", [0, 1])
def test_embeddings_of_few_films_end(graph: Graph, count: int) -> None:
    assert len(list(graph.embeddings(_films(count)))) == count


def test_embeddings_can_be_left_and_asked_for_again(graph: Graph) -> None:
    films = _films(20)
    first = graph.embeddings(films)
    kept = next(first)
    first.close()
    np.testing.assert_array_equal(next(graph.embeddings(films)), kept)


def test_an_openvino_that_cannot_be_loaded_is_told_in_a_sentence(
    tmp_path: Path,
) -> None:
    broken = tmp_path / "openvino"
    broken.mkdir()
    (broken / "__init__.py").write_text(
        "raise ImportError('libtbb.so.12: cannot open shared object file')"
    )
    done = subprocess.run(
        [sys.executable, "-m", "core", "predict", str(paths.sample_films()[0])],
        cwd=Path(__file__).parents[3],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("OpenVINO, which runs the model, cannot be loaded: ")
    assert "libtbb.so.12" in done.stderr
    assert "Traceback" not in done.stderr
