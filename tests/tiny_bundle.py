"""A real bundle with a small graph, built in milliseconds without TensorFlow."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import openvino as ov
from openvino import opset13 as ops

from core.films.preprocess import PreprocessSpec
from core.model.bundle import (
    GRAPH,
    GRAPH_WEIGHTS,
    Label,
    ModelBundle,
    ModelCard,
    OperatingPoint,
    write_bundle,
)
from core.model.graph import probe_input

LABELS = (
    Label("covid", "COVID-19"),
    Label("pneumonia", "Pneumonia"),
    Label("normal", "Normal"),
)
SIZE = 32
CELLS = 4
#: Logit of each label per unit of a film's mean brightness, and at zero.
_SLOPES = (6.0, 0.0, -6.0)
_OFFSETS = (-3.0, -1.2, 3.0)


def make_card(
    *,
    threshold: float = 0.5,
    labels: Sequence[Label] = LABELS,
    name: str = "Tiny test model",
    shift: float = 0.0,
) -> ModelCard:
    """A card with every field filled in plausibly; made, not measured.

    Its probe is what the graph of `write_tiny_bundle` gives, worked out by hand.
    """
    points = tuple(
        OperatingPoint(
            label=label.name,
            threshold=threshold,
            chosen_on="validation",
            criterion="Fixed, for tests.",
            precision=0.9,
            sensitivity=0.8,
            specificity=0.95,
        )
        for label in labels
    )
    return ModelCard(
        name=name,
        labels=tuple(labels),
        preprocess=PreprocessSpec(size=SIZE),
        temperature=1.0,
        operating_points=points,
        metrics={"test": {"n": 30, "accuracy": 0.9, "accuracy_ci": [0.75, 0.97]}},
        data={"films": 30},
        training={"command": "none: built by hand"},
        intended_use="Tests of the program.",
        limits="Knows brightness and nothing else.",
        probe=_probe(len(labels), shift),
        files={},
    )


def write_tiny_bundle(
    path: Path,
    *,
    threshold: float = 0.5,
    labels: Sequence[Label] = LABELS,
    name: str = "Tiny test model",
    shift: float = 0.0,
    breaks_on_black: bool = False,
) -> ModelBundle:
    """Write a bundle whose verdict follows the brightness of the film.

    A bright film is "covid", a dark one "normal"; the evidence of a label is
    its logit per cell of a 4 x 4 grid, so the heat map follows the brightness
    too, and the logits are the mean of the evidence.

    Args:
        path: Folder to make.
        threshold: Operating point of every label.
        labels: Its labels; with others than three, the first is for bright
            films, the last for dark ones.
        name: Of the model.
        shift: Added to the first label's logit: a model of its own, which calls
            more films so.
        breaks_on_black: Whether it gives NaN for films with a black part.
    """
    graph = _graph(*_line(len(labels), shift), breaks_on_black=breaks_on_black)
    with tempfile.TemporaryDirectory() as scratch:
        xml = Path(scratch) / GRAPH
        ov.serialize(graph, xml)
        files = {GRAPH: xml, GRAPH_WEIGHTS: xml.with_suffix(".bin")}
        card = make_card(threshold=threshold, labels=labels, name=name, shift=shift)
        return write_bundle(path, card, files)


def _line(labels: int, shift: float) -> tuple[list[float], list[float]]:
    """Slopes and offsets of the labels' logits."""
    slopes, offsets = list(_SLOPES), list(_OFFSETS)
    if labels != len(_SLOPES):
        slopes = list(np.linspace(6.0, -6.0, labels))
        offsets = [-slope / 2 - 1.2 * (abs(slope) < 5) for slope in slopes]
    offsets[0] += shift
    return slopes, offsets


def _probe(labels: int, shift: float) -> tuple[float, ...]:
    """Probabilities of the probe, whose cells' mean is that of all its pixels."""
    brightness = float(probe_input(PreprocessSpec(size=SIZE)).mean()) / 255
    slopes, offsets = map(np.array, _line(labels, shift))
    powers = np.exp(slopes * brightness + offsets)
    with np.errstate(invalid="ignore"):  # a shift may be infinite
        return tuple((powers / powers.sum()).tolist())


def _graph(
    slope: Sequence[float], offset: Sequence[float], *, breaks_on_black: bool
) -> ov.Model:
    film = ops.parameter([-1, SIZE, SIZE, 1], np.float32, name="film")
    shares = ops.divide(film, np.float32(255.0))
    channels_first = ops.transpose(shares, np.array([0, 3, 1, 2]))
    cell = [SIZE // CELLS, SIZE // CELLS]
    cells = ops.avg_pool(channels_first, cell, [0, 0], [0, 0], cell, True)
    grid = ops.transpose(cells, np.array([0, 2, 3, 1]))
    slopes = np.array(slope, np.float32).reshape(1, 1, 1, -1)
    offsets = np.array(offset, np.float32).reshape(1, 1, 1, -1)
    evidence = ops.add(ops.multiply(grid, slopes), offsets)
    if breaks_on_black:
        root = ops.sqrt(ops.subtract(grid, np.float32(0.01)))
        evidence = ops.add(evidence, ops.multiply(root, np.float32(1e-6)))
    logits = ops.reduce_mean(evidence, np.array([1, 2]), keep_dims=False)
    flat = ops.reshape(grid, np.array([0, -1]), special_zero=True)
    outputs = []
    for node, name in ((logits, "logits"), (evidence, "evidence"), (flat, "embedding")):
        node.output(0).set_names({name})
        outputs.append(ops.result(node, name=f"{name}_result"))
    return ov.Model(outputs, [film], "tiny")
