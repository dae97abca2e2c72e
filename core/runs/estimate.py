"""How long a training will take on this machine, before it starts."""

from __future__ import annotations

import contextlib
import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from core.errors import CoreError
from core.files import write_json
from core.json_file import read_json
from core.paths import user_data_dir
from core.records import convert
from core.runs.config import TrainingConfig
from core.runs.run import FINISHED
from core.runs.store import list_runs

#: Multiply-adds of a film of 224 pixels that passes through a backbone, in billions,
#: counted over the convolutions of Keras's networks.
_COSTS: Final = {
    "densenet121": 2.83,
    "resnet50": 3.86,
    "resnet152v2": 10.9,
    "vgg16": 15.35,
    "vgg19": 19.51,
}
#: A step of fine-tuning against a pass, where only the pass was measured: forward,
#: and backward to the weights and to the films.
_STEP_COST: Final = 3.0


class Speeds(msgspec.Struct, frozen=True):
    """What a training takes on this machine, as steps of one were timed.

    Attributes:
        backbone, size: Of the network that was timed.
        read_s: Seconds to read a film.
        first_s: Seconds until the backend is ready for steps.
        film_s: Seconds of a film that passes through the network.
        step_s: Seconds of a film in a step of fine-tuning; None where not timed.
    """

    backbone: str
    size: int
    read_s: float
    first_s: float
    film_s: float
    step_s: float | None = None


def minutes_of(
    config: TrainingConfig, films: Mapping[str, int], speeds: Speeds
) -> dict[str, float]:
    """Stage -> minutes at most; a phase that stops early takes less.

    A network of another kind than the one timed is reckoned by its multiply-adds.

    Args:
        films: In "train", "val" and "test".
    """
    train, val, test = (films[name] for name in ("train", "val", "test"))
    size = (config.size / speeds.size) ** 2
    heavier = size * _COSTS[config.backbone] / _COSTS[speeds.backbone]
    film_s = heavier * speeds.film_s
    step_s = heavier * (speeds.step_s or _STEP_COST * speeds.film_s)
    copies = config.head_epochs if config.head_varied else 1 + config.feature_copies
    passes = train * copies + val if config.head_epochs else 0
    tuning_s = step_s * train + film_s * val
    seconds = {
        "reading": speeds.read_s * (train + val + test),
        "features": film_s * passes,
        "fine-tuning": config.epochs and speeds.first_s + config.epochs * tuning_s,
        # Keras and the graph each on the validation films, then the graph on
        # validation and test films as files; writing the graph takes the backend
        # about as long as preparing itself for the first step.
        "export": film_s * (3 * val + test)
        + speeds.read_s * (val + test)
        + speeds.first_s,
    }
    return {stage: value / 60 for stage, value in seconds.items()}


def _speeds_file() -> Path:
    return user_data_dir() / "speeds.json"


def read_speeds() -> Speeds | None:
    """What the last check of this machine measured; None before the first."""
    with contextlib.suppress(OSError, ValueError):
        return convert(read_json(_speeds_file()), Speeds)
    return None


def keep_speeds(speeds: Speeds) -> None:
    """Remember them for recipes that were not timed; not being able to is no harm."""
    with contextlib.suppress(CoreError):
        write_json(_speeds_file(), speeds)


def earlier_minutes(config: TrainingConfig, films: int) -> float | None:
    """What finished runs of the same settings took, for so many films.

    Returns:
        The median, films for films; None where there was no such run. Takes some
        milliseconds a run.
    """
    found = []
    for run in list_runs():
        if _kind(run.record.config) == _kind(config) and run.state() == FINISHED:
            with contextlib.suppress(OSError):
                lines = run.split.read_bytes().count(b"\n") - 1
                if lines > 0 and (seconds := run.times.seconds()) > 0:
                    found.append(seconds / lines)
    return films * statistics.median(found) / 60 if found else None


def _kind(config: TrainingConfig) -> TrainingConfig:
    """What decides how long a training takes."""
    usual = TrainingConfig()
    same = {name: getattr(usual, name) for name in ("name", "labels", "accept_leaks")}
    return msgspec.structs.replace(config, **same)
