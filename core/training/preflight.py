"""What a job would take on this machine: one dry step, and what follows from it."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import msgspec
import numpy as np
import psutil

from core.data.dataset import Dataset, Sample, index_dataset
from core.errors import DatasetError, ImageReadError, TrainingError
from core.films.preprocess import PreprocessSpec, to_network_input
from core.films.radiograph import read_radiograph
from core.jobs.control import Control
from core.jobs.events import Noted, Progressed, StageStarted
from core.jobs.reporters import Report
from core.runs.config import TrainingConfig
from core.training.compiling import (
    compile_network,
    has_gpu,
    spread_over_devices,
    tuning_optimiser,
)
from core.training.device import find_device, memory_free_and_total
from core.training.memory import fitting_batch, is_out_of_memory
from core.training.network import build_network, load_start, unfreeze

_TRIED_FILMS = 16
_TIMED_STEPS = 2
_SPLITS = ("train", "val", "test")


def preflight(
    config: TrainingConfig, data: Path, *, report: Report, control: Control
) -> dict[str, Any]:
    """Try what a job would do, and predict how long it takes.

    Nothing is trained or written. The starting weights are loaded, some films
    are read, and steps of the second phase are taken with drawn films, with
    half the batch again while memory runs out.

    Returns:
        JSON values: `device, reason, backend` as `core.jobs.events.DeviceFound`;
        `memory_free_bytes, memory_total_bytes` before the step, and
        `memory_needed_bytes`, the most that this process held (None on a GPU,
        where the backend takes what it can); `batch_asked, batch`;
        `seconds_per_step, films_per_s` of the second phase (None without one);
        `films` {train, val, test}; `parts` {stage: minutes}, `minutes` in all,
        at most, since a phase may end early; `notes`, sentences.

    Raises:
        TrainingStopped: The user wants the end.
        CoreError: The data or the settings cannot serve, or memory does not
            suffice for a single film.
    """
    keras.utils.set_random_seed(config.seed)
    device = find_device()
    report(device)
    free, total = memory_free_and_total()
    notes: list[str] = []
    dataset = index_dataset(data, config.labels)
    if len(dataset.labels) < 2:
        raise DatasetError(
            f"{data.name} has films of one label only: {dataset.labels[0]}.",
            hint="Add films of at least one other label, in a folder of its own.",
        )
    counts = _counts(dataset, config)
    report(StageStarted("reading", "Reading some films."))
    read_s = _reading(dataset.samples, config, report, control)
    report(StageStarted("step", "Trying a step."))
    with spread_over_devices() as devices:
        steps = _Steps(config, len(dataset.labels), devices, control)
        batch = steps.largest_batch()
        timing = steps.time(batch)
    if batch < config.batch:
        notes.append(
            f"Memory is too short for {config.batch} films per step; the job will "
            f"use {batch}."
        )
    for note in notes:
        report(Noted(note))
    parts = _minutes(counts, config, timing, read_s)
    is_processor = device.reason != ""
    step_s = timing.step_s
    return {
        **msgspec.structs.asdict(device),
        "memory_free_bytes": free,
        "memory_total_bytes": total,
        "memory_needed_bytes": _most_held() if is_processor else None,
        "batch_asked": config.batch,
        "batch": batch,
        "seconds_per_step": None if step_s is None else round(step_s, 3),
        "films_per_s": None if step_s is None else round(batch / step_s, 2),
        "films": counts,
        "parts": {name: round(minutes, 2) for name, minutes in parts.items()},
        "minutes": round(sum(parts.values()), 1),
        "notes": notes,
    }


@dataclasses.dataclass(frozen=True)
class _Timing:
    """Seconds of a step of the second phase, and of one film passed through.

    The first step is apart: the backend prepares itself in it.
    """

    step_s: float | None
    film_s: float
    batch: int
    first_s: float


class _Steps:
    """Tries steps of the second phase on drawn films."""

    def __init__(
        self, config: TrainingConfig, classes: int, devices: int, control: Control
    ) -> None:
        self._config = config
        self._classes = classes
        self._devices = devices
        self._control = control
        self._first_s = 0.0

    def largest_batch(self) -> int:
        """The job's batch, halved until a step fits into memory."""
        batch = self._config.batch
        while True:
            self._control.stop_if_asked()
            try:
                self._network = self._ready()
                if not has_gpu():
                    batch = fitting_batch(self._network, batch)
                batch = max(1, batch // self._devices) * self._devices
                began = time.monotonic()
                self._step(batch)
                self._first_s = time.monotonic() - began
                return batch
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
            if batch // 2 < self._devices:
                raise TrainingError(
                    f"Memory does not suffice even for {batch} films per step.",
                    hint="Close other programs, choose a smaller size of the input, "
                    "or unfreeze fewer layers.",
                )
            keras.backend.clear_session(free_memory=True)
            batch //= 2

    def time(self, batch: int) -> _Timing:
        """How long a step and a mere pass take."""
        step_s = None
        if self._config.epochs:
            began = time.monotonic()
            for _ in range(_TIMED_STEPS):
                self._control.stop_if_asked()
                self._step(batch)
            step_s = (time.monotonic() - began) / _TIMED_STEPS
        films = self._films(batch)
        self._network.predict_on_batch(films)
        began = time.monotonic()
        self._network.predict_on_batch(films)
        film_s = (time.monotonic() - began) / batch
        return _Timing(step_s, film_s, batch, self._first_s)

    def _ready(self) -> keras.Model:
        config = self._config
        policy = "mixed_bfloat16" if config.mixed_precision else "float32"
        keras.mixed_precision.set_dtype_policy("float32")
        network = build_network(config, self._classes)
        load_start(network, config)
        if config.mixed_precision:
            weights = network.get_weights()
            keras.mixed_precision.set_dtype_policy(policy)
            network = build_network(config, self._classes)
            network.set_weights(weights)
        unfreeze(network, config.unfreeze_from, statistics=config.learns_statistics)
        compile_network(network, tuning_optimiser(config, 10), config)
        return network

    def _step(self, batch: int) -> None:
        if not self._config.epochs:
            self._network.predict_on_batch(self._films(batch))
            return
        targets = np.eye(self._classes, dtype=np.float32)
        drawn = targets[np.arange(batch) % self._classes]
        self._network.train_on_batch(self._films(batch), drawn)

    def _films(self, batch: int) -> Any:
        size = self._config.size
        rng = np.random.default_rng(0)
        return rng.uniform(0, 255, (batch, size, size, 1)).astype(np.float32)


def _counts(dataset: Dataset, config: TrainingConfig) -> dict[str, int]:
    """Films per split: the data's own, or what the shares will give."""
    splits = [sample.split for sample in dataset.samples]
    if any(splits):
        return {name: splits.count(name) for name in _SPLITS}
    n = len(splits)
    val, test = round(n * config.validation), round(n * config.test)
    return {"train": n - val - test, "val": val, "test": test}


def _reading(
    samples: Sequence[Sample],
    config: TrainingConfig,
    report: Report,
    control: Control,
) -> float:
    """Seconds to read one film, by some from all over the data."""
    spec = PreprocessSpec(size=config.size)
    tried = samples[:: max(1, len(samples) // _TRIED_FILMS)][:_TRIED_FILMS]
    began = time.monotonic()
    failures: list[str] = []
    for number, sample in enumerate(tried, start=1):
        control.stop_if_asked()
        try:
            to_network_input(read_radiograph(sample.path), spec)
        except ImageReadError as error:
            failures.append(str(error))
        report(Progressed("reading", number, len(tried)))
    if len(failures) == len(tried):
        raise DatasetError(
            "None of the films tried can be read.",
            hint="Check that the paths lead to films: " + failures[0],
        )
    return (time.monotonic() - began) / len(tried)


def _minutes(
    counts: dict[str, int], config: TrainingConfig, timing: _Timing, read_s: float
) -> dict[str, float]:
    """Stage -> minutes at most."""
    train, val, test = (counts[name] for name in _SPLITS)
    passes = train * (1 + config.feature_copies) + val
    seconds = {
        "reading": read_s * (train + val + test),
        "features": timing.film_s * passes,
        "fine-tuning": 0.0,
        # Keras and the graph each on the validation films, then the graph on
        # validation and test films as files; writing the graph takes the backend
        # about as long as preparing itself for the first step.
        "export": timing.film_s * (3 * val + test)
        + read_s * (val + test)
        + timing.first_s,
    }
    if timing.step_s is not None:
        epoch = timing.step_s * -(-train // timing.batch) + timing.film_s * val
        seconds["fine-tuning"] = timing.first_s + config.epochs * epoch
    return {stage: value / 60 for stage, value in seconds.items()}


def _most_held() -> int:
    process = psutil.Process()
    memory = process.memory_info()
    # Windows alone keeps the peak here; elsewhere the system's own count does.
    if hasattr(memory, "peak_wset"):
        return int(memory.peak_wset)
    import resource
    import sys

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
