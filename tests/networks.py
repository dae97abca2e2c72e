"""Networks for tests: small films, random weights that matter, real bundles."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import keras
import msgspec
import numpy as np

from core.model.bundle import GRAPH, GRAPH_WEIGHTS, WEIGHTS, ModelBundle, write_bundle
from core.runs.config import TrainingConfig
from core.training.backbones import BACKBONE, DEVIATIONS, standardise
from core.training.network import build_network
from tests.phantoms import draw_phantom
from tests.tiny_bundle import make_card

SIZE = 64


def films(count: int, size: int = SIZE) -> np.ndarray:
    """(n, size, size, 1) float32 phantoms."""
    drawn = [draw_phantom("covid", seed=seed, size=size) for seed in range(count)]
    return np.stack(drawn).astype(np.float32)[..., np.newaxis]


def lively_network(config: TrainingConfig, labels: int = 3) -> keras.Model:
    """A network of random weights to which films differ.

    Its backbone's normalisation knows the films' statistics; its head's has
    some at random, signs included.
    """
    keras.utils.set_random_seed(7)
    network = build_network(config, labels, dropout=0.0)
    backbone = network.get_layer(BACKBONE)
    norms = [x for x in backbone.layers if _is_norm(x)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.3  # a variance near 0 would magnify rounding
    standard = standardise(films(4, config.size), DEVIATIONS[config.backbone])
    if norms:
        backbone(standard, training=True)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    rng = np.random.default_rng(7)
    for layer in network.layers:
        if _is_norm(layer):
            k = layer.gamma.shape[0]
            drawn = [rng.uniform(low, high, k) for low, high in _HEAD_STATISTICS]
            layer.set_weights([values.astype(np.float32) for values in drawn])
    return network


def gradient_tape_cams(
    network: keras.Model, backbone: str, layers: Sequence[str], film: np.ndarray
) -> list[np.ndarray]:
    """(h, w, c) of Grad-CAM before its relu at each layer, as it is written down.

    Args:
        backbone: That the network has.
        layers: Of the backbone.
        film: (1, size, size, 1) float32 in [0, 255].
    """
    import tensorflow as tf

    inner = network.get_layer(BACKBONE)
    inside = [inner.get_layer(layer).output for layer in layers]
    whole = keras.Model(inner.input, [*inside, inner.output])
    with tf.GradientTape(persistent=True) as tape:
        standard = tf.convert_to_tensor(standardise(film, DEVIATIONS[backbone]))
        tape.watch(standard)
        *values, out = whole(standard, training=False)
        for head in network.layers[network.layers.index(inner) + 1 :]:
            out = head(out, training=False)
        logits = [out[0, label] for label in range(out.shape[1])]
    cams: list[list[np.ndarray]] = [[] for _ in layers]
    for logit in logits:
        gradients = tape.gradient(logit, values)
        for maps, value, gradient in zip(cams, values, gradients, strict=True):
            weights = tf.reduce_mean(gradient, axis=(1, 2))
            maps.append(np.einsum("hwk,k->hw", value[0], weights[0]))
    return [np.stack(maps, axis=-1) for maps in cams]


def write_network_bundle(
    folder: Path, network: keras.Model, config: TrainingConfig, graph: ModelBundle
) -> ModelBundle:
    """A bundle with the weights of a network of three labels.

    Args:
        graph: Where its graph is from, which is of another network.
    """
    weights = folder.with_name(f"{folder.name}.weights.h5")
    network.save_weights(weights)
    fields = ("backbone", "size", "head", "head_norm")
    recorded = {name: getattr(config, name) for name in fields}
    card = msgspec.structs.replace(make_card(), training={"config": recorded})
    spec = msgspec.structs.replace(card.preprocess, size=config.size)
    files = {name: graph.path / name for name in (GRAPH, GRAPH_WEIGHTS)}
    return write_bundle(
        folder,
        msgspec.structs.replace(card, preprocess=spec),
        {**files, WEIGHTS: weights},
    )


#: Range of gamma, beta, mean and variance.
_HEAD_STATISTICS = ((-1.5, 1.5), (-0.5, 0.5), (-0.1, 0.5), (0.3, 2.0))


def _is_norm(layer: keras.layers.Layer) -> bool:
    return isinstance(layer, keras.layers.BatchNormalization)
