"""Which learning rate suits a job: the range test.

The rate rises from far too small to far too large within some hundred steps. Where
the loss falls fastest on the way, it suits the network and its films.

Source:
    Smith, Cyclical learning rates for training neural networks, WACV 2017,
    arXiv:1506.01186, section 3.3.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Literal

import keras
import msgspec
import numpy as np
from numpy.typing import NDArray

from core.data.dataset import Dataset, Sample
from core.data.patients import compile_pattern
from core.data.split import given_split, split_as, split_by_group
from core.errors import TrainingError
from core.films.preprocess import PreprocessSpec
from core.jobs.control import Control
from core.jobs.events import Noted
from core.jobs.reporters import Report, StageProgress
from core.runs.config import TrainingConfig
from core.runs.job_folder import JobFolder
from core.runs.rate_test import PHASES, RateTest, epochs_of, sum_up
from core.training.check import group_copies
from core.training.compiling import (
    compile_network,
    spread_over_devices,
    tuning_optimiser,
)
from core.training.device import find_device, fitting_batch, is_out_of_memory
from core.training.head_fit import Features, put_head
from core.training.heads import head_model
from core.training.network import build_network, unfreeze
from core.training.pipeline import (
    JobFilms,
    TrainingBatches,
    TrainingFilms,
    read_films,
)
from core.training.seeds import begin_phase
from core.training.train import TrainingJob

STEPS: Final = 200
_RATES: Final = np.geomspace(1e-7, 1.0, STEPS)
#: Films that suffice for the steps and for the head before them.
_MOST_TRAIN, _MOST_VAL = 1000, 250
#: Share of a running loss that each step leaves as it was, and how many times its
#: lowest it must be to have diverged. Before the first steps are over none has.
_KEPT, _DIVERGED, _FIRST = 0.8, 4.0, STEPS // 10

_Setting = Literal["rate", "head_rate"]
_Batch = Sequence[NDArray[Any]]


def find_rate(
    config: TrainingConfig,
    setting: _Setting,
    dataset: Dataset,
    folder: Path,
    *,
    report: Report,
    control: Control,
) -> RateTest:
    """Try all rates on the training films; of the test films none is looked at.

    For the second phase the head is trained first, as in the job itself. Where the
    data names its splits, some of their films are read, and all of them otherwise.

    Args:
        folder: For what is only needed meanwhile.

    Raises:
        TrainingStopped: The user wants the end.
        CoreError: The data or the settings cannot serve.
    """
    if not epochs_of(config, setting):
        raise TrainingError(
            f"This job leaves out {PHASES[setting]}, whose learning rate {setting} is.",
            hint="Give that phase epochs, or look for the rate of the other one.",
        )
    report(find_device())
    progress = StageProgress(report, control)
    # One variation of each film serves for the few steps that are taken.
    config = msgspec.structs.replace(config, head_varied=False)
    job = TrainingJob(config, JobFolder(folder), progress)
    films = _films(job, dataset)
    network = job.start_network(films.classes)
    if setting == "head_rate":
        features = job.features(films, network)
        losses, batch = _of_head(features, films, config, progress), config.batch
    else:
        if config.head_epochs:
            put_head(network, job.head(films, network), config)
        losses, batch = _of_network(network.get_weights(), films, config, progress)
    if not losses:
        raise TrainingError(
            "The loss is not a number even at the lowest learning rate.",
            hint="Check the films, or choose other starting weights.",
        )
    train = len(films.train.rows)
    found = sum_up(setting, _RATES.tolist(), losses, batch=batch, films=train)
    report(Noted(found.in_words()))
    return found


def _films(job: TrainingJob, dataset: Dataset) -> TrainingFilms:
    """Training films for the steps, and validation films for the head."""
    config, progress = job.config, job.progress
    progress.start("reading", f"Reading films of {dataset.name}.")
    given = given_split(dataset, leaks_accepted=bool(config.accept_leaks))
    wanted = dataset.samples
    if given is not None:
        train = _some(given[0].train, _MOST_TRAIN, config.seed)
        wanted = (*train, *_some(given[0].val, _MOST_VAL, config.seed))
    films = read_films(
        wanted,
        PreprocessSpec(size=config.size),
        job.folder.path,
        lambda done: progress.done(done, len(wanted)),
        pattern=compile_pattern(config.patient_pattern),
    )
    if given is not None:
        split = split_as(films.samples, [sample.split for sample in films.samples])
    else:  # as the job would split them
        groups, _ = group_copies(films, progress.control.stop_if_asked)
        split = split_by_group(
            Dataset(films.samples, dataset.labels, {}),
            groups,
            validation=config.validation,
            test=config.test,
            seed=config.seed,
        )
    return job.films(JobFilms(dataset, split, films))


def _some(samples: Sequence[Sample], most: int, seed: int) -> Iterator[Sample]:
    """At most about so many films, with the labels in the shares that they have."""
    rng = np.random.default_rng(seed)
    for label in sorted({sample.label for sample in samples}):
        own = [sample for sample in samples if sample.label == label]
        count = max(1, len(own) * min(most, len(samples)) // len(samples))
        for place in np.sort(rng.permutation(len(own))[:count]):
            yield own[place]


def _of_head(
    features: Features,
    films: TrainingFilms,
    config: TrainingConfig,
    progress: StageProgress,
) -> list[float]:
    """Losses of the head alone, on features of the frozen backbone."""
    begin_phase(config.seed, "head")
    train = films.train
    model = head_model(config, features.films.shape[1], films.classes)
    # Of the first phase no optimiser decays weights.
    steady = _steady(config, optimiser=config.head_optimiser, weight_decay=0.0)
    compile_network(model, tuning_optimiser(steady, 1), config)
    seen = np.stack([features.films[train.rows], *features.copies])
    targets = np.eye(films.classes, dtype=np.float32)[train.truth]
    rng = np.random.default_rng(config.seed)

    def batches() -> Iterator[_Batch]:
        while True:
            copies = rng.integers(len(seen), size=config.batch)
            rows = rng.integers(len(train.rows), size=config.batch)
            yield seen[copies, rows], targets[rows], train.weights[rows]

    return _losses(model, batches(), config.batch, progress)


def _of_network(
    weights: list[NDArray[np.float32]],
    films: TrainingFilms,
    config: TrainingConfig,
    progress: StageProgress,
) -> tuple[list[float], int]:
    """Losses of the head and the upper layers, and the batch that fitted."""

    def attempt(batch: int) -> tuple[list[float], int]:
        begin_phase(config.seed, "fine-tuning")
        with spread_over_devices() as devices:
            policy = "mixed_bfloat16" if config.mixed_precision else "float32"
            keras.mixed_precision.set_dtype_policy(policy)
            network = build_network(config, films.classes)
            network.set_weights(weights)
            unfreeze(network, config)
            compile_network(network, tuning_optimiser(_steady(config), 1), config)
            batch = fitting_batch(network, batch, devices)
            drawn = TrainingBatches(films, config, batch, devices)
            epochs = (drawn.start_epoch(epoch) for epoch in itertools.count())
            batches = (epoch[i] for epoch in epochs for i in range(len(epoch)))
            return _losses(network, batches, batch, progress), batch

    batch = config.batch
    while True:
        try:
            return attempt(batch)
        except Exception as error:
            if batch == 1 or not is_out_of_memory(error):
                raise
        batch //= 2


def _steady(config: TrainingConfig, **changes: Any) -> TrainingConfig:
    """The job with a rate that nothing but the test changes, and no averages."""
    return msgspec.structs.replace(config, schedule="constant", average=0.0, **changes)


def _losses(
    model: keras.Model, batches: Iterable[_Batch], batch: int, progress: StageProgress
) -> list[float]:
    """The loss of each step while the rate rises, until it diverges."""
    progress.start("rate", "Raising the learning rate step by step.")
    losses: list[float] = []
    running, lowest = 0.0, math.inf
    for step, (rate, data) in enumerate(zip(_RATES, batches, strict=False), start=1):
        model.optimizer.learning_rate = float(rate)
        loss = float(model.train_on_batch(*data, return_dict=True)["loss"])
        if not math.isfinite(loss):
            break
        losses.append(loss)
        running = _KEPT * running + (1 - _KEPT) * loss if losses[1:] else loss
        lowest = min(lowest, running)
        progress.done(step * batch, STEPS * batch)
        if step > _FIRST and running > max(_DIVERGED * lowest, losses[0]):
            break
    return losses
