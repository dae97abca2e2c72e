"""What a run was asked to do."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from core import __version__
from core.runs.config import TrainingConfig, config_from_json, config_to_json

_VERSION = 1


@dataclasses.dataclass(frozen=True)
class RunRecord:
    """What a run was asked to do.

    Attributes:
        name: Of the model to be.
        preset: Name of the preset that it started from; may be empty.
        data: Folder or manifest, as the user chose it.
        started: When it was asked for, with the time zone.
        config: The whole job; `accept_leaks` says why leaks were accepted.
        backend: Of Keras: "tensorflow", "jax" or "torch".
        version: Of the program.
    """

    name: str
    preset: str
    data: Path
    started: datetime
    config: TrainingConfig
    backend: str
    version: str = __version__


def record_to_json(record: RunRecord) -> dict[str, Any]:
    """The record as plain JSON values."""
    return {
        "version": _VERSION,
        "name": record.name,
        "preset": record.preset,
        "data": str(record.data),
        "started": record.started.isoformat(timespec="seconds"),
        "config": config_to_json(record.config),
        "backend": record.backend,
        "leaks_accepted": record.config.accept_leaks,
        "program": record.version,
    }


def record_from_json(fields: Mapping[str, Any]) -> RunRecord:
    """Rebuild a record, checking each field.

    Raises:
        TrainingError: The job in it is none.
        ValueError, KeyError, TypeError: Another field is missing or wrong.
    """
    if fields["version"] != _VERSION:
        raise ValueError(f"its version is {fields['version']!r}")
    for name in ("name", "preset", "data", "started", "backend", "program"):
        if not isinstance(fields[name], str):
            raise TypeError(f"{name} is {fields[name]!r}")
    return RunRecord(
        name=fields["name"],
        preset=fields["preset"],
        data=Path(fields["data"]),
        # Without a time zone it is the local one.
        started=datetime.fromisoformat(fields["started"]).astimezone(),
        config=config_from_json(dict(fields["config"])),
        backend=fields["backend"],
        version=fields["program"],
    )
