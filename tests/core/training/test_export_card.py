"""An exported file in the hands of a stranger, who has the file and its card alone."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest

pytestmark = [
    pytest.mark.training,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning"),
]

keras = pytest.importorskip("keras")

from core.__main__ import main  # noqa: E402
from core.films.preprocess import PreprocessSpec  # noqa: E402
from core.films.radiograph import read_radiograph  # noqa: E402
from core.model.bundle import (  # noqa: E402
    GRAPH,
    GRAPH_WEIGHTS,
    WEIGHTS,
    ModelBundle,
    write_bundle,
)
from core.model.classifier import (  # noqa: E402
    Classifier,
    decide,
    probabilities,
    probe_input,
)
from core.runs.config import TrainingConfig  # noqa: E402
from core.training.export import export_openvino  # noqa: E402
from tests.networks import lively_network  # noqa: E402
from tests.phantoms import draw_phantom  # noqa: E402
from tests.small_network import small_vgg16  # noqa: E402
from tests.tiny_bundle import LABELS, make_card  # noqa: E402

CONFIG = TrainingConfig(backbone="vgg16", head="16-8", head_norm=True, size=32)
TEMPERATURE = 1.7
#: Tells what was loaded.
TELL = """
print(json.dumps([*sys.modules]), file=sys.stderr)
"""
#: What a stranger need not have; TensorFlow loads Keras, and LiteRT may be its part.
OURS = {"core", "openvino"}
KERAS = {"keras", "tensorflow"}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    """A model whose graph and weights are of one network."""
    folder = tmp_path_factory.mktemp("model")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keras.applications, "VGG16", small_vgg16)
        network = lively_network(CONFIG)
        graph = export_openvino(network, folder / GRAPH, half=False)
    network.save_weights(folder / WEIGHTS)
    spec = PreprocessSpec(size=CONFIG.size)
    logits = graph.run(probe_input(spec))[0][0]
    fields = ("backbone", "size", "head", "head_norm")
    card = msgspec.structs.replace(
        make_card(threshold=0.6, name="Modèle d'essai"),
        preprocess=spec,
        temperature=TEMPERATURE,
        probe=tuple(probabilities(logits, TEMPERATURE).tolist()),
        training={"config": {name: getattr(CONFIG, name) for name in fields}},
    )
    files = {name: folder / name for name in (GRAPH, GRAPH_WEIGHTS, WEIGHTS)}
    return write_bundle(folder / "bundle", card, files)


@pytest.fixture(scope="module")
def exported(
    bundle: ModelBundle, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """Format -> file, each by the command."""
    folder = tmp_path_factory.mktemp("a stranger's")
    files = {"onnx": folder / "it's.onnx", "litert": folder / "model.tflite"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keras.applications, "VGG16", small_vgg16)
        for kind, file in files.items():
            words = ["export", str(bundle.path), "--format", kind, "--out", str(file)]
            assert main(words) == 0
    return files


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Of 8 bits, of 16 bits, and in colour."""
    folder = tmp_path_factory.mktemp("films")
    paths = [folder / f"{name}.png" for name in ("plain", "deep", "coloured")]
    drawn = [draw_phantom("covid", seed=seed, size=200)[:, :150] for seed in range(3)]
    cv2.imwrite(str(paths[0]), drawn[0])
    cv2.imwrite(str(paths[1]), drawn[1].astype(np.uint16) * 37 + 900)
    tinted = np.stack([drawn[2], drawn[2] // 2, drawn[2] // 3], axis=2)
    cv2.imwrite(str(paths[2]), tinted)
    return paths


def beside(file: Path) -> dict:
    return json.loads(Path(f"{file}.card.json").read_text("utf-8"))


def as_a_stranger(file: Path, film: Path) -> tuple[dict[str, float], set[str]]:
    """What the card's own lines of code say of a film, and what they loaded."""
    code = "\n".join(beside(file)["how_to_use"]) + TELL
    result = subprocess.run(
        [sys.executable, "-I", "-c", code, str(film)],
        capture_output=True,
        text=True,
        cwd=file.parent,
    )
    assert result.returncode == 0, result.stderr
    loaded = json.loads(result.stderr.splitlines()[-1])
    return json.loads(result.stdout), {name.partition(".")[0] for name in loaded}


@pytest.mark.parametrize(
    ("kind", "number", "foreign"),
    [
        ("onnx", 0, OURS | KERAS),
        ("onnx", 1, OURS | KERAS),
        ("onnx", 2, OURS | KERAS),
        ("litert", 0, OURS),
    ],
)
def test_a_stranger_gets_the_probabilities_that_hilum_gives(
    bundle: ModelBundle,
    exported: dict[str, Path],
    films: list[Path],
    kind: str,
    number: int,
    foreign: set[str],
) -> None:
    film = read_radiograph(films[number])
    ours = decide(Classifier(bundle).predict(film), bundle.card).probabilities
    theirs, loaded = as_a_stranger(exported[kind], films[number])
    assert theirs == pytest.approx(ours, abs=1e-4)
    assert list(theirs) == list(ours)
    assert not loaded & foreign
    # Else any mistake in the card could hide behind a sure network.
    assert 0.05 < max(ours.values()) < 0.99


def test_the_card_says_what_a_stranger_must_know(
    bundle: ModelBundle, exported: dict[str, Path]
) -> None:
    for file in exported.values():
        card = beside(file)
        assert card["labels"] == [label.name for label in LABELS]
        assert card["temperature"] == TEMPERATURE
        assert card["model_sha256"] == bundle.sha256
        assert card["input"]["shape"] == ["n", 32, 32, 1]
        assert card["input"]["preprocessing"] == "1-stretch-standardise-32"
        assert [point["threshold"] for point in card["operating_points"]] == [0.6] * 3
        assert "not a medical device" in card["disclaimer"]
        assert "No sign of COVID-19 or pneumonia" in card["verdict"]
        gap = float(card["agreement"].split("own by ")[1].split(":")[0])
        assert gap < 1e-4


def test_an_onnx_file_carries_names_and_card(exported: dict[str, Path]) -> None:
    onnx = pytest.importorskip("onnx")
    model = onnx.load(exported["onnx"])
    onnx.checker.check_model(model)
    assert [entry.name for entry in model.graph.input] == ["film"]
    outputs = [output.name for output in model.graph.output]
    assert outputs == ["logits", "evidence", "embedding"]
    assert "softmax(logits / 1.7)" in model.doc_string
    held = {entry.key: entry.value for entry in model.metadata_props}
    card = beside(exported["onnx"])
    del card["agreement"]  # measured on the file itself
    assert held.keys() == card.keys()
    assert json.loads(held["labels"]) == card["labels"]
    assert float(held["temperature"]) == TEMPERATURE
    assert json.loads(held["input"]) == card["input"]


def test_a_litert_file_carries_names_and_card(exported: dict[str, Path]) -> None:
    tensorflow = pytest.importorskip("tensorflow")
    interpreter = tensorflow.lite.Interpreter(str(exported["litert"]))
    (signature,) = interpreter.get_signature_list().values()
    assert signature["inputs"] == ["film"]
    assert sorted(signature["outputs"]) == ["embedding", "evidence", "logits"]
    with zipfile.ZipFile(exported["litert"]) as archive:
        held = json.loads(archive.read("card.json"))
        labels = archive.read("labels.txt").decode().splitlines()
    card = beside(exported["litert"])
    del card["agreement"]
    assert held == card
    assert labels == card["labels"]


def test_a_file_in_the_place_of_the_card_is_kept(
    bundle: ModelBundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "model.onnx.card.json").write_text("mine")
    words = ["export", str(bundle.path), "--format", "onnx", "--out"]
    assert main([*words, str(tmp_path / "model.onnx")]) == 2
    assert "model.onnx.card.json exists already" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx.card.json"]
