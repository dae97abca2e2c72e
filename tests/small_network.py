"""A small network under a known name, for tests of how a job runs."""

from __future__ import annotations

from typing import Any


def small_vgg16(
    include_top: bool, weights: object, input_shape: tuple[int, ...], name: str
) -> Any:
    """Stands in for `keras.applications.VGG16`: seven layers instead of nineteen.

    What a large network learns is not what such tests look at, and it takes them
    most of their time.
    """
    import keras

    assert not include_top
    assert weights is None
    x = film = keras.Input(input_shape)
    for number, width in enumerate((16, 32, 256)):
        convolution = keras.layers.Conv2D(
            width, 3, padding="same", activation="relu", name=f"conv{number}"
        )
        x = keras.layers.MaxPooling2D(name=f"pool{number}")(convolution(x))
    return keras.Model(film, x, name=name)
