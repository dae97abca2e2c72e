"""`python -m core train` and `export`: the commands that need Keras."""

from __future__ import annotations

import argparse
import json
import shlex
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from core.bundle import WEIGHTS, read_bundle
from core.errors import CoreError, OutputError, TrainingError, TrainingStopped
from core.events import (
    STOP,
    EpochEnded,
    JobFailed,
    JobStopped,
    JobSucceeded,
    Noted,
    Progressed,
    StageStarted,
    TrainingEvent,
    claim_stdout,
    encode_event,
)
from core.job import TrainingConfig, config_from_json
from core.paths import atomic_folder
from core.presets import config_from_preset
from core.training.state import JobFolder, without_folder

Report = Callable[[TrainingEvent], None]


def train(arguments: argparse.Namespace) -> int:
    """Run a job; see `core.__main__` for its arguments.

    Returns:
        The exit status.
    """
    stop = threading.Event()
    for name in ("SIGINT", "SIGTERM"):
        signal.signal(getattr(signal, name), lambda *_: stop.set())
    if not arguments.events:
        run_job_with(arguments, _Narrator(), stop)
        print(arguments.out)  # noqa: T201 - the result
        return 0
    events = claim_stdout()

    def report(event: TrainingEvent) -> None:
        events.write(encode_event(event) + "\n")

    threading.Thread(target=_listen, args=(stop,), daemon=True).start()
    try:
        run_job_with(arguments, report, stop)
    except TrainingStopped:
        report(JobStopped())
        raise
    except CoreError as error:
        report(JobFailed(str(error), error.hint))
        raise
    return 0


def run_job_with(
    arguments: argparse.Namespace, report: Report, stop: threading.Event
) -> None:
    """Check what can be checked before Keras is loaded, then run the job.

    Raises:
        CoreError: As `core.training.train.run_job`, or wrong use.
    """
    out = arguments.out.absolute()
    folder = JobFolder.beside(out)
    if arguments.resume:
        config, data, command = folder.job()
    else:
        config, data = job_from(arguments), arguments.data
        command = command_line(arguments.argv)
        if data is None:
            raise TrainingError(
                "Training needs films.", hint="Name a folder or manifest with --data."
            )
        if not data.exists():
            raise TrainingError(
                f"There is no folder or manifest called {data}.",
                hint="Give a folder with one subfolder per label, or a CSV file.",
            )
        _make_way(out, folder, arguments.overwrite)
        folder.begin(config, data, command)
    report(StageStarted("start", "Loading Keras."))
    from core.training.train import run_job

    try:
        run_job(
            config,
            data,
            out,
            folder=folder,
            command=command,
            report=report,
            should_stop=stop.is_set,
        )
    except OSError as error:
        raise OutputError(
            f"The job could not write or read its files: {error.strerror or error}.",
            hint="Check the disk, then go on with the same command and --resume.",
        ) from error


def job_from(arguments: argparse.Namespace) -> TrainingConfig:
    """The job that the arguments describe: preset, then file, then settings.

    Raises:
        TrainingError: One of them cannot be understood.
    """
    config = config_from_preset(arguments.preset)
    if arguments.config is not None:
        try:
            fields = json.loads(arguments.config.read_text(encoding="utf-8"))
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
        settings["labels"] = arguments.labels.split(",")
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
        from core.training.network import build_network, load_whole

        size, count = bundle.card.preprocess.size, len(bundle.card.labels)
        network = build_network(size, count, 0.0)
        load_whole(network, bundle.path / WEIGHTS)
        export_other(network, arguments.format, out)
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


class _Narrator:
    """Tell a job's events to a person at a terminal."""

    def __init__(self) -> None:
        self._said_at = 0.0

    def __call__(self, event: TrainingEvent) -> None:
        text = self._text(event)
        if text:
            print(text, file=sys.stderr, flush=True)  # noqa: T201 - for people

    def _text(self, event: TrainingEvent) -> str:
        if isinstance(event, StageStarted):
            return event.detail
        if isinstance(event, Noted):
            return f"  {event.message}"
        if isinstance(event, EpochEnded):
            return (
                f"  {event.phase} epoch {event.epoch}/{event.epochs}: "
                f"loss {event.loss:.4f}, validation loss {event.val_loss:.4f}, "
                f"accuracy {event.val_accuracy:.3f}, macro-F1 {event.val_macro_f1:.3f}"
                f"{' (best)' if event.best else ''}"
            )
        if isinstance(event, Progressed) and time.monotonic() - self._said_at > 10:
            self._said_at = time.monotonic()
            return (
                f"  {event.stage}: {event.done} of {event.total}, "
                f"{event.films_per_s:.1f} films per second"
            )
        if isinstance(event, JobSucceeded):
            return "Done."
        return ""


def _listen(stop: threading.Event) -> None:
    """Stop when told to, or when whoever started this is gone."""
    for line in sys.stdin:
        if line.strip() == STOP:
            break
    stop.set()


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
        return json.loads(text)
    except ValueError:
        return text
