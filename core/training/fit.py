"""The two phases: a head on frozen features, then the upper layers too."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Sequence

import keras
import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from core.control import Control, FinishAsked
from core.errors import TrainingError
from core.events import EpochEnded
from core.job import TrainingConfig
from core.predict import probabilities
from core.training.compiling import compile_network, head_optimiser, tuning_optimiser
from core.training.network import build_network, head_model, set_head
from core.training.pipeline import StoredBatches, TrainingBatches
from core.training.state import JobFolder, Progress, save_weights

BEST = "best.weights.h5"

#: Steps of the head's phase; memory, not quality, decides.
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
class Features:
    """The pooled features of the films, computed once.

    Attributes:
        films: (m, k) float32, of every stored film.
        copies: (v, n, k) float32, of v varied copies of each training film.
    """

    films: NDArray[np.float32]
    copies: NDArray[np.float32]


@dataclasses.dataclass(frozen=True, eq=False)
class Head:
    """A head and how it was found.

    Attributes:
        weights: Of `core.training.network.head_model`, in its order.
        history: Every epoch of the phase.
    """

    weights: tuple[NDArray[np.float32], ...]
    history: tuple[EpochEnded, ...]


def fit_head(
    features: Features,
    train: Part,
    val: Part,
    config: TrainingConfig,
    *,
    classes: int,
    control: Control,
    on_epoch: Callable[[EpochEnded], None],
) -> Head:
    """Train a head on features that were computed once.

    Args:
        control: Asked after each epoch whether to finish.
        on_epoch: Called after each epoch; may raise to stop.
    """
    model = head_model(config, features.films.shape[1], classes)
    compile_network(model, head_optimiser(config), config)
    seen = np.concatenate([features.films[train.rows], *features.copies])
    times = 1 + len(features.copies)
    targets = np.tile(np.eye(classes, dtype=np.float32)[train.truth], (times, 1))
    weights = np.tile(train.weights, times)
    history: list[EpochEnded] = []
    best = _Best(config.patience)
    kept = model.get_weights()
    for epoch in range(config.head_epochs):
        began = time.monotonic()
        fitted = model.fit(
            seen,
            targets,
            sample_weight=weights,
            batch_size=_BATCH,
            epochs=1,
            verbose=0,
        )
        # In one batch: `predict` takes longer to begin than the head to compute.
        logits = np.asarray(model.predict_on_batch(features.films[val.rows]))
        ended = _epoch(
            epoch,
            fitted,
            logits,
            val,
            best,
            began,
            phase="head",
            epochs=config.head_epochs,
            rate=config.head_rate,
        )
        if ended.best:
            kept = model.get_weights()
        history.append(ended)
        on_epoch(ended)
        if best.is_stale(epoch) or control.wants_finish:
            break
    return Head(tuple(kept), tuple(history))


def put_head(network: keras.Model, head: Head, config: TrainingConfig) -> None:
    """Put a head that was trained on features onto the network."""
    features = network.get_layer("embedding").output.shape[-1]
    model = head_model(config, features, network.output_shape[-1])
    model.set_weights(list(head.weights))
    set_head(network, model)


def fine_tune(
    network: keras.Model,
    pixels: NDArray[np.uint8],
    train: Part,
    val: Part,
    config: TrainingConfig,
    *,
    batch: int,
    folder: JobFolder,
    control: Control,
    devices: int = 1,
    on_step: Callable[[int, int], None],
    on_epoch: Callable[[EpochEnded], None],
) -> tuple[EpochEnded, ...]:
    """Train the head and the upper layers together, from where it was left.

    Every epoch is checkpointed, and the best network by validation loss is
    kept in the folder as `BEST`.

    Args:
        network: Unfrozen, with the weights to start from; after a resume they
            are replaced by the checkpoint's.
        pixels: (m, s, s) uint8, the stored films.
        batch: Films per step.
        devices: Over which a step is spread; the batch must be a multiple.
        control: Asked after each step whether to stop or finish.
        on_step: Called with the films done and all of them.
        on_epoch: Called after each epoch; may raise to stop.

    Returns:
        Every epoch of the phase, those before a resume included.
    """
    batches = TrainingBatches(
        pixels,
        train.rows,
        train.truth,
        train.weights,
        classes=network.output_shape[-1],
        batch=batch,
        augmentation=config.augmentation,
        seed=config.seed,
        devices=devices,
    )
    compile_network(network, tuning_optimiser(config, len(batches)), config)
    network.optimizer.build(network.trainable_variables)
    checked = StoredBatches(pixels, val.rows, batch, devices)
    best = _Best(config.patience)
    history = _go_on_from(network, checked, val, folder, best)
    # A checkpoint may be of another batch size, in which an epoch has more steps.
    network.optimizer.iterations.assign(len(history) * len(batches))
    steps = _StepCallback(control, on_step, batch, len(batches) * config.epochs)
    for epoch in range(len(history), config.epochs):
        if best.is_stale(epoch - 1):
            break
        began = time.monotonic()
        batches.start_epoch(epoch)
        steps.done = epoch * len(batches)
        rate = rate_of(config, history)
        if rate is not None:
            network.optimizer.learning_rate = rate
        try:
            control.finish_if_asked()
            fitted = network.fit(
                batches, epochs=1, shuffle=False, verbose=0, callbacks=[steps]
            )
        except FinishAsked:
            break
        if config.average > 0:
            _separate(network)
        logits = _predict(network, checked, val)
        ended = _epoch(
            epoch,
            fitted,
            logits,
            val,
            best,
            began,
            phase="fine-tuning",
            epochs=config.epochs,
            rate=float(keras.ops.convert_to_numpy(network.optimizer.learning_rate)),
        )
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
    network = build_network(config, classes, dropout=0.0)
    network.load_weights(folder.path / BEST)
    return network


def rate_of(config: TrainingConfig, history: Sequence[EpochEnded]) -> float | None:
    """The learning rate of the next epoch where epochs, not steps, decide it.

    Args:
        history: Every epoch of the fine-tuning so far, so that a resumed job
            goes on at the same rate.

    Returns:
        None for a rate that changes with each step.
    """
    if config.schedule != "plateau":
        return None
    rate, waited = config.rate, 0
    for epoch in history:
        waited = 0 if epoch.best else waited + 1
        if waited == config.plateau_patience:
            rate, waited = rate * config.plateau_factor, 0
    return rate


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
        return 0 < self._patience <= epoch + 1 - self.epoch


class _StepCallback(keras.callbacks.Callback):
    def __init__(
        self,
        control: Control,
        on_step: Callable[[int, int], None],
        batch: int,
        total: int,
    ) -> None:
        super().__init__()
        self._control = control
        self._on_step = on_step
        self._batch = batch
        self._total = total
        self.done = 0

    # Keras overrides

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        self.done += 1
        self._on_step(self.done * self._batch, self._total * self._batch)
        self._control.finish_if_asked()


def _separate(network: keras.Model) -> None:
    """Give each weight an array of its own again.

    WORKAROUND (Keras 3.15 on JAX): once averages have taken the weights' place
    the two share arrays, which the next step, or a prediction, gives away.
    """
    for weight in network.trainable_variables:
        weight.assign(keras.ops.copy(weight.value))


def _go_on_from(
    network: keras.Model,
    checked: StoredBatches,
    val: Part,
    folder: JobFolder,
    best: _Best,
) -> list[EpochEnded]:
    """Put the last checkpoint into the network; its epochs, or none."""
    progress = folder.progress()
    if progress is None:
        logits = _predict(network, checked, val)
        best.loss = _weighted_loss(logits, val)
        save_weights(network, folder.path / BEST)
        return []
    network.load_weights(folder.path / progress.weights)
    best.loss, best.epoch = progress.best_loss, progress.best_epoch
    return list(progress.history)


def _predict(
    network: keras.Model, checked: StoredBatches, val: Part
) -> NDArray[np.float32]:
    return np.asarray(network.predict(checked, verbose=0))[: len(val.rows)]


def _weighted_loss(logits: NDArray[np.float32], part: Part) -> float:
    p = probabilities(logits, 1.0)[np.arange(len(part.truth)), part.truth]
    return float(np.average(-np.log(np.maximum(p, 1e-12)), weights=part.weights))


def _epoch(
    epoch: int,
    fitted: keras.callbacks.History,
    logits: NDArray[np.float32],
    val: Part,
    best: _Best,
    began: float,
    *,
    phase: str,
    epochs: int,
    rate: float,
) -> EpochEnded:
    logs = {name: float(values[-1]) for name, values in fitted.history.items()}
    if not math.isfinite(logs["loss"]) or not np.isfinite(logits).all():
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
        loss=round(logs["loss"], 5),
        val_loss=round(val_loss, 5),
        val_accuracy=round(float((called == val.truth).mean()), 5),
        val_macro_f1=round(_macro_f1(val.truth, called), 5),
        best=best.take(epoch, val_loss),
        accuracy=round(logs["accuracy"], 5),
        macro_f1=round(logs["macro_f1"], 5),
        rate=rate,
        seconds=round(time.monotonic() - began, 2),
    )


def _macro_f1(truth: NDArray[np.intp], called: NDArray[np.intp]) -> float:
    classes: Sequence[int] = sorted(set(truth.tolist()))
    return float(f1_score(truth, called, labels=classes, average="macro"))
