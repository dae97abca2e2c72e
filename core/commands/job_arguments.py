"""From the arguments of `train` to a job: a new one, or one to go on with."""

from __future__ import annotations

import argparse
import json
import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from core.commands.argument_types import refuse_resume_with_overwrite
from core.data.dataset import parse_labels
from core.errors import TrainingError
from core.json_file import parse_json, read_json
from core.runs.config import TrainingConfig, config_from_json, flat_settings
from core.runs.job_folder import Job, JobFolder, without_folder
from core.runs.presets import config_from_preset
from core.runs.setting import bad_field, explained
from core.runs.settings import AUGMENTATION

#: Settings that only the end of a job uses.
_USED_LAST: Final = frozenset({"name", "pools"})
#: Settings that only the split uses, besides.
_USED_TO_SPLIT: Final = frozenset({"accept_leaks", "validation", "test"})
_NESTED: Final = AUGMENTATION.removesuffix(".")
_TEXTS: Final = frozenset(
    name
    for name, value in flat_settings(TrainingConfig()).items()
    if isinstance(value, str)
)


def refuse_contradictions(arguments: argparse.Namespace) -> None:
    """Raise CoreError of arguments of `train` that cannot go together."""
    refuse_resume_with_overwrite(arguments)
    several = arguments.seeds or arguments.folds
    if several and (arguments.dry_run or arguments.find_rate):
        tries = "--dry-run" if arguments.dry_run else "--find-rate"
        raise TrainingError(
            f"--seeds and --folds train several times, and {tries} does not train.",
            hint="Leave one of them out.",
        )
    if arguments.resume and arguments.dry_run:
        raise TrainingError(
            "--resume goes on with a job, and --dry-run tries a new one.",
            hint="Leave one of them out.",
        )
    if arguments.log_dir and (arguments.dry_run or arguments.find_rate or several):
        raise TrainingError(
            "--log-dir keeps the epochs of one training, and this is none.",
            hint="Leave it out.",
        )
    if arguments.find_rate and (arguments.resume or arguments.dry_run):
        raise TrainingError(
            "--find-rate tries learning rates for a new job, and nothing else.",
            hint="Leave --resume and --dry-run out.",
        )
    if arguments.json is not None and not (arguments.dry_run or arguments.find_rate):
        raise TrainingError(
            "--json takes what a dry run found, and this is none.",
            hint="Add --dry-run, or leave --json out; `evaluate` writes figures.",
        )


def new_job(arguments: argparse.Namespace) -> Job:
    """The job that the arguments describe: preset, then file, then settings.

    Raises:
        TrainingError: One of them cannot be understood.
    """
    data: Path | None = arguments.data
    if data is None:
        raise TrainingError(
            "Training needs films.", hint="Name a folder or manifest with --data."
        )
    config = config_from(arguments)
    preset = arguments.preset or "default"
    backend = arguments.backend or usual_backend()
    return Job(config, data, command_line(arguments.argv), preset, backend)


def config_from(arguments: argparse.Namespace) -> TrainingConfig:
    """The settings that the arguments describe, whatever the films.

    Raises:
        TrainingError: One of them cannot be understood.
    """
    config = config_from_preset(arguments.preset or "default")
    for fields in _all_settings(arguments):
        config = config_from_json(fields, config)
    return config


def resumed_job(
    arguments: argparse.Namespace, folder: JobFolder
) -> tuple[Job, list[str]]:
    """The job that was begun in a folder, with what can still be changed.

    Returns:
        The job, and the settings that differ from those it was begun with.

    Raises:
        TrainingError: There is none, or an argument asks for something else than
            it was begun with and can no longer be applied.
    """
    begun = folder.job()
    preset, backend, config = begun.preset, begun.backend, begun.config
    for fields in _all_settings(arguments):
        # Named, or it would be the usual one of a backbone that is named.
        layer = {"unfreeze_from": config.unfreeze_from}
        config = config_from_json({**layer, **fields}, config)
    before, after = flat_settings(begun.config), flat_settings(config)
    changed = [name for name, value in after.items() if value != before[name]]
    free = _USED_LAST | (frozenset() if folder.split.exists() else _USED_TO_SPLIT)
    refused = [
        f"{name} is {_shown(before[name])}, not {_shown(after[name])}"
        for name in changed
        if name not in free
    ]
    if arguments.data is not None and arguments.data.resolve() != begun.data:
        refused.append(f"--data is {begun.data}, not {arguments.data}")
    if arguments.preset is not None and arguments.preset != preset:
        refused.append(f"--preset is {preset or 'not known'}, not {arguments.preset}")
    if arguments.backend and backend and arguments.backend != backend:
        refused.append(f"--backend is {backend}, not {arguments.backend}")
    if refused:
        raise TrainingError(
            "A job cannot be resumed with other arguments than it was begun with: "
            f"{'; '.join(refused)}.",
            hint="Leave them out to go on with it, or begin another job with "
            "another --out.",
        )
    backend = backend or arguments.backend or usual_backend()
    return msgspec.structs.replace(begun, config=config, backend=backend), changed


def command_line(argv: Sequence[str]) -> str:
    """The command as the user would type it again.

    Of absolute paths only the name is kept: cards travel, and paths tell whose
    they are.
    """
    words = []
    for word in argv:
        option, equals, value = word.rpartition("=")
        words.append(option + equals + without_folder(value))
    return shlex.join(["python", "-m", "core", *words])


def settings_from(arguments: argparse.Namespace) -> dict[str, Any]:
    """The settings that arguments name, each by an option of its own or by `--set`.

    Raises:
        TrainingError: One of them cannot be understood.
    """
    settings = set_fields(arguments.set or ())
    if arguments.weights:
        _take(settings, "weights", arguments.weights, "--weights")
    if arguments.labels:
        labels = list(parse_labels(arguments.labels))
        _take(settings, "labels", labels, "--labels")
    if arguments.leave_one_source_out:
        _take(settings, "leave_one_source_out", True, "--leave-one-source-out")
    weights = Path(str(settings.get("weights", "")))
    if weights.name and weights.exists():
        # What is resumed may be started from another folder.
        settings["weights"] = str(weights.absolute())
    return settings


def _all_settings(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Fields of the job's file, then those of the other arguments."""
    parts = [] if arguments.config is None else [_file_fields(arguments.config)]
    return [*parts, settings_from(arguments)]


def _file_fields(file: Path) -> dict[str, Any]:
    try:
        fields = read_json(file)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise TrainingError(
            f"The job file {file.name} cannot be read: {reason}.",
            hint="It must be a JSON object of settings.",
        ) from error
    if not isinstance(fields, dict):
        raise TrainingError(
            f"The job file {file.name} is not a JSON object.",
            hint='Write it as {"epochs": 8}.',
        )
    return fields


def set_fields(texts: Sequence[str]) -> dict[str, Any]:
    """The fields that `--set` names; of a setting named twice the last one."""
    settings: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals or not name:
            raise TrainingError(
                f"--set {text} does not say what to set to which value.",
                hint=f"Write it as --set NAME=VALUE. {explained()}",
            )
        nested = settings.setdefault(_NESTED, {})
        if name == _NESTED:
            fields = _value(value)
            if not isinstance(fields, dict):
                raise bad_field(name, fields)
            nested.update(fields)
        elif name.startswith(AUGMENTATION):
            nested[name.removeprefix(AUGMENTATION)] = _value(value)
        else:
            settings[name] = _value(value, is_text=name in _TEXTS)
    return settings


def _take(settings: dict[str, Any], name: str, value: Any, option: str) -> None:
    if settings.setdefault(name, value) != value:
        raise TrainingError(
            f"{option} and --set {name} ask for two different things.",
            hint="Leave one of them out.",
        )


def _value(text: str, *, is_text: bool = False) -> Any:
    """A setting's value from the command line: JSON, or else plain text.

    Args:
        is_text: Whether the setting is one, so that a number is text too: head=64.
    """
    try:
        value = parse_json(text)
    except ValueError:
        return text
    return text if is_text and not isinstance(value, str) else value


def usual_backend() -> str:
    """What Keras computes with where nobody said."""
    return os.environ.get("KERAS_BACKEND") or "tensorflow"


def _shown(value: Any) -> str:
    return value if isinstance(value, str) and value else json.dumps(value)
