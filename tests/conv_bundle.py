"""A real bundle with a few convolutions, as calibrating needs them."""

from __future__ import annotations

import tempfile
from pathlib import Path

import msgspec
import numpy as np
import openvino as ov
from openvino import opset13 as ops

from core.films.preprocess import PreprocessSpec
from core.model.bundle import GRAPH, GRAPH_WEIGHTS, ModelBundle, write_bundle
from core.model.classifier import probabilities
from core.model.graph import Graph, probe_input
from tests.tiny_bundle import SIZE, make_card

_CHANNELS = 8


def write_conv_bundle(path: Path, *, seed: int = 0) -> ModelBundle:
    """Write a bundle whose network standardises films and has random weights.

    It is built as an exported one: a division by 255, mean 0 and deviation 1
    with a floor under the deviation, convolutions, a pool and a linear head.
    """
    rng = np.random.default_rng(seed)
    film = ops.parameter([-1, SIZE, SIZE, 1], np.float32, name="film")
    shares = ops.multiply(
        ops.transpose(film, np.array([0, 3, 1, 2])), np.float32(1 / 255)
    )
    axes = np.array([1, 2, 3])
    node = ops.mvn(shares, axes, True, 0.05, "outside_sqrt")
    for given in (1, _CHANNELS, _CHANNELS):
        kernel = rng.normal(0, (given * 9) ** -0.5, (_CHANNELS, given, 3, 3))
        node = ops.convolution(
            node, kernel.astype(np.float32), [2, 2], [1, 1], [1, 1], [1, 1]
        )
        node = ops.relu(node)
    embedding = ops.reduce_mean(node, np.array([2, 3]), keep_dims=False)
    head = rng.normal(0, 4, (_CHANNELS, 3)).astype(np.float32)
    logits = ops.matmul(embedding, head, False, False)
    point = head.T.reshape(3, _CHANNELS, 1, 1)
    evidence = ops.transpose(
        ops.convolution(node, point, [1, 1], [0, 0], [0, 0], [1, 1]),
        np.array([0, 2, 3, 1]),
    )
    outputs = []
    named = {"logits": logits, "evidence": evidence, "embedding": embedding}
    for name, output in named.items():
        output.output(0).set_names({name})
        outputs.append(ops.result(output, name=f"{name}_result"))
    with tempfile.TemporaryDirectory() as scratch:
        xml = Path(scratch) / GRAPH
        ov.serialize(ov.Model(outputs, [film], "conv"), xml)
        files = {GRAPH: xml, GRAPH_WEIGHTS: xml.with_suffix(".bin")}
        found = Graph(xml, size=SIZE, labels=3).logits(
            probe_input(PreprocessSpec(SIZE))
        )
        probe = tuple(probabilities(found, 1.0)[0].tolist())
        card = msgspec.structs.replace(
            make_card(name="Small test network"), probe=probe
        )
        return write_bundle(path, card, files)
