"""The second phase: the head and the upper layers together."""

from __future__ import annotations

import keras
import numpy as np
from numpy.typing import NDArray

from core.jobs.control import FinishAsked
from core.jobs.events import EpochEnded
from core.jobs.reporters import StageProgress
from core.runs.config import TrainingConfig
from core.runs.job_folder import JobFolder, Progress, save_weights
from core.training.compiling import compile_network, tuning_optimiser
from core.training.epochs import Phase, rate_of, weighted_loss
from core.training.network import build_network
from core.training.pipeline import StoredBatches, TrainingBatches, TrainingFilms
from core.training.seeds import begin_epoch, begin_phase

BEST = "best.weights.h5"


def fine_tune(
    network: keras.Model,
    films: TrainingFilms,
    config: TrainingConfig,
    *,
    batch: int,
    devices: int,
    folder: JobFolder,
    progress: StageProgress,
) -> tuple[EpochEnded, ...]:
    """Train the head and the upper layers together, from where it was left.

    Every epoch is checkpointed, and the best network by validation loss is
    kept in the folder as `BEST`.

    Args:
        network: Unfrozen, with the weights to start from; after a resume they
            are replaced by the checkpoint's.
        devices: Over which a step is spread; the batch must be a multiple.

    Returns:
        Every epoch of the phase, those before a resume included.
    """
    batches = TrainingBatches(films, config, batch, devices)
    per_epoch = len(batches)
    compile_network(network, tuning_optimiser(config, per_epoch), config)
    optimiser = network.optimizer
    checked = StoredBatches(films, batch, devices)

    def predict() -> NDArray[np.float32]:
        return np.asarray(network.predict(checked, verbose=0))[: len(films.val.rows)]

    def on_step(step: int, logs: object) -> None:
        done = epoch * per_epoch + step + 1
        progress.done(done * batch, config.epochs * per_epoch * batch)
        finish_if_asked()

    def finish_if_asked() -> None:
        # Without a first phase the head is random until an epoch has ended.
        if config.head_epochs or phase.history:
            progress.control.finish_if_asked()

    steps = keras.callbacks.LambdaCallback(on_train_batch_end=on_step)
    phase = Phase("fine-tuning", config.epochs, config.patience, films.val)
    checkpoint = folder.progress()
    if checkpoint is None:
        phase.best_loss = weighted_loss(predict(), films.val)
        save_weights(network, folder.path / BEST)
    else:
        network.load_weights(folder.path / checkpoint.weights)
        phase.best_loss, phase.best_epoch = checkpoint.best_loss, checkpoint.best_epoch
        phase.history = list(checkpoint.history)
    # A checkpoint may be of another batch size, in which an epoch has more steps.
    optimiser.iterations.assign(len(phase.history) * per_epoch)
    for epoch in phase.epochs():
        rate = rate_of(config, config.rate, phase.history)
        if rate is not None:
            optimiser.learning_rate = rate
        begin_epoch(network, config.seed, "fine-tuning", epoch)
        try:
            finish_if_asked()
            drawn = batches.start_epoch(epoch)
            fitted = network.fit(drawn, shuffle=False, verbose=0, callbacks=[steps])
        except FinishAsked:
            break
        if config.average > 0:
            _separate(network)
        reached = float(keras.ops.convert_to_numpy(optimiser.learning_rate))
        logs = {name: values[-1] for name, values in fitted.history.items()}
        ended = phase.end(logs, predict(), reached)
        if ended.best:
            save_weights(network, folder.path / BEST)
        name = f"epoch-{epoch + 1:04d}.weights.h5"
        best = phase.best_epoch, phase.best_loss
        done = Progress(ended.phase, ended.epoch, name, *best, tuple(phase.history))
        folder.save_progress(done, network)
        progress.epoch(ended)
    return tuple(phase.history)


def best_network(
    config: TrainingConfig, classes: int, folder: JobFolder
) -> keras.Model:
    """The best network of the fine-tuning, in float32 and without dropout."""
    begin_phase(config.seed, "export")
    keras.mixed_precision.set_dtype_policy("float32")
    network = build_network(config, classes, dropout=0.0)
    network.load_weights(folder.path / BEST)
    return network


def _separate(network: keras.Model) -> None:
    """Give each weight an array of its own again.

    WORKAROUND (Keras 3.15 on JAX): once averages have taken the weights' place
    the two share arrays, which the next step, or a prediction, gives away.
    """
    for weight in network.trainable_variables:
        weight.assign(keras.ops.copy(weight.value))
