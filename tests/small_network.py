"""Small networks under known names, for tests of how a job runs.

What a large network learns is not what such tests look at, and it takes them most of
their time.
"""

from __future__ import annotations

from typing import Any


def small_vgg16(
    include_top: bool, weights: object, input_shape: tuple[int, ...], name: str
) -> Any:
    """Stands in for `keras.applications.VGG16`: seven layers instead of nineteen."""
    assert not include_top
    assert weights is None
    return _small_network(input_shape, name, is_normalised=False)


def small_resnet50(
    include_top: bool, weights: object, input_shape: tuple[int, ...], name: str
) -> Any:
    """Stands in for `keras.applications.ResNet50`: ten layers, three normalise."""
    assert not include_top
    assert weights is None
    return _small_network(input_shape, name, is_normalised=True)


def _small_network(
    input_shape: tuple[int, ...], name: str, *, is_normalised: bool
) -> Any:
    import keras

    layers = keras.layers
    x = film = keras.Input(input_shape)
    for number, width in enumerate((16, 32, 256)):
        x = layers.Conv2D(
            width, 3, padding="same", activation="relu", name=f"conv{number}"
        )(x)
        if is_normalised:
            x = layers.BatchNormalization(name=f"norm{number}")(x)
        x = layers.MaxPooling2D(name=f"pool{number}")(x)
    return keras.Model(film, x, name=name)
