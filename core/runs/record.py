"""What a run was asked to do."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec

from core import __version__
from core.runs.config import TrainingConfig


class RunRecord(
    msgspec.Struct, frozen=True, rename={"version": "program", "format": "version"}
):
    """What a run was asked to do.

    Attributes:
        preset: Name of the preset that it started from; may be empty.
        data: Folder or manifest, as the user chose it.
        started: When it was asked for, with the time zone.
        config: The whole job; `accept_leaks` says why leaks were accepted.
        backend: Of Keras: "tensorflow", "jax" or "torch".
        minutes: That it was reckoned to take, before it started; 0 where unknown.
    """

    name: str
    preset: str
    data: Path
    started: datetime
    config: TrainingConfig
    backend: str
    version: str = __version__
    format: Literal[1] = 1
    minutes: float = 0.0
