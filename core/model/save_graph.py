"""Exported and calibrated graphs, stored as files."""

from __future__ import annotations

import contextlib
import importlib
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import CoreError
from core.model.graph import OUTPUTS, load_openvino

#: Left in float32 in a graph of integers, for the little that they take: what
#: scales a channel by itself, pools, or computes the result.
_KEPT_TYPES = ("MVN", "Multiply", "Add", "Subtract", "AvgPool", "MaxPool")
_KEPT_LAST = ("ReduceMean", "MatMul")


def save_graph(
    exported: Path, target: Path, *, half: bool, outputs: Sequence[str] = OUTPUTS
) -> None:
    """Name a freshly exported graph's outputs and store it.

    Args:
        exported: The file that Keras wrote.
        target: The .xml to write; the weights go beside it.
        half: Whether to store the weights as float16.
        outputs: Names in the order of its outputs; none leaves them as they are.
    """
    openvino = load_openvino()
    graph = openvino.Core().read_model(exported)
    for output, name in zip(graph.outputs, outputs, strict=bool(outputs)):
        output.get_tensor().set_names({name})
    # OpenVINO numbers layers through the whole life of a process, and the file's
    # hash names the model: the same network must give the same file.
    for number, node in enumerate(graph.get_ordered_ops()):
        if re.fullmatch(r"[A-Za-z]+_\d+", node.get_friendly_name()):
            node.set_friendly_name(f"{node.get_type_name()}_{number}")
    openvino.save_model(graph, target, compress_to_fp16=half)


def save_int8_graph(
    graph: Path, target: Path, films: Sequence[NDArray[np.float32]]
) -> str:
    """Store a graph whose convolutions compute in 8-bit integers.

    The first and the last convolution stay as they are: they cost little and
    decide much. The outputs are the same three.

    Args:
        graph: The .xml of the graph in float32.
        target: The .xml to write; the weights go beside it.
        films: Each (1, size, size, 1) float32 in [0, 255]; the ranges of the
            values within the network are taken from them.

    Returns:
        What did it, with its version.

    Raises:
        CoreError: NNCF is not installed.
    """
    try:
        nncf = importlib.import_module("nncf")
    except ImportError as error:
        raise CoreError(
            "Making a graph in int8 needs the package nncf, which is not installed.",
            hint="Install it into Hilum's environment with: python -m pip install nncf",
        ) from error
    openvino = load_openvino()
    model = openvino.Core().read_model(graph, graph.with_suffix(".bin"))
    _fold_scale(model)
    nncf.set_log_level("ERROR")
    # Its bars of progress go to stdout, which belongs to results.
    with contextlib.redirect_stdout(io.StringIO()):
        whole = nncf.quantize(
            model,
            nncf.Dataset(films),
            subset_size=len(films),
            ignored_scope=nncf.IgnoredScope(
                names=_kept(model),
                types=[*_KEPT_TYPES, *_KEPT_LAST],
                validate=False,
            ),
        )
    openvino.save_model(whole, target)
    return f"nncf {nncf.__version__}"


def _kept(model: Any) -> list[str]:
    """Names of what stays in float32: all up to the first convolution, the last."""
    nodes = [n for n in model.get_ordered_ops() if n.get_type_name() != "Constant"]
    places = [i for i, n in enumerate(nodes) if n.get_type_name() == "Convolution"]
    first, last = (places[0], places[-1]) if places else (0, 0)
    ends = ("Parameter", "Result")
    kept = [n for n in nodes[: first + 1] if n.get_type_name() not in ends]
    return [node.get_friendly_name() for node in (*kept, nodes[last])]


def _fold_scale(model: Any) -> None:
    """Standardise films of 0 to 255 rather than of 0 to 1, with the same result.

    WORKAROUND (OpenVINO 2026.4): in a graph with integers it takes the division
    by 255 for a scale that standardising undoes, and drops it. But a floor is
    added to the deviation, on the scale of 0 to 1. So the floor is scaled here.
    """
    ops = load_openvino().opset13
    for node in model.get_ordered_ops():
        if node.get_type_name() != "MVN":
            continue
        scaled, fields = node.input_value(0).get_node(), node.get_attributes()
        if scaled.get_type_name() != "Multiply":
            continue
        factor = scaled.input_value(1).get_node()
        while factor.get_type_name() == "Convert":
            factor = factor.input_value(0).get_node()
        if factor.get_type_name() != "Constant" or factor.data.size != 1:
            continue
        mode = fields["eps_mode"].lower()
        power = 2 if mode == "inside_sqrt" else 1  # of the variance, or deviation
        floor = fields["eps"] / float(factor.data.ravel()[0]) ** power
        axes, normalise = node.input_value(1), fields["normalize_variance"]
        plain = ops.mvn(scaled.input_value(0), axes, normalise, floor, mode)
        node.output(0).replace(plain.output(0))
    model.validate_nodes_and_infer_types()
