"""Backbone and head, and which layers of them learn."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import keras

from core.bundle import WEIGHTS
from core.errors import TrainingError
from core.paths import default_bundle_dir
from core.preprocess import DEVIATION_FLOOR

BACKBONE = "densenet121"
HEAD = "logits"

#: Keras names layers in a weights file by their kind.
_HEAD_IN_FILE = "dense"


@keras.saving.register_keras_serializable(package="hilum")
class Standardise(keras.layers.Layer):
    """Give a grey film mean 0 and deviation 1, and three equal channels.

    Inside the graph, so that an exported file cannot be fed wrongly.
    Input: (n, h, w, 1) in [0, 255]. Output: (n, h, w, 3), float32.
    """

    def __init__(self, **options: Any) -> None:
        # float32 whatever the policy: bfloat16 has too few bits for a mean
        # over 50,000 pixels.
        super().__init__(**{**options, "dtype": "float32"})

    # Keras overrides

    def call(self, films: Any) -> Any:
        ops = keras.ops
        films = films / 255.0
        mean = ops.mean(films, axis=(1, 2, 3), keepdims=True)
        deviation = ops.std(films, axis=(1, 2, 3), keepdims=True)
        standard = (films - mean) / (deviation + DEVIATION_FLOOR)
        return ops.concatenate([standard, standard, standard], axis=-1)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> Any:
        return (*input_shape[:-1], 3)


def build_network(
    size: int, labels: int, dropout: float, *, learns_statistics: bool = False
) -> keras.Model:
    """DenseNet121, global average pooling and a linear head.

    Args:
        size: Side of the input, pixels.
        labels: Number of outputs.
        dropout: Share of the pooled features dropped while training.
        learns_statistics: Whether batch normalisation learns in training. With
            starting weights it must not: a user's few films would spoil its
            statistics. From random weights it must.

    Returns:
        A model from (n, size, size, 1) float32 in [0, 255] to (n, labels)
        logits, its weights random.

    Source:
        Huang et al., Densely connected convolutional networks, CVPR 2017,
        arXiv:1608.06993.
    """
    backbone = keras.applications.DenseNet121(
        include_top=False,
        weights=None,
        input_shape=(size, size, 3),
        name=BACKBONE,
    )
    film = keras.Input((size, size, 1), name="film")
    standard = Standardise(name="standardise")(film)
    features = backbone(standard, training=None if learns_statistics else False)
    pooled = keras.layers.GlobalAveragePooling2D(name="embedding")(features)
    dropped = keras.layers.Dropout(dropout, name="dropout")(pooled)
    head = keras.layers.Dense(labels, name=HEAD, dtype="float32")
    return keras.Model(film, head(dropped), name="hilum")


def build_inference_model(network: keras.Model) -> keras.Model:
    """One pass for verdict, heat map and embedding.

    With global average pooling and a linear head, Grad-CAM's weighted sum of
    the feature maps is `features @ kernel`: no gradient is needed.

    Args:
        network: As `build_network` makes it, computing in float32.

    Returns:
        A model with the outputs logits (n, c), evidence (n, h, w, c) and
        embedding (n, k), in that order, sharing the network's weights.
    """
    film = keras.Input(network.input_shape[1:], name="film")
    features = network.get_layer(BACKBONE)(
        network.get_layer("standardise")(film), training=False
    )
    pooled = network.get_layer("embedding")(features)
    head = network.get_layer(HEAD)
    evidence = keras.ops.matmul(features, keras.ops.convert_to_tensor(head.kernel))
    return keras.Model(film, [head(pooled), evidence, pooled], name="hilum")


def load_start(network: keras.Model, weights: str) -> None:
    """Put starting weights into the backbone.

    Args:
        weights: "none" keeps the random ones; "default" takes those of the
            model that comes with the program; "imagenet" lets Keras find
            ImageNet's in its own folder or fetch them; else a file of weights
            of the backbone, or the folder of a bundle.

    Raises:
        TrainingError: They cannot be had or do not fit.
    """
    backbone = network.get_layer(BACKBONE)
    if weights == "none":
        return
    if weights == "imagenet":
        backbone.set_weights(_imagenet_weights())
        return
    path = default_bundle_dir() if weights == "default" else Path(weights)
    if path.is_dir():
        backbone.set_weights(_bundle_weights(path / WEIGHTS, network))
        return
    _load(backbone, path)


def load_whole(network: keras.Model, path: Path) -> None:
    """Put a bundle's weights into a network of the same labels.

    Raises:
        TrainingError: They are missing or do not fit.
    """
    _load(network, path)


def unfreeze(network: keras.Model, layer: int, *, statistics: bool = False) -> int:
    """Choose what learns: the head, and the backbone from a layer on.

    Args:
        layer: Number of the first layer of the backbone that learns.
        statistics: Whether batch normalisation learns too.

    Returns:
        The number of weights that learn.

    Raises:
        TrainingError: The backbone has no such layer.
    """
    backbone = network.get_layer(BACKBONE)
    if layer >= len(backbone.layers):
        raise TrainingError(
            f"The backbone has {len(backbone.layers)} layers, so none can be "
            f"unfrozen from {layer} on.",
            hint="Choose a smaller number; 100 is usual.",
        )
    backbone.trainable = True
    for number, part in enumerate(backbone.layers):
        # Its scale and offset stay as well: they belong to the statistics.
        is_norm = isinstance(part, keras.layers.BatchNormalization)
        part.trainable = number >= layer and (statistics or not is_norm)
    return sum(math.prod(weight.shape) for weight in network.trainable_weights)


def _imagenet_weights() -> list[Any]:
    try:
        source = keras.applications.DenseNet121(
            include_top=False, weights="imagenet", input_shape=(224, 224, 3)
        )
    except Exception as error:  # noqa: BLE001 - Keras raises a bare Exception here
        raise TrainingError(
            "The ImageNet weights could not be downloaded.",
            hint="Without a network, put densenet121_weights_tf_dim_ordering_tf_"
            "kernels_notop.h5 into the folder .keras/models of your home, or name "
            "a weights file or a bundle to start from.",
        ) from error
    weights: list[Any] = source.get_weights()
    return weights


def _bundle_weights(path: Path, network: keras.Model) -> list[Any]:
    """The backbone's weights of a bundle with any number of labels."""
    import h5py

    try:
        with h5py.File(path) as file:
            labels = int(file[f"layers/{_HEAD_IN_FILE}/vars/0"].shape[1])
    except (OSError, KeyError, IndexError) as error:
        raise _unfit(path, error) from error
    twin = build_network(network.input_shape[1], labels, 0.0)
    _load(twin, path)
    weights: list[Any] = twin.get_layer(BACKBONE).get_weights()
    return weights


def _load(model: keras.Model, path: Path) -> None:
    if not path.is_file():
        raise TrainingError(
            f"There is no weights file {path}.",
            hint="Give a .weights.h5 file of a DenseNet121, or a bundle's folder.",
        )
    try:
        model.load_weights(path)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _unfit(path, error) from error


def _unfit(path: Path, error: Exception) -> TrainingError:
    first = str(error).strip().splitlines()[0] if str(error).strip() else "no reason"
    return TrainingError(
        f"The weights in {path.name} do not fit a DenseNet121 ({first[:200]}).",
        hint="Give a .weights.h5 file saved from Keras's DenseNet121 without its "
        "top, or the folder of a bundle.",
    )
