"""From a trained network to graphs that run without Keras."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from core.errors import TrainingError
from core.graph import Graph, save_graph
from core.paths import atomic_folder, atomic_write
from core.training.network import build_inference_model

#: Largest difference of a probability between an exported graph and Keras.
PARITY = 1e-3
#: And of a logit, which a softmax would narrow, for formats of other programs.
_LOGIT_PARITY = 5e-3


def export_openvino(network: keras.Model, target: Path, *, half: bool) -> Graph:
    """Write the graph that the program runs.

    Args:
        network: As `core.training.network.build_network` makes it, in float32.
        target: The .xml file; the weights go beside it.
        half: Whether to store the weights as float16, which halves the file.

    Returns:
        The graph, loaded back from `target`.

    Raises:
        TrainingError: The file cannot be written.
    """
    draft = target.with_name(f"draft-{target.name}")
    try:
        model = build_inference_model(network)
        model.export(os.fspath(draft), format="openvino", verbose=False)
        save_graph(draft, target, half=half)
    except OSError as error:
        raise TrainingError(
            f"The graph could not be written: {error}.",
            hint="Free some disk space and go on with --resume.",
        ) from error
    finally:
        for suffix in (".xml", ".bin"):
            draft.with_suffix(suffix).unlink(missing_ok=True)
    return Graph(target, size=network.input_shape[1], labels=network.output_shape[-1])


def keras_logits(
    network: keras.Model, films: NDArray[np.float32], batch: int = 16
) -> NDArray[np.float32]:
    """Logits by Keras itself, to compare an exported graph with.

    Args:
        films: (n, size, size, 1) float32 in [0, 255].
    """
    return np.asarray(network.predict(films, batch_size=batch, verbose=0))


def export_other(network: keras.Model, kind: str, target: Path) -> None:
    """Write a network in a format of other programs, and check what came out.

    Args:
        kind: "onnx", "litert" or "savedmodel".
        target: File, or folder for a SavedModel, to make or replace.

    Raises:
        TrainingError: The format's library is missing or the file differs.
        OutputError: It cannot be written.
    """
    keras_name, suffix, run = _FORMATS[kind]
    model = build_inference_model(network)
    size = network.input_shape[1]
    films = np.random.default_rng(0).uniform(0, 255, (2, size, size, 1))
    films = films.astype(np.float32)
    # Called once: Keras exports no model that never was.
    expected = np.asarray(model(films, training=False)[0])
    with tempfile.TemporaryDirectory(prefix=".", dir=target.parent) as folder:
        draft = Path(folder) / f"model{suffix}"
        try:
            model.export(os.fspath(draft), format=keras_name, verbose=False)
            actual = run(draft, films)
        except ImportError as error:
            raise TrainingError(
                f"Exporting to {kind} needs {error.name}, which is not installed.",
                hint="Run the set-up again: python run.py.",
            ) from error
        worst = float(np.abs(actual - expected).max())
        if not worst < _LOGIT_PARITY:
            raise TrainingError(
                f"The {kind} file differs from the model by {worst:.1e}; "
                "it was discarded.",
                hint="Export to another format.",
            )
        if draft.is_dir():
            with atomic_folder(target) as place:
                shutil.copytree(draft, place, dirs_exist_ok=True)
        else:
            with atomic_write(target) as partial:
                draft.replace(partial)


def _run_onnx(target: Path, films: NDArray[np.float32]) -> NDArray[np.float32]:
    import onnxruntime

    session = onnxruntime.InferenceSession(os.fspath(target))
    return np.asarray(session.run(None, {session.get_inputs()[0].name: films})[0])


def _run_litert(target: Path, films: NDArray[np.float32]) -> NDArray[np.float32]:
    import tensorflow as tf

    interpreter = tf.lite.Interpreter(model_path=os.fspath(target))
    entry = interpreter.get_input_details()[0]["index"]
    interpreter.resize_tensor_input(entry, films.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(entry, films)
    interpreter.invoke()
    # Outputs may come in any order: the logits are the flat one of few columns.
    flat = [o for o in interpreter.get_output_details() if len(o["shape"]) == 2]
    logits = min(flat, key=lambda output: output["shape"][-1])
    return np.asarray(interpreter.get_tensor(logits["index"]))


def _run_savedmodel(target: Path, films: NDArray[np.float32]) -> NDArray[np.float32]:
    import tensorflow as tf

    loaded = tf.saved_model.load(os.fspath(target))  # owns the variables
    return np.asarray(loaded.serve(films)[0])


#: Our name -> Keras's, suffix of the file, and how to run it.
_FORMATS: dict[str, tuple[str, str, Callable[..., NDArray[np.float32]]]] = {
    "onnx": ("onnx", ".onnx", _run_onnx),
    "litert": ("litert", ".tflite", _run_litert),
    "savedmodel": ("tf_saved_model", "", _run_savedmodel),
}
