"""How busy the device is while the network is fine-tuned, or waits for films."""

from __future__ import annotations

import dataclasses
import statistics
from pathlib import Path
from typing import Any

from tests.benchmarks.child import python, run_once
from tests.benchmarks.figures import Row, Target, ratio_row

BUSY = Target("busy at least 90 %", 0.9, at_least=True)


@dataclasses.dataclass(frozen=True)
class Flow:
    """Epochs of the fine-tuning, in one process.

    Attributes:
        films: "320 real films".
        steps: Of an epoch, 32 films each.
        flowing_s: Batches varied ahead of the step, as a job does.
        in_memory_s: The same batches, made before.
        prepare_s: To make one batch on one thread while nothing else runs.
    """

    films: str
    steps: int
    flowing_s: list[float]
    in_memory_s: list[float]
    prepare_s: float


def measure(stored: Path, films: str, epochs: int) -> Flow:
    """Fine-tune in a fresh process.

    Args:
        stored: Of `tests.benchmarks.training_films.store_films`.
        films: What these are, in words.
        epochs: Of each kind.
    """
    command = python("tests.benchmarks.training_side", "flow", stored, str(epochs))
    return Flow(films, **run_once(command).answer)


def rows(flow: Flow) -> list[Row]:
    """The share of an epoch that is steps, since that in memory is nothing else."""
    what = f"epoch of fine-tuning, {flow.films}, against batches in memory"
    return [ratio_row(what, flow.flowing_s, flow.in_memory_s, "s", BUSY)]


def where_time_goes(flow: Flow) -> str:
    """What a batch takes to make, and to learn from."""
    step = statistics.median(flow.in_memory_s) / flow.steps
    return (
        f"  a batch takes {1000 * flow.prepare_s:.0f} ms to vary on one thread, "
        f"{1000 * step:.0f} ms to learn from"
    )


def to_json(flow: Flow) -> dict[str, Any]:
    """Every measured value, seconds."""
    return dataclasses.asdict(flow)
