"""The five backbones: how each is made, and what its weights expect."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import keras

from core.films.preprocess import DEVIATION_FLOOR

#: Name of the backbone's layer in a network.
BACKBONE = "backbone"


@dataclasses.dataclass(frozen=True)
class Backbone:
    """A network of `keras.applications` without its top.

    Attributes:
        title: As people write it, and as Keras names its function.
        deviation: Of the input that its ImageNet weights expect, whose mean is
            near 0. Keras scales films to deviation 1 ("torch"), or leaves them
            at about 0.225 of 255 ("caffe") or of the range -1 to 1 ("tf").
        unfreeze_from: First layer that is usually fine-tuned.
        imagenet: Keras's name of the file with its ImageNet weights.
    """

    title: str
    deviation: float
    unfreeze_from: int
    imagenet: str


def _backbone(title: str, deviation: float, unfreeze_from: int) -> Backbone:
    file = f"{title.lower()}_weights_tf_dim_ordering_tf_kernels_notop.h5"
    return Backbone(title, deviation, unfreeze_from, file)


#: The deviations are those of `keras.applications.imagenet_utils`, whose
#: "torch" mode divides by 0.229, 0.224 and 0.225: the deviation of ImageNet's
#: three channels as a share of their range.
BY_NAME: Mapping[str, Backbone] = {
    "densenet121": _backbone("DenseNet121", 1.0, 100),
    "resnet50": _backbone("ResNet50", 57.0, 143),
    "resnet152v2": _backbone("ResNet152V2", 0.45, 300),
    "vgg16": _backbone("VGG16", 57.0, 15),
    "vgg19": _backbone("VGG19", 57.0, 17),
}


def make_backbone(name: str, size: int, weights: str | None = None) -> keras.Model:
    """A backbone from (n, size, size, 3) to its last feature map.

    Args:
        name: One of `core.runs.config.BACKBONES`.
        size: Side of the input, pixels; at least 32.
        weights: "imagenet" lets Keras find or fetch them; None means random.

    Source:
        DenseNet: Huang et al. 2017, arXiv:1608.06993. ResNet: He et al. 2016,
        arXiv:1512.03385, and V2, arXiv:1603.05027. VGG: Simonyan and Zisserman
        2015, arXiv:1409.1556.
    """
    make = getattr(keras.applications, BY_NAME[name].title)
    return make(
        include_top=False, weights=weights, input_shape=(size, size, 3), name=BACKBONE
    )


def standardise(film: Any, deviation: float = 1.0) -> Any:
    """Give a grey film mean 0, a deviation, and three equal channels.

    Inside the graph, so that an exported file cannot be fed wrongly, and of
    `keras.ops` alone, so that stock Keras loads it. What it is given stays
    float32 under any policy: bfloat16 has too few bits for a mean over 50,000
    pixels.

    Args:
        film: (n, h, w, 1) float32 in [0, 255].

    Returns:
        (n, h, w, 3) float32.
    """
    ops = keras.ops
    film = film / 255.0
    mean = ops.mean(film, axis=(1, 2, 3), keepdims=True)
    spread = ops.std(film, axis=(1, 2, 3), keepdims=True)
    standard = (film - mean) / (spread + DEVIATION_FLOOR)
    if deviation != 1.0:
        standard = standard * deviation
    return ops.concatenate([standard, standard, standard], axis=-1)
