"""The alternative: the same network, weights and films through TensorFlow.

`python -m tests.benchmarks.keras_side build BUNDLE MODEL.keras` rebuilds the network
of a bundle and saves it as Keras does; `once FILM BUNDLE MODEL.keras` gives a verdict
as a fresh process; `serve MODEL.keras INPUT.npy` gives one per line it is sent.

It does what a Keras program can without changing the model, and no more: one
prediction gives both the logits and the last feature maps, so that Grad-CAM's
gradient runs through pooling and head only and the backbone is computed once. XLA is
off: compiling would cost a fresh process more than it saves.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def build(bundle_dir: Path, target: Path) -> None:
    """Save a bundle's network with its weights as a .keras file."""
    from core.model.bundle import read_bundle
    from core.training.network import network_of

    network = network_of(read_bundle(bundle_dir))
    network.save(target)
    _answer({"parameters": network.count_params()})


def load(path: Path) -> Any:
    """Load a saved network as film -> logits and last feature maps."""
    import keras

    network = keras.models.load_model(path, compile=False)
    features = network.get_layer("embedding").input
    both = keras.Model(network.input, [network.output, features])
    both.compile(jit_compile=False)
    return both


def grad_cam(model: Any, features: NDArray[np.float32], label: int) -> Any:
    """Grad-CAM of one label by GradientTape; (h, w) float32, not negative."""
    import tensorflow as tf

    maps = tf.convert_to_tensor(features)
    with tf.GradientTape() as tape:
        tape.watch(maps)
        pooled = model.get_layer("embedding")(maps)
        score = model.get_layer("logits")(pooled)[:, label]
    weights = tf.reduce_mean(tape.gradient(score, maps), axis=(1, 2), keepdims=True)
    return tf.nn.relu(tf.reduce_sum(weights * maps, axis=-1))[0].numpy()


def once(film_path: Path, bundle_dir: Path, path: Path) -> None:
    """Read a film, predict, explain the likeliest label, print the verdict."""
    from core.films.preprocess import to_network_input
    from core.films.radiograph import read_radiograph
    from core.model.bundle import CARD, card_from_json
    from core.model.classifier import Prediction, decide

    card = card_from_json(json.loads((bundle_dir / CARD).read_text("utf-8")))
    model = load(path)
    film = read_radiograph(film_path)
    logits, features = model.predict(to_network_input(film, card.preprocess), verbose=0)
    heat = grad_cam(model, features, int(logits[0].argmax()))
    verdict = decide(Prediction(logits[0], heat, features), card, film)
    _answer(
        {
            "finding": verdict.finding,
            "probabilities": dict(verdict.probabilities),
            "heat_peak": float(heat.max()),
        }
    )


def serve(path: Path, input_path: Path) -> None:
    """Answer each line with the time of one prediction of the same input.

    A line says what to time: "predict" or "predict_on_batch".
    """
    import keras

    network = keras.models.load_model(path, compile=False)
    network.compile(jit_compile=False)
    film = np.load(input_path)
    ways = {
        "predict": lambda: network.predict(film, batch_size=1, verbose=0),
        "predict_on_batch": lambda: network.predict_on_batch(film),
    }
    idle_wall, idle_cpu = time.perf_counter(), time.process_time()
    for line in sys.stdin:
        began, began_cpu = time.perf_counter(), time.process_time()
        waited, spun = began - idle_wall, began_cpu - idle_cpu
        logits = ways[line.strip()]()
        seconds = time.perf_counter() - began
        _answer(
            {
                "seconds": seconds,
                "logits": [float(value) for value in logits[0]],
                "idle_wall_s": waited,
                "idle_cpu_s": spun,
            }
        )
        idle_wall, idle_cpu = time.perf_counter(), time.process_time()


def _answer(fields: dict[str, Any]) -> None:
    print(json.dumps(fields), flush=True)  # noqa: T201 - read by the parent


if __name__ == "__main__":
    {"build": build, "once": once, "serve": serve}[sys.argv[1]](
        *map(Path, sys.argv[2:])
    )
