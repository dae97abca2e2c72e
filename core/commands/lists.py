"""What `train` lists and prints: what a job can be made of, and what one is."""

from __future__ import annotations

import argparse
import json
import os
import textwrap
from pathlib import Path
from typing import Any, Final

import msgspec

from core.commands.job_arguments import config_from, usual_backend
from core.errors import TrainingError
from core.runs.config import TrainingConfig, config_to_json, flat_settings
from core.runs.presets import PRESETS, Preset, config_from_preset
from core.runs.settings import SETTINGS
from core.terminal import print_lines
from core.training.checks import check_backend, check_job

_WIDTH: Final = 88
#: What is told of a setting as its field has it.
_TOLD: Final = ("title", "help", "low", "high", "choices", "zero", "unit")
_KINDS: Final = {
    bool: "flag",
    int: "whole number",
    float: "number",
    str: "text",
    tuple: "list of texts",
}


def print_list(arguments: argparse.Namespace) -> int:
    """Print one of the lists; see `core.commands.train` for the arguments."""
    if isinstance(arguments.json, Path):
        raise TrainingError(
            "Lists and settings are printed and not written into files.",
            hint="Write --json without a name, and send the output where you like.",
        )
    is_settings: bool = arguments.list_settings
    if arguments.print_config:
        text = json.dumps(config_to_json(_config(arguments)), indent=1)
    elif arguments.json:
        listed = list_settings() if is_settings else list_presets()
        text = json.dumps(listed, indent=1)
    else:
        text = settings_text() if is_settings else presets_text()
    print(text)  # noqa: T201 - the result
    return 0


def list_settings() -> list[dict[str, Any]]:
    """Every setting of a job, as JSON values.

    Returns:
        For each `name` as `--set` takes it, `title`, `help`, `kind`, `takes` in
        words, `default`, `low`, `high`, `low_is_allowed`, `high_is_allowed` of a
        number, else None, `choices` {value: title}, `zero`, what 0 means where it
        means something of its own, and `unit`, which may be empty.
    """
    listed = []
    for name, default in flat_settings(TrainingConfig()).items():
        setting = SETTINGS[name]
        is_number = setting.low is not None
        told = {key: getattr(setting, key) for key in _TOLD}
        told |= {
            "name": name,
            "kind": "choice" if setting.choices else _KINDS[type(default)],
            "takes": setting.values(),
            "default": default,
            "low_is_allowed": not setting.is_open[0] if is_number else None,
            "high_is_allowed": not setting.is_open[1] if is_number else None,
        }
        listed.append(told)
    return listed


def list_presets() -> list[dict[str, Any]]:
    """Every preset, as JSON values.

    Returns:
        For each `name`, `title`, `summary`, `settings` that differ from the
        default, `departures` {setting: text}, and `corrections`.
    """
    return [
        {**msgspec.structs.asdict(preset), "settings": _changes(preset)}
        for preset in PRESETS.values()
    ]


def settings_text() -> str:
    """Every setting, for people."""
    parts = ["Settings of a training job. Change one with --set NAME=VALUE.\n"]
    for setting in list_settings():
        default = setting["default"]
        usual = "none" if default in ("", ()) else _value(default)
        takes = f"{setting['kind']}, {setting['takes']}; by default {usual}"
        parts.append(_wrapped(f"{setting['name']}: {takes}", "", "    "))
        text = f"{setting['title']}. {setting['help']}"
        choices = setting["choices"]
        if any(value != title.lower() for value, title in choices.items()):
            titles = (f"{value}: {title}" for value, title in choices.items())
            text = f"{text} {'; '.join(titles)}."
        if setting["zero"]:
            text += f" 0: {setting['zero']}."
        parts.append(_wrapped(text, "    ", "    "))
    return "\n".join(parts)


def presets_text() -> str:
    """Every preset, for people."""
    parts = ["Presets of a training job. Choose one with --preset NAME."]
    for preset in list_presets():
        parts += ["", f"{preset['name']}: {preset['title']}"]
        parts.append(_wrapped(preset["summary"], "    ", "    "))
        sets = (f"{k}={_value(v)}" for k, v in preset["settings"].items())
        words = ", ".join(sets) or "every setting as it is by default"
        parts.append(_wrapped(f"Settings: {words}.", "    ", "        "))
        if points := PRESETS[preset["name"]].points:
            parts.append("    Where it departs from its project, and why:")
            parts += [_wrapped(s, "    - ", "      ") for s in points]
    return "\n".join(parts)


def _changes(preset: Preset) -> dict[str, Any]:
    default = flat_settings(TrainingConfig())
    own = flat_settings(config_from_preset(preset.name))
    return {name: value for name, value in own.items() if value != default[name]}


def _value(value: Any) -> str:
    """As `--set` takes it."""
    return value if isinstance(value, str) else json.dumps(value)


def _wrapped(text: str, first: str, then: str) -> str:
    return textwrap.fill(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=then,
        break_on_hyphens=False,
        break_long_words=False,
    )


def _config(arguments: argparse.Namespace) -> TrainingConfig:
    if arguments.resume:
        raise TrainingError(
            "--resume goes on with a job by the settings that it was begun with.",
            hint="Leave it out to look at the settings of a new one.",
        )
    return config_from(arguments)


def print_summary(arguments: argparse.Namespace) -> int:
    """Print the network of a job as Keras sums it up."""
    config = _config(arguments)
    labels = len(config.labels)
    if arguments.data is not None:
        labels = len(check_job(config, arguments.data).labels)
    if labels < 2:
        raise TrainingError(
            "How many outputs the network has is told by its labels.",
            hint="Name the films with --data, or the labels with --labels.",
        )
    backend = arguments.backend or usual_backend()
    check_backend(backend)
    os.environ["KERAS_BACKEND"] = backend
    from core.training.network import summary_of

    print_lines(summary_of(config, labels))
    return 0
