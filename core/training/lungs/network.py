"""The network that finds the lungs, and how it learns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from core.model.lungs import SIZE
from core.runs.augment import vary_with_mask
from core.runs.model_settings import Augmentation
from core.training.backbones import standardise

#: Channels of each level, from half of the film's pixels down to a 32nd.
_CHANNELS = (16, 32, 48, 64, 96)
_BATCH = 8
_RATE = 2e-3
_WEIGHT_DECAY = 1e-4
#: Of the averages of batch normalisation: there are few steps to learn them in.
_MOMENTUM = 0.9
#: Wide, so that films of other hospitals, of children and in other poses do not
#: surprise a network that has seen few.
_VARIATION = Augmentation(
    rotation_deg=25.0,
    zoom=0.3,
    shift=0.1,
    flip=True,
    gamma=0.8,
    brightness=0.15,
    blur=0.3,
    erase=0.3,
    # The network that is shipped was trained without these.
    local_contrast=0.0,
    uneven=0.0,
    noise=0.0,
    compression=0.0,
)

Pixels = NDArray[np.uint8]


def build_lung_network() -> keras.Model:
    """A small U-Net from a film to the probability of lung in each pixel.

    Returns:
        A model from (n, 256, 256, 1) float32 in [0, 255] to the same shape in
        [0, 1], its weights random; under a million of them.

    Source:
        Ronneberger et al., U-Net, MICCAI 2015, arXiv:1505.04597. Ours is narrower,
        and begins and ends with half of the pixels, which lungs do not need.
    """
    layers = keras.layers
    film = keras.Input((SIZE, SIZE, 1), name="film", dtype="float32")
    here = _convolve(standardise(film), _CHANNELS[0], 5, strides=2)
    passed = []
    for channels in _CHANNELS:
        if passed:
            here = layers.MaxPooling2D()(here)
        here = _convolve(_convolve(here, channels), channels)
        passed.append(here)
    for channels, across in zip(_CHANNELS[-2::-1], passed[-2::-1], strict=True):
        here = layers.UpSampling2D(interpolation="bilinear")(here)
        here = layers.Concatenate()([here, across])
        here = _convolve(_convolve(here, channels), channels)
    here = layers.Conv2D(1, 1)(here)
    here = layers.UpSampling2D(interpolation="bilinear")(here)
    return keras.Model(film, layers.Activation("sigmoid")(here), name="lungs")


def _convolve(before: Any, channels: int, width: int = 3, strides: int = 1) -> Any:
    layers = keras.layers
    after = layers.Conv2D(
        channels, width, strides=strides, padding="same", use_bias=False
    )(before)
    return layers.Activation("relu")(
        layers.BatchNormalization(momentum=_MOMENTUM)(after)
    )


class _Batches(keras.utils.PyDataset):
    """Variations of films with their masks, in another order each epoch."""

    def __init__(
        self, films: Sequence[Pixels], masks: Sequence[Pixels], seed: int
    ) -> None:
        super().__init__(workers=1, use_multiprocessing=False, max_queue_size=4)
        self._films, self._masks = films, masks
        self._seed = seed
        self._epoch = 0
        self._order = np.random.default_rng((seed, 0)).permutation(len(films))

    def __len__(self) -> int:
        return -(-len(self._films) // _BATCH)

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], ...]:
        rng = np.random.default_rng((self._seed, 1, self._epoch, index))
        rows = self._order[index * _BATCH : (index + 1) * _BATCH]
        drawn = [
            vary_with_mask(self._films[row], self._masks[row], _VARIATION, rng)
            for row in rows
        ]
        films, masks = zip(*drawn, strict=True)
        return np.stack(films)[..., np.newaxis], np.stack(masks)[..., np.newaxis]

    def on_epoch_end(self) -> None:
        self._epoch += 1
        rng = np.random.default_rng((self._seed, 0, self._epoch))
        self._order = rng.permutation(len(self._films))


def fit_lung_network(
    network: keras.Model,
    films: Sequence[Pixels],
    masks: Sequence[Pixels],
    *,
    epochs: int,
    seed: int,
    on_epoch: Callable[[int, float], None],
) -> None:
    """Train the network from random weights.

    Args:
        films: Each (256, 256) uint8.
        masks: Each (256, 256) uint8, 0 or 255.
        on_epoch: Called with the epochs done and the loss; may raise to stop.
    """
    batches = _Batches(films, masks, seed)
    rate = keras.optimizers.schedules.CosineDecay(
        _RATE / 10,
        decay_steps=max(1, (epochs - 2) * len(batches)),
        warmup_target=_RATE,
        warmup_steps=2 * len(batches),
    )
    optimiser = keras.optimizers.AdamW(rate, weight_decay=_WEIGHT_DECAY, clipnorm=1.0)
    network.compile(optimiser, _loss, jit_compile=False)
    # TensorFlow traces a step twice that makes variables of its own.
    optimiser.build(network.trainable_variables)
    told = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: on_epoch(epoch + 1, logs["loss"])
    )
    network.fit(batches, epochs=epochs, verbose=0, callbacks=[told], shuffle=False)


def _loss(truth: Any, found: Any) -> Any:
    """Cross-entropy of the pixels, and what is missing from the Dice of a film.

    Source:
        Milletari et al., V-Net, 3DV 2016, arXiv:1606.04797, for the second part.
    """
    ops = keras.ops
    both = ops.sum(truth * found, axis=(1, 2, 3))
    each = ops.sum(truth, axis=(1, 2, 3)) + ops.sum(found, axis=(1, 2, 3))
    dice = (2.0 * both + 1.0) / (each + 1.0)
    pixels = keras.losses.binary_crossentropy(truth, found)
    return ops.mean(pixels, axis=(1, 2)) + 1.0 - dice
