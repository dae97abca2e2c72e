"""Exported files: the same answers as Keras, whatever backend they came from."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

pytestmark = pytest.mark.training

keras = pytest.importorskip("keras")

from core.errors import TrainingError  # noqa: E402
from core.model.bundle import ModelBundle  # noqa: E402
from core.model.graph import Graph  # noqa: E402
from core.runs.config import TrainingConfig  # noqa: E402
from core.training import export as exports  # noqa: E402
from core.training.export import (  # noqa: E402
    export_openvino,
    export_other,
    keras_logits,
)
from core.training.network import build_inference_model  # noqa: E402
from tests.networks import films, lively_network, write_network_bundle  # noqa: E402
from tests.small_network import small_resnet50, small_vgg16  # noqa: E402

ROOT = Path(__file__).resolve().parents[3]
CONFIG = TrainingConfig(backbone="vgg16", head="16-8", head_norm=True, size=32)


@pytest.fixture(scope="module")
def network() -> keras.Model:
    """A small network with hidden layers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keras.applications, "VGG16", small_vgg16)
        return lively_network(CONFIG)


class Exported(NamedTuple):
    """The network as OpenVINO runs it, and its files' folder."""

    whole: Graph
    half: Graph
    folder: Path


@pytest.fixture(scope="module")
def exported(
    network: keras.Model, tmp_path_factory: pytest.TempPathFactory
) -> Exported:
    folder = tmp_path_factory.mktemp("exported")
    return Exported(
        export_openvino(network, folder / "whole.xml", half=False),
        export_openvino(network, folder / "half.xml", half=True),
        folder,
    )


def outputs_of(network: keras.Model, film: np.ndarray) -> list[np.ndarray]:
    """Logits, evidence and embedding by Keras itself."""
    outputs = build_inference_model(network)(film, training=False)
    return [keras.ops.convert_to_numpy(output) for output in outputs]


def test_exported_graph_agrees_with_keras(
    network: keras.Model, exported: Exported
) -> None:
    batch = films(4, 32)
    for graph, tolerance in ((exported.whole, 1e-4), (exported.half, 2e-2)):
        gap = np.abs(graph.run(batch)[0] - keras_logits(network, batch)).max()
        assert gap < tolerance


@pytest.mark.slow
def test_graph_of_a_network_that_learned_its_statistics_has_stopped_learning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keras.applications, "ResNet50", small_resnet50)
    config = TrainingConfig(
        backbone="resnet50", head="8", head_norm=True, size=32, weights="none"
    )
    assert config.learns_statistics
    network = lively_network(config)
    film = films(1, 32)
    graph = export_openvino(network, tmp_path / "model.xml", half=False)
    # One film alone and among others: no statistics of the batch.
    among = graph.run(films(3, 32))[0][:1]
    np.testing.assert_allclose(graph.run(film)[0], among, atol=1e-4)
    np.testing.assert_allclose(among, keras_logits(network, film), atol=1e-4)


def test_float16_halves_the_file(exported: Exported) -> None:
    whole = (exported.folder / "whole.bin").stat().st_size
    assert (exported.folder / "half.bin").stat().st_size < 0.55 * whole
    left = {path.name for path in exported.folder.iterdir()}
    assert left == {"whole.xml", "whole.bin", "half.xml", "half.bin"}


def test_exporting_makes_no_network_call() -> None:
    assert sys.modules["openvino_telemetry"] is None  # of these tests as well
    # OpenVINO's converter reports its use, but for a stub where this is missing.
    code = (
        "import sys, core.training.export;"
        "import openvino.tools.ovc.telemetry_utils as utils;"
        "print(sys.modules['openvino_telemetry'], utils.tm.__name__)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT
    )
    assert result.stdout.split() == ["None", "openvino.tools.ovc.telemetry_stub"], (
        result.stderr
    )


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["onnx", "litert", "savedmodel", "keras"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_exports_to_other_programs(
    kind: str, network: keras.Model, tmp_path: Path
) -> None:
    target = tmp_path / f"model.{kind}"
    export_other(network, kind, target)  # compares it with Keras itself
    assert [path.name for path in tmp_path.iterdir()] == [target.name]
    assert target.is_dir() == (kind == "savedmodel")


def test_a_file_that_differs_is_discarded(
    network: keras.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "_OUTPUT_PARITY", 0.0)
    with pytest.raises(TrainingError, match="keras file differs") as caught:
        export_other(network, "keras", tmp_path / "model.keras")
    assert caught.value.hint
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_a_missing_library_is_named(
    network: keras.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(TrainingError, match="needs onnxruntime") as caught:
        export_other(network, "onnx", tmp_path / "model.onnx")
    assert caught.value.hint
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_keras_file_needs_nothing_of_this_program(
    network: keras.Model, tmp_path: Path
) -> None:
    export_other(network, "keras", tmp_path / "model.keras")
    film = films(2, 32)
    np.save(tmp_path / "film.npy", film)
    code = (
        "import keras, numpy, sys;"
        "model = keras.models.load_model('model.keras', safe_mode=True);"
        "logits = model(numpy.load('film.npy'))[0];"
        "numpy.save('logits.npy', keras.ops.convert_to_numpy(logits));"
        "print('core' in sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path
    )
    assert result.stdout.split() == ["False"], result.stderr
    logits = np.load(tmp_path / "logits.npy")
    np.testing.assert_allclose(logits, keras_logits(network, film), atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_weights_and_exports_are_the_same_on_another_backend(
    backend: str, network: keras.Model, tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    pytest.importorskip(backend)
    bundle = write_network_bundle(tmp_path / "model", network, CONFIG, tiny_bundle)
    film = films(3, 32)
    np.save(tmp_path / "films.npy", film)
    program = ROOT / "tests" / "other_backend.py"
    words = [bundle.path, tmp_path / "films.npy", tmp_path / "out.npz"]

    result = subprocess.run(
        [sys.executable, program, *words],
        env={**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
    )

    assert result.returncode == 0, result.stderr
    with np.load(tmp_path / "out.npz") as found:
        assert str(found["backend"]) == backend
        expected = outputs_of(network, film)
        np.testing.assert_allclose(found["predicted"], expected[0], atol=1e-4)
        for number, theirs in enumerate(expected):
            tolerance = 1e-4 * max(1.0, np.abs(theirs).max())
            for where in ("own", "graph"):
                ours = found[f"{where}_{number}"]
                np.testing.assert_allclose(ours, theirs, atol=tolerance)


def test_a_conversion_that_fails_in_the_child_is_told_in_a_sentence(
    network: keras.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As on another backend; the child finds no TensorFlow.
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\nsys.modules['tensorflow'] = None\n", encoding="utf-8"
    )
    monkeypatch.setattr("core.training.convert._ROOT", f"{tmp_path}{os.pathsep}{ROOT}")
    with pytest.raises(TrainingError, match="takes TensorFlow") as caught:
        export_openvino(network, tmp_path / "model.xml", half=False)
    assert "run.py" in caught.value.hint
