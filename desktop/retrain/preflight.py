"""What `core train --dry-run` found out about the machine, in words."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from PyQt5.QtCore import QLocale

from core.errors import OutputError
from core.json_file import read_json

#: Minutes from which a stage is worth saying.
_WORTH_SAYING: Final = 0.5
_BACKENDS: Final = {"tensorflow": "TensorFlow", "torch": "PyTorch", "jax": "JAX"}


@dataclasses.dataclass(frozen=True)
class Preflight:
    """How a training would go on this machine.

    Attributes:
        device: As people know it.
        reason: Why it is not a GPU, and what to do; empty if it is one.
        backend: Keras's.
        memory_free_bytes, memory_total_bytes: Of the device.
        memory_needed_bytes: Of one step; None where it cannot be told.
        batch: Films per step that fit.
        batch_asked: Films per step that were asked for.
        films_per_s: While fine-tuning, or while computing features.
        minutes: Of the whole job.
        parts: Stage -> minutes.
        notes: One sentence each.
    """

    device: str
    reason: str
    backend: str
    memory_free_bytes: int | None
    memory_total_bytes: int | None
    memory_needed_bytes: int | None
    batch: int
    batch_asked: int
    films_per_s: float
    minutes: float
    parts: Mapping[str, float]
    notes: tuple[str, ...]


def read_preflight(path: Path) -> Preflight:
    """Read what the dry run wrote.

    Raises:
        OutputError: It is missing or not what it should be.
    """
    try:
        fields: dict[str, Any] = read_json(path)
        return Preflight(
            device=str(fields["device"]),
            reason=str(fields["reason"] or ""),
            backend=str(fields["backend"]),
            memory_free_bytes=_bytes(fields.get("memory_free_bytes")),
            memory_total_bytes=_bytes(fields.get("memory_total_bytes")),
            memory_needed_bytes=_bytes(fields.get("memory_needed_bytes")),
            batch=int(fields["batch"]),
            batch_asked=int(fields["batch_asked"]),
            films_per_s=float(fields.get("films_per_s") or 0.0),
            minutes=float(fields["minutes"]),
            parts={str(k): float(v) for k, v in fields.get("parts", {}).items()},
            notes=tuple(str(note) for note in fields.get("notes", ())),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise OutputError(
            f"What the check of the machine wrote cannot be read ({error}).",
            hint="Check again.",
        ) from error


def minutes_in_words(minutes: float) -> str:
    """A predicted time, no more precise than it can be."""
    if minutes < 1:
        return "less than a minute"
    if minutes < 90:
        step = 1 if minutes < 10 else 5
        count = max(1, round(minutes / step) * step)
        return "about a minute" if count == 1 else f"about {count} minutes"
    hours = minutes / 60
    if hours < 36:
        return f"about {hours:.0f} hours" if hours >= 10 else f"about {hours:.1f} hours"
    return f"about {math.ceil(hours / 24)} days"


def memory_in_words(found: Preflight) -> str:
    """Free memory against what a step needs."""
    size = QLocale.system().formattedDataSize
    free, needed = found.memory_free_bytes, found.memory_needed_bytes
    if free is None:
        return "not known"
    words = f"{size(free, 1)} free"
    if found.memory_total_bytes:
        words += f" of {size(found.memory_total_bytes, 1)}"
    if needed is not None:
        words += f"; the training needs about {size(needed, 1)}"
    return words


def batch_in_words(found: Preflight) -> str:
    """The batch, and whether it had to be made smaller."""
    words = f"{found.batch} films per step"
    if found.batch < found.batch_asked:
        words += f", because {found.batch_asked} do not fit into memory"
    return words


def device_in_words(found: Preflight) -> str:
    """The device, and what computes on it."""
    return f"{found.device}, by {_BACKENDS.get(found.backend, found.backend)}"


def parts_in_words(found: Preflight) -> str:
    """The longest stages first; none where all are short."""
    stages = sorted(found.parts.items(), key=lambda part: -part[1])
    return ", ".join(
        f"{stage} {minutes_in_words(minutes).removeprefix('about ')}"
        for stage, minutes in stages
        if minutes >= _WORTH_SAYING
    )


def _bytes(value: object) -> int | None:
    return None if value is None else int(str(value).partition(".")[0])
