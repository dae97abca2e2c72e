"""How a network learns: loss, optimiser and rate, on one device or several."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from core.runs.config import TrainingConfig


def compile_network(
    model: keras.Model, optimiser: keras.Optimizer, config: TrainingConfig
) -> None:
    """Make a model of logits ready to learn one-hot targets."""
    # On a processor XLA compiles for half a minute and then runs no faster.
    on_cpu_tensorflow = keras.backend.backend() == "tensorflow" and not has_gpu()
    model.compile(
        optimiser,
        _loss(config),
        metrics=[
            keras.metrics.CategoricalAccuracy(name="accuracy"),
            keras.metrics.F1Score(average="macro", name="macro_f1"),
        ],
        jit_compile=False if on_cpu_tensorflow else "auto",
    )
    # TensorFlow traces a step twice that makes variables of its own.
    optimiser.build(model.trainable_variables)
    _build_metrics(model)


def _build_metrics(model: keras.Model) -> None:
    """Build the loss and the metrics, so that the first `fit` finds them built.

    WORKAROUND (Keras 3.15 on JAX and PyTorch): it would build them with a batch of
    the epoch, and go on with those that its threads had read ahead meanwhile: an
    epoch in another order, without its last films.
    """
    target = np.eye(model.output_shape[-1], dtype=np.float32)[:1]
    model.compute_loss(y=target, y_pred=target)
    model.compute_metrics(None, target, target)
    model.reset_metrics()


def head_optimiser(config: TrainingConfig, steps_per_epoch: int) -> keras.Optimizer:
    """The optimiser of the first phase, which neither decays nor averages weights."""
    rate = _rate(config, config.head_rate, config.head_epochs, steps_per_epoch)
    return _optimiser(config.head_optimiser, rate, config.clip_norm, {})


def tuning_optimiser(config: TrainingConfig, steps_per_epoch: int) -> keras.Optimizer:
    """The optimiser of the second phase."""
    options: dict[str, Any] = {}
    if config.average > 0:
        # Keras puts the average in place of the weights whenever `fit` ends,
        # here once per epoch.
        options = {"use_ema": True, "ema_momentum": config.average}
    if config.weight_decay > 0:
        options["weight_decay"] = config.weight_decay
    rate = _rate(config, config.rate, config.epochs, steps_per_epoch)
    optimiser = _optimiser(config.optimiser, rate, config.clip_norm, options)
    if config.weight_decay > 0:
        optimiser.exclude_from_weight_decay(var_names=["bias"])
    return optimiser


def has_gpu() -> bool:
    """Whether Keras's backend sees a GPU."""
    if keras.backend.backend() == "torch":  # Keras does not list its devices
        import torch

        return bool(torch.cuda.is_available() or torch.backends.mps.is_available())
    return any(name.startswith("gpu") for name in keras.distribution.list_devices())


@contextlib.contextmanager
def spread_over_devices() -> Iterator[int]:
    """Spread each batch over all devices of the best kind, where Keras can.

    Networks that are built within are copied to every device.

    Yields:
        The number of devices, of which the films of a batch must be a
        multiple.

    Source:
        Keras's data-parallel distribution, which the JAX backend has.
    """
    is_jax = keras.backend.backend() == "jax"
    devices = keras.distribution.list_devices() if is_jax else []
    if len(devices) < 2:
        yield 1
        return
    keras.distribution.set_distribution(
        keras.distribution.DataParallel(devices=devices)
    )
    try:
        yield len(devices)
    finally:
        keras.distribution.set_distribution(None)


def _loss(config: TrainingConfig) -> keras.Loss:
    kinds = {
        "cross-entropy": keras.losses.CategoricalCrossentropy,
        "focal": keras.losses.CategoricalFocalCrossentropy,
    }
    loss: keras.Loss = kinds[config.loss](
        from_logits=True, label_smoothing=config.label_smoothing
    )
    return loss


def _optimiser(
    name: str, rate: Any, clip_norm: float, options: dict[str, Any]
) -> keras.Optimizer:
    kinds = {
        "adam": (keras.optimizers.Adam, {}),
        "adamw": (keras.optimizers.AdamW, {"weight_decay": 0.0}),
        "sgd": (keras.optimizers.SGD, {"momentum": 0.9}),
        "rmsprop": (keras.optimizers.RMSprop, {}),
    }
    kind, own = kinds[name]
    clipping = {"global_clipnorm": clip_norm} if clip_norm > 0 else {}
    optimiser: keras.Optimizer = kind(rate, **{**own, **clipping, **options})
    return optimiser


def _rate(
    config: TrainingConfig, highest: float, epochs: int, steps_per_epoch: int
) -> Any:
    """The learning rate of a phase, or its schedule where each step changes it."""
    if config.schedule != "cosine":
        return highest
    steps = steps_per_epoch * epochs
    warm_up = min(steps // 10, steps_per_epoch)
    return keras.optimizers.schedules.CosineDecay(
        highest / 20,
        max(1, steps - warm_up),
        alpha=0.01,
        warmup_target=highest,
        warmup_steps=warm_up,
    )
