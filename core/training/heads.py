"""Heads: from pooled features to logits, and back to what spoke for them."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from core.runs.config import TrainingConfig

#: Names of the layer that pools the feature map, and of the logits' layer.
POOLED = "embedding"
HEAD = "logits"

_HIDDEN = "hidden_"
_NORM = "norm_"


def head_model(config: TrainingConfig, features: int, labels: int) -> keras.Model:
    """The head alone, to train it on features that were computed once.

    Args:
        features: Number of pooled features, k.

    Returns:
        A model from (n, k) float32 to (n, labels) logits, its weights random.
    """
    pooled = keras.Input((features,), name="features")
    return keras.Model(pooled, add_head(pooled, config, labels), name="head")


def add_head(
    pooled: Any, config: TrainingConfig, labels: int, dropout: float | None = None
) -> Any:
    """Put a job's head on pooled features; the logits.

    Every layer computes in float32: the head is small, and as it is trained
    alone so it should compute on a backbone of bfloat16.
    """
    layers = keras.layers
    share = config.dropout if dropout is None else dropout
    drops_features = config.dropout_at == "features-and-hidden"
    # Even where it drops nothing: weights files count the layers.
    first = share if drops_features else 0.0
    out = layers.Dropout(first, name="dropout", dtype="float32")(pooled)
    for number, units in enumerate(config.hidden, start=1):
        hidden = layers.Dense(units, "relu", name=f"{_HIDDEN}{number}", dtype="float32")
        after = [layers.Dropout(share, name=f"dropout_{number}", dtype="float32")]
        if config.head_norm:
            name = f"{_NORM}{number}"
            norm = layers.BatchNormalization(name=name, dtype="float32")
            after.insert(0 if drops_features else 1, norm)
        for layer in (hidden, *after):
            out = layer(out)
    return layers.Dense(labels, name=HEAD, dtype="float32")(out)


def set_head(network: keras.Model, head: keras.Model) -> None:
    """Copy the weights of a head that was trained alone onto a network."""
    for layer in head.layers:
        if layer.weights:
            network.get_layer(layer.name).set_weights(layer.get_weights())


def evidence_of(network: keras.Model) -> Any:
    """Where in a film each logit comes from: Grad-CAM's weighted sum.

    The features weighted by the gradient of each logit with respect to their
    mean. Under a linear head the gradient is its kernel. Through hidden layers
    it depends on the film: it runs back over the transposed kernels, past the
    units whose relu was open. Kernels are copied, so the network may be
    trained on without harm.

    Args:
        network: Of `core.training.network.build_network`, in float32.

    Returns:
        The symbolic (n, h, w, c) of the network's own graph.

    Source:
        Selvaraju et al., Grad-CAM, ICCV 2017, arXiv:1610.02391.
    """
    ops = keras.ops
    features = network.get_layer(POOLED).input
    kernel = network.get_layer(HEAD).get_weights()[0]
    hidden = [x for x in network.layers if x.name.startswith(_HIDDEN)]
    if not hidden:
        return _fixed(kernel, "evidence")(features)
    gradient: Any = (kernel * _scale(network, len(hidden))[:, np.newaxis]).T
    for number in range(len(hidden), 0, -1):
        layer = hidden[number - 1]
        is_open = ops.cast(ops.greater(layer.output, 0.0), "float32")
        # (n, 1, u) times (c, u) or (n, c, u)
        gradient = ops.multiply(ops.expand_dims(is_open, 1), gradient)
        below = layer.get_weights()[0] * _scale(network, number - 1)[..., np.newaxis]
        gradient = _fixed(below.T, f"back_{number}")(gradient)
    height, width, channels = features.shape[1:]
    flat = ops.reshape(features, (-1, height * width, channels))
    evidence = ops.matmul(flat, ops.transpose(gradient, (0, 2, 1)))
    return ops.reshape(evidence, (-1, height, width, kernel.shape[1]))


def _scale(network: keras.Model, number: int) -> NDArray[np.float32]:
    """What the normalisation after a hidden layer multiplies by, or just 1."""
    names = {layer.name for layer in network.layers}
    if f"{_NORM}{number}" not in names:
        return np.ones(1, np.float32)
    norm = network.get_layer(f"{_NORM}{number}")
    gamma, _, _, variance = norm.get_weights()
    scale: NDArray[np.float32] = gamma / np.sqrt(variance + norm.epsilon)
    return scale


def _fixed(kernel: NDArray[np.float32], name: str) -> keras.layers.Layer:
    """A layer that multiplies by a kernel and never learns."""
    layer = keras.layers.Dense(
        kernel.shape[1], use_bias=False, trainable=False, name=name, dtype="float32"
    )
    layer.build((None, kernel.shape[0]))
    layer.set_weights([kernel])
    return layer
