"""Rebuilds a bundle's network on the backend of KERAS_BACKEND, and exports it.

Run as a program: other_backend.py BUNDLE FILMS.npy OUT.npz
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import keras
import numpy as np

from core.model.bundle import read_bundle
from core.training.export import export_openvino, export_other, keras_logits
from core.training.network import build_inference_model, network_of
from tests.small_network import small_vgg16


def main(bundle: str, films: str, out: str) -> None:
    """Write what the backend itself gives, and what its exported graph gives."""
    keras.applications.VGG16 = small_vgg16  # as in the tests
    network = network_of(read_bundle(Path(bundle)))
    film = np.load(films)
    outputs = build_inference_model(network)(film, training=False)
    own = [keras.ops.convert_to_numpy(output) for output in outputs]
    target = Path(out)
    graph = export_openvino(network, target.with_suffix(".xml"), half=False)
    export_other(network, "keras", target.with_suffix(".keras"))
    np.savez(
        target,
        backend=keras.backend.backend(),
        predicted=keras_logits(network, film),
        **{f"own_{number}": array for number, array in enumerate(own)},
        **{f"graph_{number}": array for number, array in enumerate(graph.run(film))},
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
