"""From a trained network to graphs that run without Keras."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from core.errors import OutputError, TrainingError
from core.files import atomic_folder, atomic_write, write_json
from core.model.bundle import ModelBundle
from core.model.classifier import probabilities
from core.model.graph import OUTPUTS, Graph, probe_input
from core.model.save_graph import save_graph
from core.outputs import is_export, mark_export
from core.reports.export_card import (
    DESCRIBED,
    INPUT,
    card_name,
    export_card,
    summary,
    texts_of,
)
from core.training.convert import convert
from core.training.network import build_inference_model

#: Largest difference of a probability between an exported graph and Keras.
PARITY = 1e-3
#: And of a logit, evidence or feature, as a share of the largest of its kind,
#: for formats of other programs.
_OUTPUT_PARITY = 1e-3

Outputs = Sequence[NDArray[np.float32]]


def export_openvino(network: keras.Model, target: Path, *, half: bool) -> Graph:
    """Write the graph that the program runs, as `write_graph` does.

    Args:
        network: As `core.training.network.build_network` makes it, in float32.

    Returns:
        The graph, loaded back from `target`.
    """
    write_graph(build_inference_model(network), target, half=half)
    return Graph(target, size=network.input_shape[1], labels=network.output_shape[-1])


def write_graph(
    model: keras.Model, target: Path, *, half: bool, outputs: Sequence[str] = OUTPUTS
) -> None:
    """Write a graph for OpenVINO.

    Args:
        target: The .xml file; the weights go beside it.
        half: Whether to store the weights as float16, which halves the file.
        outputs: As `save_graph` takes them.

    Raises:
        OutputError: The file cannot be written.
        TrainingError: TensorFlow, which converts it whichever backend the network
            is of, cannot be had.
    """
    draft = target.with_name(f"draft-{target.name}")
    try:
        convert(model, "openvino", draft)
        save_graph(draft, target, half=half, outputs=outputs)
    except (OSError, RuntimeError) as error:
        # OpenVINO tells a full disk as a fault of its stream.
        if isinstance(error, RuntimeError) and "iostream" not in str(error):
            raise
        raise OutputError(
            "The graph could not be written; the disk may be full.",
            hint="Free some space and go on with the job (in a terminal: --resume).",
        ) from error
    finally:
        for suffix in (".xml", ".bin"):
            draft.with_suffix(suffix).unlink(missing_ok=True)


def keras_logits(
    network: keras.Model, films: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Logits by Keras itself, to compare an exported graph with.

    Args:
        films: (n, size, size, 1) float32 in [0, 255].
    """
    return np.asarray(network.predict(films, batch_size=16, verbose=0))


def export_other(
    network: keras.Model, kind: str, target: Path, bundle: ModelBundle | None = None
) -> float:
    """Write a network in a format of other programs, and check what came out.

    Args:
        kind: "onnx", "litert", "savedmodel" or "keras".
        target: File, or folder for a SavedModel, to make or replace.
        bundle: That the network is of. An ONNX or LiteRT file then carries its card,
            which is written beside it too.

    Returns:
        Largest difference of an output from the network's, as a share of the
        largest of its kind.

    Raises:
        TrainingError: The format's library is missing or the file differs.
        OutputError: It cannot be written.
    """
    suffix, name, run = _FORMATS[kind]
    model = build_inference_model(network)
    size = network.input_shape[1]
    drawn = np.random.default_rng(0).uniform(0, 255, (2, size, size, 1))
    films: NDArray[np.float32] = drawn.astype(np.float32)
    expected = _as_arrays(model(films, training=False))
    if kind in DESCRIBED:  # so that the file names its outputs
        named = dict(zip(OUTPUTS, model.outputs, strict=True))
        model = keras.Model(model.input, named, name=model.name)
    card = {}
    if bundle is not None and kind in DESCRIBED:
        card = export_card(bundle, kind, target.name)
    with tempfile.TemporaryDirectory(prefix=".", dir=target.parent) as folder:
        draft = Path(folder) / f"model{suffix}"
        try:
            convert(model, name, draft)
            if kind == "onnx":
                _finish_onnx(draft, card)
            elif card and kind == "litert":
                _finish_litert(draft, card)
            actual = run(draft, films)
            if bundle is not None and card:
                card["agreement"] = _agreement(run, draft, bundle)
        except ImportError as error:
            raise TrainingError(
                f"Exporting to {kind} needs {error.name}, which is not installed.",
                hint="Run the set-up again: python run.py.",
            ) from error
        worst = _largest_gap(actual, expected)
        if not worst < _OUTPUT_PARITY:
            raise TrainingError(
                f"The {kind} file differs from the model by {worst:.1e}; "
                "it was discarded.",
                hint="Export to another format.",
            )
        if draft.is_dir():
            with atomic_folder(target, is_own=is_export) as place:
                shutil.copytree(draft, place, dirs_exist_ok=True)
                mark_export(place, kind)
        else:
            with atomic_write(target) as partial:
                draft.replace(partial)
    if card:
        write_json(target.with_name(card_name(target.name)), card)
    return worst


def _finish_onnx(draft: Path, card: Mapping[str, Any]) -> None:
    """Put the outputs into their usual order, and the card into the file."""
    import onnx

    model = onnx.load(draft)
    model.graph.output.sort(key=lambda output: OUTPUTS.index(output.name))
    if card:
        model.doc_string = summary(card)
        onnx.helper.set_model_props(model, texts_of(card))
    onnx.save(model, draft)


def _finish_litert(draft: Path, card: Mapping[str, Any]) -> None:
    """Add the card to the file, as a ZIP archive after the model.

    Source:
        LiteRT model metadata, "Associated file": they are bundled with the model as
        a ZIP archive, which any program for such archives opens.
    """
    with zipfile.ZipFile(draft, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("card.json", json.dumps(card, indent=1))
        archive.writestr("labels.txt", "\n".join(card["labels"]) + "\n")


def _agreement(run: Any, draft: Path, bundle: ModelBundle) -> str:
    """How far a file's probabilities are from those that the bundle's card states."""
    card = bundle.card
    logits = run(draft, probe_input(card.preprocess))[0]
    gap = np.abs(probabilities(logits[0], card.temperature) - card.probe).max()
    return (
        f"On a drawn film a probability differs from Hilum's own by {gap:.1e}: the "
        "weights of the two are not rounded in the same place."
    )


def _largest_gap(actual: Outputs, expected: Outputs) -> float:
    """Of all outputs, each as a share of its largest value or of 1."""
    gaps = [
        np.abs(ours - theirs).max() / max(1.0, np.abs(theirs).max())
        for ours, theirs in zip(actual, expected, strict=True)
    ]
    return float(max(gaps))


def _as_arrays(outputs: Sequence[Any]) -> list[NDArray[np.float32]]:
    return [keras.ops.convert_to_numpy(output) for output in outputs]


def _run_keras(target: Path, films: NDArray[np.float32]) -> Outputs:
    # Stock Keras, which runs no code that a file brings along.
    loaded = keras.models.load_model(target, compile=False, safe_mode=True)
    return _as_arrays(loaded(films, training=False))


def _run_onnx(target: Path, films: NDArray[np.float32]) -> Outputs:
    import onnxruntime

    session = onnxruntime.InferenceSession(os.fspath(target))
    return [np.asarray(output) for output in session.run([*OUTPUTS], {INPUT: films})]


def _run_litert(target: Path, films: NDArray[np.float32]) -> Outputs:
    import tensorflow as tf

    interpreter = tf.lite.Interpreter(model_path=os.fspath(target))
    outputs = interpreter.get_signature_runner()(**{INPUT: films})
    return [np.asarray(outputs[name]) for name in OUTPUTS]


def _run_savedmodel(target: Path, films: NDArray[np.float32]) -> Outputs:
    import tensorflow as tf

    loaded = tf.saved_model.load(os.fspath(target))  # owns the variables
    return [np.asarray(output) for output in loaded.serve(films)]


#: Format -> suffix of its file, its name in `convert`, and what gives its logits,
#: evidence and embedding of some films.
_FORMATS = {
    "onnx": (".onnx", "onnx", _run_onnx),
    "litert": (".tflite", "litert", _run_litert),
    "savedmodel": ("", "tf_saved_model", _run_savedmodel),
    "keras": (".keras", "keras", _run_keras),
}
