"""What the user asks for when a training is to start."""

from __future__ import annotations

import dataclasses
import json
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from core import paths
from core.runs.config import TrainingConfig, flat_settings
from core.runs.presets import config_from_preset

#: Settings that shaped the split already and that its file now holds.
_IN_THE_SPLIT = ("validation", "test", "patient_pattern")


@dataclasses.dataclass(frozen=True)
class RunRequest:
    """A training that can start.

    Attributes:
        config: Everything that decides what it makes.
        preset: Name of the recipe the settings began as.
        data: The folder or manifest the user chose.
        split: The manifest that the check wrote: which film is where.
        audit: What the check found, as JSON.
        backend: Keras's "tensorflow", "torch" or "jax"; empty for automatic.
    """

    config: TrainingConfig
    preset: str
    data: Path
    split: Path
    audit: Path
    backend: str


def changed_settings(config: TrainingConfig, preset: str) -> list[str]:
    """What follows `--set`, once for each setting that the preset has not."""
    before = flat_settings(config_from_preset(preset))
    after = flat_settings(config)
    changed = {
        name: value
        for name, value in after.items()
        if value != before[name] and name not in ("weights", "labels")
    }
    return [
        f"{name}={json.dumps(value, ensure_ascii=False)}"
        for name, value in changed.items()
    ]


def train_words(
    config: TrainingConfig, preset: str, *, split: str, out: str, backend: str
) -> list[str]:
    """The words of `core train` that make this model.

    Args:
        config: The job.
        preset: What it began as.
        split: Manifest with the films.
        out: Bundle to make.
        backend: As in `RunRequest`.
    """
    words = ["train", "--data", split, "--out", out, "--preset", preset]
    if config.weights != config_from_preset(preset).weights:
        words += ["--weights", config.weights]
    if config.labels:
        words += ["--set", f"labels={json.dumps(config.labels, ensure_ascii=False)}"]
    for setting in changed_settings(config, preset):
        if setting.split("=", 1)[0] not in _IN_THE_SPLIT:
            words += ["--set", setting]
    names = [word.split("=", 1)[0] for word in words]
    if "backbone" in names and "unfreeze_from" not in names:
        # Else it would bring its usual layer with it; that of the job may differ.
        words += ["--set", f"unfreeze_from={config.unfreeze_from}"]
    if backend:
        words += ["--backend", backend]
    return words


def as_typed(words: Sequence[str]) -> str:
    """A command as the user would type it in this system's terminal."""
    frozen = paths.is_frozen()
    whole = [*(paths.core_command() if frozen else ["python", "-m", "core"]), *words]
    if sys.platform == "win32":
        return subprocess.list2cmdline(whole)
    return shlex.join(whole)
