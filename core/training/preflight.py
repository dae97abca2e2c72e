"""What a job would take on this machine: one dry step, and what follows from it."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from typing import Any

import keras
import msgspec
import numpy as np
import psutil

from core.data.dataset import Dataset, Sample
from core.data.split import SPLITS
from core.errors import DatasetError, ImageReadError, TrainingError
from core.films.preprocess import PreprocessSpec, to_network_input
from core.films.radiograph import read_radiograph
from core.jobs.control import Control
from core.jobs.events import Noted
from core.jobs.reporters import Report, StageProgress
from core.runs.config import TrainingConfig
from core.runs.estimate import Speeds, minutes_of
from core.training.compiling import (
    compile_network,
    spread_over_devices,
    tuning_optimiser,
)
from core.training.device import (
    find_device,
    fitting_batch,
    is_out_of_memory,
    memory_free_and_total,
)
from core.training.network import build_network, unfreeze
from core.training.weights import load_start

_TRIED_FILMS = 16
_TIMED_STEPS = 2


def preflight(
    config: TrainingConfig, dataset: Dataset, *, report: Report, control: Control
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
        at most, since a phase may end early; `speeds`, of `core.runs.estimate`;
        `notes`, sentences.

    Raises:
        TrainingStopped: The user wants the end.
        CoreError: The data or the settings cannot serve, or memory does not
            suffice for a single film.
    """
    keras.utils.set_random_seed(config.seed)
    device = find_device()
    report(device)
    free, total = memory_free_and_total()
    counts = _counts(dataset, config)
    progress = StageProgress(report, control)
    progress.start("reading", "Reading some films.")
    read_s = _reading(dataset.samples, config, progress)
    progress.start("step", "Trying a step.")
    with spread_over_devices() as devices:
        batch, speeds = _try_steps(
            config, len(dataset.labels), devices, control, read_s=read_s
        )
    notes = []
    if batch < config.batch:
        notes.append(
            f"Memory is too short for {config.batch} films per step; the job will "
            f"use {batch}."
        )
        report(Noted(notes[0]))
    step_s = speeds.step_s and speeds.step_s * batch
    parts = minutes_of(config, counts, speeds)
    is_processor = device.reason != ""
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
        "speeds": msgspec.structs.asdict(speeds),
        "notes": notes,
    }


def _try_steps(
    config: TrainingConfig,
    classes: int,
    devices: int,
    control: Control,
    *,
    read_s: float,
) -> tuple[int, Speeds]:
    """Take steps on drawn films, with half the batch again until one fits.

    The first step is apart: the backend prepares itself in it.
    """

    def seconds(step: Callable[[], object]) -> float:
        control.stop_if_asked()
        began = time.monotonic()
        step()
        return time.monotonic() - began

    batch = config.batch
    while True:
        control.stop_if_asked()
        try:
            network = _ready_network(config, classes)
            batch = fitting_batch(network, batch, devices)
            shape = (batch, config.size, config.size, 1)
            films = np.random.default_rng(0).uniform(0, 255, shape).astype(np.float32)
            targets = np.eye(classes, dtype=np.float32)[np.arange(batch) % classes]
            step = functools.partial(network.predict_on_batch, films)
            if config.epochs:
                step = functools.partial(network.train_on_batch, films, targets)
            first_s = seconds(step)
            break
        except Exception as error:
            if not is_out_of_memory(error):
                raise
        if batch // 2 < devices:
            raise TrainingError(
                f"Memory does not suffice even for {batch} films per step.",
                hint="Close other programs, choose a smaller size of the input, "
                "or unfreeze fewer layers.",
            )
        keras.backend.clear_session(free_memory=True)
        batch //= 2
    step_s = None
    if config.epochs:
        step_s = float(np.mean([seconds(step) for _ in range(_TIMED_STEPS)])) / batch
    network.predict_on_batch(films)
    film_s = seconds(functools.partial(network.predict_on_batch, films)) / batch
    return batch, Speeds(
        config.backbone,
        config.size,
        read_s=read_s,
        first_s=first_s,
        film_s=film_s,
        step_s=step_s,
    )


def _ready_network(config: TrainingConfig, classes: int) -> keras.Model:
    """The network of a job as its second phase begins."""
    keras.mixed_precision.set_dtype_policy("float32")
    network = build_network(config, classes)
    load_start(network, config)
    if config.mixed_precision:
        weights = network.get_weights()
        keras.mixed_precision.set_dtype_policy("mixed_bfloat16")
        network = build_network(config, classes)
        network.set_weights(weights)
    unfreeze(network, config)
    compile_network(network, tuning_optimiser(config, 10), config)
    return network


def _counts(dataset: Dataset, config: TrainingConfig) -> dict[str, int]:
    """Films per split: the data's own, or what the shares will give."""
    splits = [sample.split for sample in dataset.samples]
    if any(splits):
        return {name: splits.count(name) for name in SPLITS}
    n = len(splits)
    val, test = round(n * config.validation), round(n * config.test)
    return {"train": n - val - test, "val": val, "test": test}


def _reading(
    samples: Sequence[Sample], config: TrainingConfig, progress: StageProgress
) -> float:
    """Seconds to read one film, by some from all over the data."""
    spec = PreprocessSpec(size=config.size)
    tried = samples[:: max(1, len(samples) // _TRIED_FILMS)][:_TRIED_FILMS]
    began = time.monotonic()
    failures: list[str] = []
    for number, sample in enumerate(tried, start=1):
        try:
            to_network_input(read_radiograph(sample.path), spec)
        except ImageReadError as error:
            failures.append(str(error))
        progress.done(number, len(tried))
    if len(failures) == len(tried):
        raise DatasetError(
            "None of the films tried can be read.",
            hint="Check that the paths lead to films: " + failures[0],
        )
    return (time.monotonic() - began) / len(tried)


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
