"""`python -m core train` and `export`: the commands that need Keras."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shlex
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from core.bundle import read_bundle
from core.control import Control
from core.dataset import parse_labels
from core.errors import OutputError, TrainingError
from core.events import JobSucceeded, StageStarted
from core.job import TrainingConfig, config_from_json
from core.json_file import parse_json, read_json
from core.paths import atomic_folder, atomic_write
from core.presets import config_from_preset
from core.reporting import Report, Reporter, begin_report, end_told
from core.training.state import JobFolder, without_folder


def train(arguments: argparse.Namespace) -> int:
    """Run a job; see `core.__main__` for its arguments.

    Returns:
        The exit status.
    """
    if arguments.backend:
        os.environ["KERAS_BACKEND"] = arguments.backend
    control = Control()
    control.take_signals()
    listener = begin_report(control, as_events=arguments.events)
    report = Reporter([listener], arguments.events_file)
    with end_told(report):
        run_job_with(arguments, report, control)
    if not arguments.events:
        print(arguments.out)  # noqa: T201 - the result
    return 0


def run_job_with(
    arguments: argparse.Namespace, report: Report, control: Control
) -> None:
    """Check what can be checked before Keras is loaded, then run the job.

    Raises:
        CoreError: As `core.training.train.run_job`, or wrong use.
    """
    if arguments.out is None:
        raise TrainingError(
            "Training needs a place for the model.",
            hint="Name the folder to make with --out.",
        )
    out = arguments.out.absolute()
    folder = JobFolder.beside(out)
    if arguments.resume:
        config, data, command = folder.job()
        _take_less_memory(folder, config)
    else:
        config, data = job_from(arguments), data_from(arguments)
        command = command_line(arguments.argv)
        _make_way(out, folder, arguments.overwrite)
        folder.begin(config, data, command)
    with folder.at_work(), _disk_failures():
        control.watch(folder)
        report(StageStarted("start", "Loading Keras."))
        from core.training.train import run_job

        run_job(
            config,
            data,
            out,
            folder=folder,
            command=command,
            report=report,
            control=control,
        )


def dry_run(arguments: argparse.Namespace) -> int:
    """Try one step of a job and tell what it would take; train nothing.

    Returns:
        The exit status.
    """
    if arguments.backend:
        os.environ["KERAS_BACKEND"] = arguments.backend
    control = Control()
    control.take_signals()
    report = begin_report(control, as_events=arguments.events)
    with end_told(report):
        config, data = job_from(arguments), data_from(arguments)
        report(StageStarted("start", "Loading Keras."))
        from core.training.preflight import preflight

        found = preflight(config, data, report=report, control=control)
        text = json.dumps(found, indent=1)
        if arguments.json is not None:
            with atomic_write(arguments.json) as partial:
                partial.write_text(text + "\n", encoding="utf-8")
        else:
            print(text)  # noqa: T201 - the result
    report(JobSucceeded(str(arguments.json or "")))
    return 0


def data_from(arguments: argparse.Namespace) -> Path:
    """The films to train on.

    Raises:
        TrainingError: None are named, or they are not there.
    """
    data: Path | None = arguments.data
    if data is None:
        raise TrainingError(
            "Training needs films.", hint="Name a folder or manifest with --data."
        )
    if not os.path.exists(data):
        raise TrainingError(
            f"There is no folder or manifest called {data}.",
            hint="Give a folder with one subfolder per label, or a CSV file.",
        )
    return data


def job_from(arguments: argparse.Namespace) -> TrainingConfig:
    """The job that the arguments describe: preset, then file, then settings.

    Raises:
        TrainingError: One of them cannot be understood.
    """
    config = config_from_preset(arguments.preset)
    if arguments.config is not None:
        try:
            fields = read_json(arguments.config)
        except (OSError, ValueError) as error:
            raise TrainingError(
                f"The job file {arguments.config.name} cannot be read: {error}.",
                hint="It must be a JSON object of settings.",
            ) from error
        if not isinstance(fields, dict):
            raise TrainingError(
                f"The job file {arguments.config.name} is not a JSON object.",
                hint='Write it as {"epochs": 8}.',
            )
        config = config_from_json(fields, config)
    settings: dict[str, Any] = {}
    for text in arguments.set or ():
        name, _, value = text.partition("=")
        target = settings
        if name.startswith("augmentation."):
            name = name.removeprefix("augmentation.")
            target = settings.setdefault("augmentation", {})
        target[name] = _value(value)
    if arguments.weights:
        settings["weights"] = arguments.weights
        if Path(arguments.weights).exists():
            # A resumed job may be started from another folder.
            settings["weights"] = str(Path(arguments.weights).absolute())
    if arguments.labels:
        settings["labels"] = list(parse_labels(arguments.labels))
    return config_from_json(settings, config)


def export(arguments: argparse.Namespace) -> int:
    """Write a bundle's model in another format.

    Returns:
        The exit status.
    """
    bundle = read_bundle(arguments.bundle)
    out: Path = arguments.out
    if out.exists() and not arguments.overwrite:
        raise OutputError(
            f"{out.name} exists already.", hint="Choose another name, or --overwrite."
        )
    if arguments.format == "openvino":
        with atomic_folder(out) as folder:
            for name in ("model.xml", "model.bin"):
                shutil.copyfile(bundle.path / name, folder / name)
    else:
        from core.training.export import export_other
        from core.training.network import network_of

        gap = export_other(network_of(bundle), arguments.format, out)
        said = f"Checked: its outputs differ from the model's by at most {gap:.1e}."
        print(said, file=sys.stderr)  # noqa: T201 - for people
    print(out)  # noqa: T201 - the result
    return 0


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


def _take_less_memory(folder: JobFolder, config: TrainingConfig) -> None:
    """Halve the batch of a job that the system killed when memory was nearly out."""
    batch = folder.batch(config)
    if batch > 1 and folder.died_short_of_memory():
        folder.set_batch(batch // 2)
        folder.note(
            f"The job was killed with {batch} films per step when memory was nearly "
            f"out; the epoch was started again with {batch // 2}."
        )


@contextlib.contextmanager
def _disk_failures() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"The job could not write or read its files: {error.strerror or error}.",
            hint="Check the disk, then go on with the same command and --resume.",
        ) from error


def _make_way(out: Path, folder: JobFolder, overwrite: bool) -> None:
    if out.exists() and not overwrite:
        raise OutputError(
            f"{out.name} exists already.",
            hint="Choose another --out, or replace it with --overwrite.",
        )
    if folder.exists() and not overwrite:
        raise OutputError(
            f"An interrupted job for {out.name} is kept in {folder.path.name}.",
            hint="Go on with it by --resume, or discard it with --overwrite.",
        )
    shutil.rmtree(folder.path, ignore_errors=True)


def _value(text: str) -> Any:
    """A setting's value from the command line: JSON, or else plain text."""
    try:
        return parse_json(text)
    except ValueError:
        return text
