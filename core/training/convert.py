"""From a Keras model to a file of another program, by way of TensorFlow.

Keras converts its models through TensorFlow. On another backend a child process,
`core convert`, does it with TensorFlow as its backend, so that the file is the same
whichever backend the model was trained on.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import keras
import numpy as np

from core.errors import TrainingError
from core.model.graph import load_openvino
from core.paths import core_command

_ROOT = Path(__file__).resolve().parent.parent.parent


def convert(model: keras.Model, kind: str, target: Path) -> None:
    """Write a model as Keras keeps it, or in a format of `keras.Model.export`.

    Args:
        kind: "keras", "openvino", "onnx", "litert" or "tf_saved_model".
        target: File, or folder for a SavedModel, to make.

    Raises:
        TrainingError: The backend is not TensorFlow, and TensorFlow failed.
        ImportError: The format's library is missing.
        OSError: The file cannot be written.
    """
    if kind == "keras":
        model.save(target)
        return
    if keras.backend.backend() == "tensorflow":
        _export(model, kind, target)
        return
    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder) / "model.keras"
        model.save(saved)
        words = ["convert", str(saved), kind, str(target.absolute())]
        result = subprocess.run(
            [*core_command(), *words],
            env={
                **os.environ,
                "KERAS_BACKEND": "tensorflow",
                "PYTHONPATH": os.fspath(_ROOT),
                "CUDA_VISIBLE_DEVICES": "-1",  # the card's memory is the job's
                "TF_CPP_MIN_LOG_LEVEL": "3",
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
        )
    if result.returncode:
        said = result.stderr.strip().splitlines() or ["no reason was given"]
        raise TrainingError(
            f"The model could not be converted to {kind}, which takes TensorFlow "
            f"({said[-1][:200]}).",
            hint="Check that TensorFlow is installed: python run.py sets it up.",
        )


def convert_file(file: Path, kind: str, target: Path) -> None:
    """Write the model of a `.keras` file in one of the formats of `convert`."""
    _export(keras.models.load_model(file, compile=False), kind, target)


def _export(model: keras.Model, kind: str, target: Path) -> None:
    if kind == "openvino":
        _export_openvino(model, target)
        return
    # Called once: Keras exports no model that never was.
    model(np.zeros((1, *model.input_shape[1:]), np.float32))
    model.export(os.fspath(target), format=kind, verbose=False)


def _export_openvino(model: keras.Model, target: Path) -> None:
    """Write a graph for OpenVINO without the SavedModel by which Keras goes.

    Half of Keras's time for a DenseNet121 is for that: every layer is traced for it
    a second time. And weights become constants here, since OpenVINO looks through all
    variables for each of them: half of the time that is left.
    """
    import tensorflow as tf

    openvino = load_openvino()
    film = tf.TensorSpec(model.input_shape, tf.float32, name=model.inputs[0].name)
    learned, kept = (
        [np.asarray(variable.value) for variable in variables]
        for variables in (model.trainable_variables, model.non_trainable_variables)
    )

    @tf.function(autograph=False)
    def traced(film: Any) -> Any:
        return model.stateless_call(learned, kept, film, training=False)[0]

    graph = openvino.convert_model(traced.get_concrete_function(film))
    openvino.serialize(graph, os.fspath(target))
