"""The first phase: a head on features that were computed once."""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from core.files import atomic_write
from core.jobs.control import FinishAsked
from core.jobs.events import EpochEnded
from core.jobs.reporters import StageProgress
from core.json_file import parse_json
from core.records import convert, to_json
from core.runs.config import TrainingConfig
from core.training.compiling import compile_network, head_optimiser
from core.training.epochs import Logs, Phase, rate_of
from core.training.heads import head_model, set_head
from core.training.pipeline import TrainingFilms, draw
from core.training.seeds import begin_epoch, begin_phase

#: The head and its epochs, in the folder of a job.
HEAD = "head.npz"


@dataclasses.dataclass(frozen=True, eq=False)
class Features:
    """The pooled features of the films.

    Attributes:
        films: (m, k) float32, of every stored film.
        copies: (v, n, k) float32, of v varied copies of each training film.
        of_epoch: Gives (n, k) float32 of the training films, varied anew for an
            epoch, numbered from 0; None where all epochs see `films` and `copies`.
    """

    films: NDArray[np.float32]
    copies: NDArray[np.float32]
    of_epoch: Callable[[int], NDArray[np.float32]] | None = None


@dataclasses.dataclass(frozen=True, eq=False)
class Head:
    """A head and how it was found.

    Attributes:
        weights: Of `core.training.network.head_model`, in its order.
    """

    weights: tuple[NDArray[np.float32], ...]
    history: tuple[EpochEnded, ...]


def fit_head(
    features: Features,
    films: TrainingFilms,
    config: TrainingConfig,
    progress: StageProgress,
) -> Head:
    """Train a head on the features of a frozen backbone."""
    begin_phase(config.seed, "head")
    train, val = films.train, films.val
    model = head_model(config, features.films.shape[1], films.classes)
    seen = np.concatenate([features.films[train.rows], *features.copies])
    steps = -(-len(seen) // config.batch)
    optimiser = head_optimiser(config, steps)
    compile_network(model, optimiser, config)
    phase = Phase("head", config.head_epochs, config.patience, val)
    epochs = phase.epochs()
    coming = next(epochs, None)
    kept = model.get_weights()

    def begin(epoch: int, _logs: Logs) -> None:
        rate = rate_of(config, config.head_rate, phase.history)
        if rate is not None:
            optimiser.learning_rate = rate
        begin_epoch(model, config.seed, "head", epoch)

    def end(_epoch: int, logs: Logs) -> None:
        nonlocal kept, coming
        # In one batch: `predict` takes longer to begin than the head to compute.
        logits = np.asarray(model.predict_on_batch(features.films[val.rows]))
        reached = float(keras.ops.convert_to_numpy(optimiser.learning_rate))
        ended = phase.end(logs, logits, reached)
        if ended.best:
            kept = model.get_weights()
        progress.epoch(ended)
        coming = None if progress.control.wants_finish else next(epochs, None)
        model.stop_training = coming is None

    told = keras.callbacks.LambdaCallback(on_epoch_begin=begin, on_epoch_end=end)
    while coming is not None:
        if features.of_epoch is not None:
            try:
                seen = features.of_epoch(coming)
            except FinishAsked:
                break
        # All epochs at once where they see the same: `fit` takes longer to begin
        # than an epoch of a small head.
        model.fit(
            _batches(seen, films, config, coming),
            steps_per_epoch=steps,
            initial_epoch=coming,
            epochs=coming + 1 if features.of_epoch else config.head_epochs,
            callbacks=[told],
            shuffle=False,
            verbose=0,
        )
    return Head(tuple(kept), tuple(phase.history))


def _batches(
    seen: NDArray[np.float32], films: TrainingFilms, config: TrainingConfig, first: int
) -> Iterator[tuple[NDArray[np.float32], ...]]:
    """Features, one-hot targets and weights, epoch after epoch without end.

    Args:
        seen: (times * n, k) float32: n films, and as often their copies.
        first: Epoch to begin with, 0-based.
    """
    train = films.train
    times = len(seen) // len(train.rows)
    one_hot = np.eye(films.classes, dtype=np.float32)
    targets = np.tile(one_hot[train.truth], (times, 1))
    weights = np.tile(train.weights, times)
    is_drawn = config.balance_by == "sampling"
    used = np.ones_like(weights) if is_drawn else weights
    for epoch in itertools.count(first):
        rng = np.random.default_rng((config.seed, epoch))
        rows = draw(weights, rng) if is_drawn else rng.permutation(len(seen))
        for start in range(0, len(rows), config.batch):
            batch = rows[start : start + config.batch]
            yield seen[batch], targets[batch], used[batch]


def put_head(network: keras.Model, head: Head, config: TrainingConfig) -> None:
    """Put a head that was trained on features onto the network."""
    features = network.get_layer("embedding").output.shape[-1]
    model = head_model(config, features, network.output_shape[-1])
    model.set_weights(list(head.weights))
    set_head(network, model)


def head_logits(
    head: Head, features: NDArray[np.float32], config: TrainingConfig
) -> NDArray[np.float32]:
    """What a head makes of (n, k) features: (n, c) logits."""
    labels = head.weights[-1].shape[0]
    model = head_model(config, features.shape[1], labels)
    model.set_weights(list(head.weights))
    # Called as it is: to prepare `predict` would take longer than all films.
    return np.asarray(keras.ops.convert_to_numpy(model(features, training=False)))


def write_head(path: Path, head: Head) -> None:
    """Keep a head and its epochs in one file.

    Raises:
        OutputError: It cannot be written.
    """
    epochs = json.dumps(to_json(head.history))
    with atomic_write(path) as partial:
        np.savez(partial, *head.weights, epochs=epochs)


def read_head(path: Path) -> Head:
    """The head that `write_head` kept."""
    with np.load(path) as stored:
        epochs = parse_json(str(stored["epochs"]))
        weights = (stored[f"arr_{i}"] for i in range(len(stored.files) - 1))
        return Head(tuple(weights), convert(epochs, tuple[EpochEnded, ...]))
