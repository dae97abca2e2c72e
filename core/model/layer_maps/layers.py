"""Heat maps from layers before the last one: finer, and computed only when asked."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.errors import CoreError
from core.model.bundle import GRAPH, ModelBundle, ModelCard
from core.model.graph import compile_graph, load_openvino
from core.model.layer_maps.gradients import fed_by, gradient_of, sources

#: Backbone -> Keras's names of the last layer of each resolution after the first
#: pooling, the finest first; the default heat map is of the last one.
LAYERS: Final = {
    "densenet121": ("pool2_relu", "pool3_relu", "pool4_relu", "relu"),
    "resnet50": (
        "conv2_block3_out",
        "conv3_block4_out",
        "conv4_block6_out",
        "conv5_block3_out",
    ),
    "resnet152v2": (
        "conv2_block2_out",
        "conv3_block7_out",
        "conv4_block35_out",
        "post_relu",
    ),
    "vgg16": (
        "block2_conv2",
        "block3_conv3",
        "block4_conv3",
        "block5_conv3",
        "block5_pool",
    ),
    "vgg19": (
        "block2_conv2",
        "block3_conv4",
        "block4_conv4",
        "block5_conv4",
        "block5_pool",
    ),
}


def layers_of(card: ModelCard) -> tuple[str, ...]:
    """Layers of a model that there are heat maps of, finest first.

    Returns:
        The last is that of the default heat map. Empty where the card names no
        backbone that is known.
    """
    config = card.training.get("config")
    backbone = config.get("backbone") if isinstance(config, dict) else None
    return LAYERS.get(str(backbone), ())


def check_layer(card: ModelCard, layer: str) -> None:
    """Refuse a layer that there are no heat maps of.

    Raises:
        CoreError: It is none of `layers_of`.
    """
    known = layers_of(card)
    if layer in known:
        return
    if not known:
        raise CoreError(
            f"The model {card.name} has heat maps of its last layer alone: its card "
            "names no backbone that Hilum offers.",
            hint="Leave the layer out.",
        )
    raise CoreError(
        f"The model {card.name} has no heat maps of a layer {layer}.",
        hint=f"Choose one of: {', '.join(known)} (the usual one).",
    )


def scale_note(layer: str) -> str:
    """What the colours of a heat map from a layer before the last mean."""
    return (
        f"Heat map of {layer}: its colours are relative to the strongest place of each "
        "film and finding, not in units of the logit."
    )


class LayerMap:
    """A second graph of a model, which also computes backward, to one layer.

    Its weights are those of the first one's file. One thread at a time may use it.

    Args:
        bundle: A verified bundle.
        layer: One of `layers_of` its card, but not the last.

    Raises:
        BundleError: It cannot be loaded, or has other layers than its card says.
    """

    def __init__(self, bundle: ModelBundle, layer: str) -> None:
        self.layer = layer
        self._layers = layers_of(bundle.card)[:-1]
        compiled = compile_graph(
            bundle.path / GRAPH,
            self._mismatch,
            name=bundle.card.name,
            change=self._with_gradient,
        )
        self._request = compiled.create_infer_request()

    def evidence(self, film: NDArray[np.float32]) -> NDArray[np.float32]:
        """Grad-CAM's weighted sum at the layer, for every label.

        Unlike that of the last layer it does not add up to the logit, so its scale
        means nothing from one film, label or layer to the next.

        Args:
            film: (1, size, size, 1) float32 in [0, 255].

        Returns:
            (h, w, c) float32, owned by the caller.

        Source:
            Selvaraju et al., Grad-CAM, ICCV 2017, arXiv:1610.02391.
        """
        return np.array(self._request.infer({0: film})[0])

    def _mismatch(self, graph: Any) -> str:
        found, expected = len(_last_of_each_size(graph)), len(self._layers)
        if found == expected:
            return ""
        return f"its layers before the last are of {found} sizes and not {expected}"

    def _with_gradient(self, graph: Any) -> Any:
        openvino = load_openvino()
        ops, shape = openvino.opset13, graph.input(0).partial_shape
        shape[0] = 1
        graph.reshape(shape)
        layer = _last_of_each_size(graph)[self._layers.index(self.layer)]
        end = graph.output("logits").get_node().input_value(0).get_node()
        weights = ops.reduce_mean(gradient_of(graph, end, layer), [2, 3])
        _, channels, height, width = layer.output(0).shape
        values = ops.reshape(layer, [channels, height * width], False)
        cams = ops.matmul(values, weights, True, True)
        last = ops.result(ops.reshape(cams, [height, width, -1], False))
        return openvino.Model([last], graph.get_parameters())


def _last_of_each_size(graph: Any) -> list[Any]:
    """Where all of the film passes through, last before it is made smaller.

    Returns:
        Nodes after the first pooling, the finest first; that of the default heat
        map, which is the last of all, is left out.
    """
    order = graph.get_ordered_ops()
    needed = {graph.output("logits").get_node().get_name()}
    for node in reversed(order):
        if node.get_name() in needed:
            needed.update(source.get_name() for source in sources(node))
    needed &= fed_by(order, graph.get_parameters())
    path = [node for node in order if node.get_name() in needed]
    last_use = {
        source.get_name(): place
        for place, node in enumerate(path)
        for source in sources(node)
    }
    found: dict[tuple[int, ...], Any] = {}
    last, reaches, has_pooled = "", 0, False
    for place, node in enumerate(path):
        passes_by = reaches > place  # what was computed before is used after it
        reaches = max(reaches, last_use.get(node.get_name(), 0))
        shape, kind = node.output(0).partial_shape, node.get_type_name()
        if len(shape) != 4:
            continue
        last = node.get_name()
        has_pooled = has_pooled or kind == "MaxPool"
        joins = sum(source.get_name() in needed for source in sources(node)) > 1
        if has_pooled and not passes_by and (kind == "Relu" or joins):
            found[tuple(side.get_length() for side in shape[2:])] = node
    return [node for node in found.values() if node.get_name() != last]
