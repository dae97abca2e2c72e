"""The second phase: the head and the upper layers together."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import keras
import numpy as np
from numpy.typing import NDArray

from core.jobs.control import Control, FinishAsked
from core.jobs.events import EpochEnded
from core.runs.config import TrainingConfig
from core.runs.job_folder import JobFolder, Progress, save_weights
from core.training.compiling import compile_network, tuning_optimiser
from core.training.epochs import Best, Part, ended_epoch, weighted_loss
from core.training.network import build_network
from core.training.pipeline import StoredBatches, TrainingBatches
from core.training.seeds import begin_epoch, begin_phase

BEST = "best.weights.h5"


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
    best = Best(config.patience)
    history = _go_on_from(network, checked, val, folder, best)
    # A checkpoint may be of another batch size, in which an epoch has more steps.
    network.optimizer.iterations.assign(len(history) * len(batches))
    steps = _StepCallback(control, on_step, batch, len(batches) * config.epochs)
    for epoch in range(len(history), config.epochs):
        if best.is_stale(epoch - 1):
            break
        began = time.monotonic()
        steps.done = epoch * len(batches)
        rate = rate_of(config, history)
        if rate is not None:
            network.optimizer.learning_rate = rate
        begin_epoch(network, config.seed, "fine-tuning", epoch)
        try:
            fitted = _learn(network, batches.start_epoch(epoch), steps, config)
        except FinishAsked:
            break
        logits = _predict(network, checked, val)
        ended = ended_epoch(
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
    begin_phase(config.seed, "export")
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


class _StepCallback(keras.callbacks.Callback):
    def __init__(
        self,
        control: Control,
        on_step: Callable[[int, int], None],
        batch: int,
        total: int,
    ) -> None:
        super().__init__()
        self.control = control
        self._on_step = on_step
        self._batch = batch
        self._total = total
        self.done = 0

    # Keras overrides

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        self.done += 1
        self._on_step(self.done * self._batch, self._total * self._batch)
        self.control.finish_if_asked()


def _learn(
    network: keras.Model,
    batches: TrainingBatches,
    steps: _StepCallback,
    config: TrainingConfig,
) -> keras.callbacks.History:
    """One epoch, its averaged weights put in place."""
    steps.control.finish_if_asked()
    fitted = network.fit(batches, epochs=1, shuffle=False, verbose=0, callbacks=[steps])
    if config.average > 0:
        _separate(network)
    return fitted


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
    best: Best,
) -> list[EpochEnded]:
    """Put the last checkpoint into the network; its epochs, or none."""
    progress = folder.progress()
    if progress is None:
        logits = _predict(network, checked, val)
        best.loss = weighted_loss(logits, val)
        save_weights(network, folder.path / BEST)
        return []
    network.load_weights(folder.path / progress.weights)
    best.loss, best.epoch = progress.best_loss, progress.best_epoch
    return list(progress.history)


def _predict(
    network: keras.Model, checked: StoredBatches, val: Part
) -> NDArray[np.float32]:
    return np.asarray(network.predict(checked, verbose=0))[: len(val.rows)]
