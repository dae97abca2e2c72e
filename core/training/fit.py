"""The two phases: a head on frozen features, then the upper layers too."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence

import keras
import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from core.errors import TrainingError
from core.events import EpochEnded
from core.job import TrainingConfig
from core.predict import probabilities
from core.training.network import HEAD, build_network, unfreeze
from core.training.pipeline import StoredBatches, TrainingBatches
from core.training.state import JobFolder, Progress, save_weights

BEST = "best.weights.h5"

#: Steps of the head's phase and of validation; memory, not quality, decides.
_BATCH = 32


@dataclasses.dataclass(frozen=True, eq=False)
class Part:
    """Films of a split, as a phase needs them.

    Attributes:
        rows: (n,) int, their rows in the stored films.
        truth: (n,) int.
        weights: (n,) float32 with mean 1.
    """

    rows: NDArray[np.intp]
    truth: NDArray[np.intp]
    weights: NDArray[np.float32]


@dataclasses.dataclass(frozen=True, eq=False)
class Head:
    """A linear head and how it was found.

    Attributes:
        kernel: (k, c) float32.
        bias: (c,) float32.
        history: Every epoch of the phase.
    """

    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]
    history: tuple[EpochEnded, ...]


def fit_head(
    features: NDArray[np.float32],
    train: Part,
    val: Part,
    config: TrainingConfig,
    *,
    classes: int,
    on_epoch: Callable[[EpochEnded], None],
) -> Head:
    """Train a linear head on features that were computed once.

    Args:
        features: (m, k) float32, of every stored film.
        on_epoch: Called after each epoch; may raise to stop.
    """
    model = keras.Sequential(
        [
            keras.Input((features.shape[1],)),
            keras.layers.Dropout(config.dropout),
            keras.layers.Dense(classes, dtype="float32"),
        ]
    )
    _compile(model, keras.optimizers.Adam(config.head_rate))
    targets = _targets(train.truth, classes, config.label_smoothing)
    history: list[EpochEnded] = []
    best = _Best(config.patience)
    kept = model.get_weights()
    for epoch in range(config.head_epochs):
        fitted = model.fit(
            features[train.rows],
            targets,
            sample_weight=train.weights,
            batch_size=_BATCH,
            epochs=1,
            verbose=0,
        )
        logits = np.asarray(model.predict(features[val.rows], verbose=0))
        ended = _epoch("head", epoch, config.head_epochs, fitted, logits, val, best)
        if ended.best:
            kept = model.get_weights()
        history.append(ended)
        on_epoch(ended)
        if best.is_stale(epoch):
            break
    return Head(kept[0], kept[1], tuple(history))


def set_head(network: keras.Model, head: Head) -> None:
    """Put a head that was trained on features onto the network."""
    network.get_layer(HEAD).set_weights([head.kernel, head.bias])


def fine_tune(
    network: keras.Model,
    pixels: NDArray[np.uint8],
    train: Part,
    val: Part,
    config: TrainingConfig,
    *,
    folder: JobFolder,
    on_step: Callable[[int, int], None],
    on_epoch: Callable[[EpochEnded], None],
) -> tuple[EpochEnded, ...]:
    """Train the head and the upper layers together, from where it was left.

    Every epoch is checkpointed, and the best network by validation loss is
    kept in the folder as `BEST`.

    Args:
        network: With the weights to start from; after a resume they are
            replaced by the checkpoint's.
        pixels: (m, s, s) uint8, the stored films.
        on_step: Called with the steps done and all of them; may raise to stop.
        on_epoch: Called after each epoch; may raise to stop.

    Returns:
        Every epoch of the phase, those before a resume included.
    """
    classes = network.output_shape[-1]
    unfreeze(network, config.unfreeze_from, statistics=config.learns_statistics)
    batches = TrainingBatches(
        pixels,
        train.rows,
        train.truth,
        train.weights,
        classes=classes,
        smoothing=config.label_smoothing,
        batch=config.batch,
        augmentation=config.augmentation,
        seed=config.seed,
    )
    _compile(network, _optimiser(config, len(batches)))
    network.optimizer.build(network.trainable_variables)
    checked = StoredBatches(pixels, val.rows, _BATCH)
    best = _Best(config.patience)
    progress = folder.progress()
    if progress is None:
        logits = np.asarray(network.predict(checked, verbose=0))
        best.loss = _weighted_loss(logits, val)
        save_weights(network, folder.path / BEST)
        history: list[EpochEnded] = []
    else:
        network.load_weights(folder.path / progress.weights)
        best.loss, best.epoch = progress.best_loss, progress.best_epoch
        history = list(progress.history)

    steps = _StepCallback(on_step, len(batches) * config.epochs)
    for epoch in range(len(history), config.epochs):
        if best.is_stale(epoch - 1):
            break
        batches.start_epoch(epoch)
        steps.done = epoch * len(batches)
        fitted = network.fit(
            batches, epochs=1, shuffle=False, verbose=0, callbacks=[steps]
        )
        logits = np.asarray(network.predict(checked, verbose=0))
        ended = _epoch("fine-tuning", epoch, config.epochs, fitted, logits, val, best)
        history.append(ended)
        if ended.best:
            save_weights(network, folder.path / BEST)
        name = f"epoch-{epoch + 1:04d}.weights.h5"
        done = (epoch + 1, name, best.epoch, best.loss, tuple(history))
        folder.save_progress(Progress("fine-tuning", *done), network)
        on_epoch(ended)
    return tuple(history)


def best_network(
    config: TrainingConfig, classes: int, folder: JobFolder
) -> keras.Model:
    """The best network of the fine-tuning, in float32 and without dropout."""
    keras.mixed_precision.set_dtype_policy("float32")
    network = build_network(config.size, classes, 0.0)
    network.load_weights(folder.path / BEST)
    return network


class _Best:
    """Which epoch had the lowest validation loss, and whether to give up."""

    def __init__(self, patience: int) -> None:
        self._patience = patience
        self.loss = math.inf
        self.epoch = 0

    def take(self, epoch: int, loss: float) -> bool:
        """Whether the epoch, 0-based, is the best so far."""
        if not loss < self.loss:
            return False
        self.loss, self.epoch = loss, epoch + 1
        return True

    def is_stale(self, epoch: int) -> bool:
        """Whether patience has run out after the epoch, 0-based."""
        return epoch + 1 - self.epoch >= self._patience


class _StepCallback(keras.callbacks.Callback):
    def __init__(self, on_step: Callable[[int, int], None], total: int) -> None:
        super().__init__()
        self._on_step = on_step
        self._total = total
        self.done = 0

    # Keras overrides

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        self.done += 1
        self._on_step(self.done, self._total)


def _optimiser(config: TrainingConfig, steps_per_epoch: int) -> keras.Optimizer:
    steps = steps_per_epoch * config.epochs
    warm_up = min(steps // 10, steps_per_epoch)
    schedule = keras.optimizers.schedules.CosineDecay(
        config.rate / 20,
        max(1, steps - warm_up),
        alpha=0.01,
        warmup_target=config.rate,
        warmup_steps=warm_up,
    )
    options = {}
    if config.average > 0:
        # Keras puts the average in place of the weights whenever `fit` ends,
        # here once per epoch.
        options = {"use_ema": True, "ema_momentum": config.average}
    optimiser = keras.optimizers.AdamW(
        schedule, weight_decay=config.weight_decay, **options
    )
    optimiser.exclude_from_weight_decay(var_names=["bias"])
    return optimiser


def _compile(model: keras.Model, optimiser: keras.Optimizer) -> None:
    # On a processor XLA compiles for half a minute and then runs no faster.
    on_cpu_tensorflow = keras.backend.backend() == "tensorflow" and not _has_gpu()
    model.compile(
        optimiser,
        keras.losses.CategoricalCrossentropy(from_logits=True),
        jit_compile=False if on_cpu_tensorflow else "auto",
    )


def _has_gpu() -> bool:
    return any(name.startswith("gpu") for name in keras.distribution.list_devices())


def _targets(
    truth: NDArray[np.intp], classes: int, smoothing: float
) -> NDArray[np.float32]:
    hot = np.eye(classes, dtype=np.float32)[truth]
    return hot * (1 - smoothing) + smoothing / classes


def _weighted_loss(logits: NDArray[np.float32], part: Part) -> float:
    p = probabilities(logits, 1.0)[np.arange(len(part.truth)), part.truth]
    return float(np.average(-np.log(np.maximum(p, 1e-12)), weights=part.weights))


def _epoch(
    phase: str,
    epoch: int,
    epochs: int,
    fitted: keras.callbacks.History,
    logits: NDArray[np.float32],
    val: Part,
    best: _Best,
) -> EpochEnded:
    loss = float(fitted.history["loss"][-1])
    if not math.isfinite(loss) or not np.isfinite(logits).all():
        raise TrainingError(
            f"The {phase} phase diverged in epoch {epoch + 1}: "
            "the loss is not a number.",
            hint="Start again with a lower learning rate.",
        )
    called = logits.argmax(axis=1)
    val_loss = _weighted_loss(logits, val)
    return EpochEnded(
        phase=phase,
        epoch=epoch + 1,
        epochs=epochs,
        loss=round(loss, 5),
        val_loss=round(val_loss, 5),
        val_accuracy=round(float((called == val.truth).mean()), 5),
        val_macro_f1=round(_macro_f1(val.truth, called), 5),
        best=best.take(epoch, val_loss),
    )


def _macro_f1(truth: NDArray[np.intp], called: NDArray[np.intp]) -> float:
    classes: Sequence[int] = sorted(set(truth.tolist()))
    return float(f1_score(truth, called, labels=classes, average="macro"))
