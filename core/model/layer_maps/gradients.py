"""Gradients within an exported graph, of OpenVINO's own operations.

OpenVINO computes forward alone. What is computed backward is a graph again: for each
operation another one with the same constants, as the chain rule has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import numpy as np

from core.model.graph import load_openvino


def sources(node: Any) -> list[Any]:
    """The nodes that a node computes from."""
    return [value.get_node() for value in node.input_values()]


def fed_by(order: Iterable[Any], starts: Iterable[Any]) -> set[str]:
    """Names of some nodes and of all that are computed from them.

    Args:
        order: Nodes of a graph, each after those that it computes from.
    """
    names = {node.get_name() for node in starts}
    for node in order:
        if any(source.get_name() in names for source in sources(node)):
            names.add(node.get_name())
    return names


def gradient_of(graph: Any, end: Any, layer: Any) -> Any:
    """The gradient of each value of a vector with respect to a layer.

    The film passes forward once, the values backward together, as a batch.

    Args:
        graph: Of static shapes, for one film. It is not changed.
        end: The node of the vector, (1, c).
        layer: A node that it depends on, (1, k, h, w).

    Returns:
        A new node, (c, k, h, w).

    Raises:
        RuntimeError: An operation between the two is none of those known here.
    """
    ops = load_openvino().opset13
    order = graph.get_ordered_ops()
    depends = fed_by(order, [layer])
    seed = np.eye(end.output(0).shape[1], dtype=np.float32)
    found = {end.get_name(): ops.constant(seed)}
    for node in reversed(order):
        gradient = found.get(node.get_name())
        if gradient is None or node.get_name() == layer.get_name():
            continue
        for place, source in enumerate(sources(node)):
            name, kind = source.get_name(), node.get_type_name()
            if name not in depends:
                continue
            if kind not in _RULES:
                raise RuntimeError(f"the gradient of {kind} is not known")
            part = _RULES[kind](ops, node, place, gradient)
            found[name] = ops.add(found[name], part) if name in found else part
    return found[layer.get_name()]


def _same(ops: Any, node: Any, place: int, gradient: Any) -> Any:
    return gradient


def _multiply(ops: Any, node: Any, place: int, gradient: Any) -> Any:
    return ops.multiply(gradient, node.input_value(1 - place))


def _relu(ops: Any, node: Any, place: int, gradient: Any) -> Any:
    is_open = ops.greater(node.output(0), np.float32(0))
    return ops.multiply(gradient, ops.convert(is_open, "f32"))


def _matmul(ops: Any, node: Any, place: int, gradient: Any) -> Any:
    # Of rows of features with a kernel, which may be stored either way.
    turned = node.get_attributes()["transpose_b"]
    return ops.matmul(gradient, node.input_value(1), False, not turned)


def _mean(ops: Any, node: Any, place: int, gradient: Any) -> Any:
    # Over the locations, each of which has the same part in it.
    height, width = node.input_value(0).shape[2:]
    flat = ops.reshape(gradient, [*gradient.output(0).shape[:2], 1, 1], False)
    share = np.full((1, 1, height, width), 1 / (height * width), np.float32)
    return ops.multiply(flat, share)


def _concat(ops: Any, node: Any, place: int, gradient: Any) -> Any:
    axis = node.get_attributes()["axis"]
    sizes = [value.shape[axis] for value in node.input_values()]
    start = sum(sizes[:place])
    return ops.slice(gradient, [start], [start + sizes[place]], [1], [axis])


def _convolution(ops: Any, node: Any, place: int, gradient: Any) -> Any:
    kernel = node.input_value(1).get_node()
    while kernel.get_type_name() == "Convert":  # it is stored as float16
        kernel = kernel.input_value(0).get_node()
    # WORKAROUND (OpenVINO 2026.4): a kernel with as many inputs as outputs that
    # serves both ways is laid out once, for the way forward. So it is copied.
    kernel = ops.constant(kernel.data.astype(np.float32))
    return _transposed(ops.convolution_backprop_data, node, gradient, kernel)


def _average(ops: Any, node: Any, place: int, gradient: Any) -> Any:
    height, width = node.get_attributes()["kernel"]
    channels = node.input_value(0).shape[1]
    share = np.full((channels, 1, 1, height, width), 1 / (height * width), np.float32)
    return _transposed(ops.group_convolution_backprop_data, node, gradient, share)


def _transposed(
    operation: Callable[..., Any], node: Any, gradient: Any, kernel: Any
) -> Any:
    """A convolution backward, to the size of what it was computed from."""
    fields = node.get_attributes()
    names = ("strides", "pads_begin", "pads_end")
    strides, begin, end = (np.array(fields[name]) for name in names)
    dilations = np.array(fields.get("dilations", (1, 1)))
    sides = np.array(list(fields.get("kernel") or node.input_value(1).shape)[-2:])
    size, count = (
        np.array(list(value.shape)[2:])
        for value in (node.input_value(0), node.output(0))
    )
    reached = strides * (count - 1) + dilations * (sides - 1) + 1 - begin - end
    return operation(
        gradient,
        kernel,
        strides.tolist(),
        pads_begin=begin.tolist(),
        pads_end=end.tolist(),
        dilations=dilations.tolist(),
        output_padding=(size - reached).tolist(),  # where no stride has reached
    )


def _maximum(ops: Any, node: Any, place: int, gradient: Any) -> Any:
    """All of it goes to the place of the largest value, the first among equals."""
    fields, value = node.get_attributes(), node.input_value(0)
    names = ("strides", "dilations", "pads_begin", "pads_end", "kernel")
    names = (*names, "rounding_type", "auto_pad")
    pooled = ops.max_pool(value, *(fields[name] for name in names), "i32", 2)
    _, channels, height, width = value.shape
    shape = [gradient.output(0).shape[0], channels]
    places = ops.reshape(pooled.output(1), [1, channels, -1], False)
    length = int(np.prod(node.output(0).shape[2:]))
    places = ops.broadcast(places, [*shape, length])
    updates = ops.reshape(gradient, [*shape, length], False)
    nothing = np.zeros((*shape, height * width), np.float32)
    whole = ops.scatter_elements_update(nothing, places, updates, 2, "sum")
    return ops.reshape(whole, [*shape, height, width], False)


#: Operation -> its gradient with respect to one of its inputs, given what comes back
#: from its output. Where values are added or multiplied they are of one size, or the
#: other is a constant.
_RULES: Final[dict[str, Callable[[Any, Any, int, Any], Any]]] = {
    "Add": _same,
    "AvgPool": _average,
    "Concat": _concat,
    "Convolution": _convolution,
    "MatMul": _matmul,
    "MaxPool": _maximum,
    "Multiply": _multiply,
    "ReduceMean": _mean,
    "Relu": _relu,
}
