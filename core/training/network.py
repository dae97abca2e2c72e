"""Backbone and head in one network, and which of its layers learn."""

from __future__ import annotations

import keras

from core.errors import TrainingError
from core.model.bundle import WEIGHTS, ModelBundle
from core.runs.config import TITLES, USUAL_LAYERS, TrainingConfig
from core.runs.starting_weights import config_of
from core.training.backbones import BACKBONE, DEVIATIONS, make_backbone, standardise
from core.training.heads import POOLED, add_head, evidence_of
from core.training.weights import load_start, load_whole

#: Characters of a line of a summary: Keras cuts off what is more, terminal or not.
_SUMMARY_WIDTH = 80


def build_network(
    config: TrainingConfig, labels: int, *, dropout: float | None = None
) -> keras.Model:
    """The backbone, global average pooling and the head of a job.

    With starting weights the backbone's batch normalisation must not learn: a
    user's few films would spoil its statistics. From random weights it must.
    The head's always learns.

    Args:
        dropout: In place of the job's; 0 for the network that is exported.

    Returns:
        A model from (n, size, size, 1) float32 in [0, 255] to (n, labels)
        logits, its weights random.
    """
    backbone = make_backbone(config.backbone, config.size)
    film = keras.Input((config.size, config.size, 1), name="film", dtype="float32")
    standard = standardise(film, DEVIATIONS[config.backbone])
    features = backbone(standard, training=None if config.learns_statistics else False)
    pooled = keras.layers.GlobalAveragePooling2D(name=POOLED)(features)
    return keras.Model(film, add_head(pooled, config, labels, dropout), name="hilum")


def build_inference_model(network: keras.Model) -> keras.Model:
    """One pass for verdict, heat map and embedding.

    Args:
        network: As `build_network` makes it, computing in float32.

    Returns:
        A model with the outputs logits (n, c), evidence (n, h, w, c) and
        embedding (n, k), in that order, sharing the network's layers. The
        evidence is of the head's weights at this moment.
    """
    pooled = network.get_layer(POOLED).output
    outputs = [network.output, evidence_of(network), pooled]
    return keras.Model(network.input, outputs, name="hilum")


def network_of(bundle: ModelBundle) -> keras.Model:
    """Rebuild the network of a bundle, with its weights.

    Raises:
        TrainingError: The bundle has no weights, or they are not those of the
            network that its card describes.
    """
    path = bundle.path / WEIGHTS
    if WEIGHTS not in bundle.card.files:
        raise TrainingError(
            f"The model {bundle.card.name} comes without {WEIGHTS}.",
            hint="Only a bundle with its weights can be trained on or converted.",
        )
    network = build_network(
        config_of(bundle.card), len(bundle.card.labels), dropout=0.0
    )
    load_whole(network, path)
    return network


def check_network(config: TrainingConfig, labels: int) -> None:
    """Make the network of a job once, to refuse early what would be refused late.

    Raises:
        CoreError: Its starting weights cannot be had or do not fit, or the backbone
            has fewer layers.
    """
    keras.mixed_precision.set_dtype_policy("float32")
    network = build_network(config, labels)
    load_start(network, config)
    if config.epochs:
        unfreeze(network, config)
    keras.backend.clear_session(free_memory=True)


def summary_of(config: TrainingConfig, labels: int) -> str:
    """Keras's table of a job's layers, their shapes, weights and what learns.

    What learns is that of the second phase, or the head alone without one.

    Raises:
        TrainingError: The backbone has fewer layers than the job leaves frozen.
    """
    network = build_network(config, labels)
    network.get_layer(BACKBONE).trainable = False
    if config.epochs:
        unfreeze(network, config)
    lines: list[str] = []
    network.summary(
        _SUMMARY_WIDTH,
        print_fn=lines.append,
        expand_nested=True,
        show_trainable=True,
    )
    return "\n".join(lines)


def unfreeze(network: keras.Model, config: TrainingConfig) -> None:
    """Choose what learns: the head, and the backbone from the job's layer on.

    Raises:
        TrainingError: The backbone has no such layer.
    """
    backbone, layer = network.get_layer(BACKBONE), config.unfreeze_from
    if layer >= len(backbone.layers):
        usual = [f"{first} for {TITLES[name]}" for name, first in USUAL_LAYERS.items()]
        raise TrainingError(
            f"The backbone has {len(backbone.layers)} layers, so none can be "
            f"unfrozen from {layer} on.",
            hint="Choose a smaller number. Usual are "
            f"{', '.join(usual[:-1])} and {usual[-1]}.",
        )
    backbone.trainable = True
    for number, part in enumerate(backbone.layers):
        # Its scale and offset stay as well: they belong to the statistics.
        is_norm = isinstance(part, keras.layers.BatchNormalization)
        learns = config.learns_statistics or not is_norm
        part.trainable = number >= layer and learns
