"""The five backbones: how each is made, and what its weights expect."""

from __future__ import annotations

from typing import Any, Final

import keras

from core.films.preprocess import DEVIATION_FLOOR
from core.runs.config import TITLES

#: Name of the backbone's layer in a network.
BACKBONE = "backbone"


#: Deviation of the input that the ImageNet weights of a backbone expect, whose mean
#: is near 0. Those of `keras.applications.imagenet_utils`: Keras scales films to
#: deviation 1 ("torch", which divides by that of ImageNet's channels), or leaves them
#: at about 0.225 of 255 ("caffe") or of the range -1 to 1 ("tf").
DEVIATIONS: Final = {
    "densenet121": 1.0,
    "resnet50": 57.0,
    "resnet152v2": 0.45,
    "vgg16": 57.0,
    "vgg19": 57.0,
}


def imagenet_file(name: str) -> str:
    """Keras's name of the file with the ImageNet weights of a backbone."""
    return f"{name}_weights_tf_dim_ordering_tf_kernels_notop.h5"


def make_backbone(name: str, size: int, weights: str | None = None) -> keras.Model:
    """A backbone from (n, size, size, 3) to its last feature map.

    Args:
        size: Side of the input, pixels; at least 32.
        weights: "imagenet" lets Keras find or fetch them; None means random.

    Source:
        DenseNet: Huang et al. 2017, arXiv:1608.06993. ResNet: He et al. 2016,
        arXiv:1512.03385, and V2, arXiv:1603.05027. VGG: Simonyan and Zisserman
        2015, arXiv:1409.1556.
    """
    make = getattr(keras.applications, TITLES[name])
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
