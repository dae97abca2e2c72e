"""The first phase: a head on features that were computed once."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable
from pathlib import Path

import keras
import msgspec
import numpy as np
from numpy.typing import NDArray

from core.files import atomic_write
from core.jobs.control import Control
from core.jobs.events import EpochEnded
from core.json_file import parse_json
from core.runs.config import TrainingConfig
from core.training.compiling import compile_network, head_optimiser
from core.training.epochs import Best, Part, ended_epoch
from core.training.network import head_model, set_head
from core.training.seeds import begin_epoch, begin_phase

#: Films per step; memory, not quality, decides.
_BATCH = 32


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
    begin_phase(config.seed, "head")
    model = head_model(config, features.films.shape[1], classes)
    compile_network(model, head_optimiser(config), config)
    seen = np.concatenate([features.films[train.rows], *features.copies])
    times = 1 + len(features.copies)
    targets = np.tile(np.eye(classes, dtype=np.float32)[train.truth], (times, 1))
    weights = np.tile(train.weights, times)
    history: list[EpochEnded] = []
    best = Best(config.patience)
    kept = model.get_weights()
    for epoch in range(config.head_epochs):
        began = time.monotonic()
        begin_epoch(model, config.seed, "head", epoch)
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
        ended = ended_epoch(
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


def write_head(path: Path, head: Head) -> None:
    """Keep a head and its epochs in one file.

    Raises:
        OutputError: It cannot be written.
    """
    epochs = json.dumps([msgspec.structs.asdict(epoch) for epoch in head.history])
    with atomic_write(path) as partial:
        np.savez(partial, *head.weights, epochs=epochs)


def read_head(path: Path) -> Head:
    """The head that `write_head` kept."""
    with np.load(path) as stored:
        epochs = parse_json(str(stored["epochs"]))
        weights = (stored[f"arr_{i}"] for i in range(len(stored.files) - 1))
        return Head(tuple(weights), tuple(EpochEnded(**epoch) for epoch in epochs))
