"""`python -m core train`: train a model on films of your own."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from core.commands.argument_types import (
    add_events,
    add_files,
    add_flags,
    folds,
    new_file,
    new_folder,
    refuse_more_on_resume,
    repeats,
)
from core.commands.internal import quieten_tensorflow
from core.commands.job_arguments import (
    new_job,
    refuse_contradictions,
    resumed_job,
)
from core.commands.lists import print_list, print_summary
from core.data.dataset import listed_films
from core.errors import RESUME, CoreError, OutputError, TrainingError
from core.experiments.record import is_experiment
from core.experiments.work import carry_out, open_experiment, repeated_training
from core.files import output_error, write_json
from core.jobs.control import Control
from core.jobs.events import JobSucceeded, Noted, StageStarted
from core.jobs.reporters import (
    Report,
    also_to_file,
    begin_report,
    check_events_file,
    end_told,
)
from core.model.bundle import is_bundle
from core.outputs import check_file, check_folder, refuse_inputs
from core.program import edition
from core.records import to_json
from core.runs.config import TrainingConfig
from core.runs.job_folder import JobFolder
from core.runs.rate_test import PHASES
from core.training.checks import (
    check_backend,
    check_job,
    check_log_dir,
    check_places,
)


def add_parser(parser: argparse.ArgumentParser) -> None:
    """Add its arguments to a parser."""
    parser.add_argument("--data", type=Path, help="folder per label, or a CSV file")
    parser.add_argument("--out", type=new_folder, metavar="BUNDLE")
    parser.add_argument("--preset", metavar="NAME", help="--list-presets lists them")
    parser.add_argument("--config", type=Path, metavar="JOB.json")
    parser.add_argument(
        "--weights",
        help="default, imagenet, chexnet, none, a weights file, or a bundle's folder",
    )
    parser.add_argument("--labels", help="labels in output order, with commas")
    parser.add_argument(
        "--set",
        action="append",
        metavar="NAME=VALUE",
        help="one setting of the job; --list-settings lists them",
    )
    add_flags(
        parser,
        leave_one_source_out="also train without each source, and measure there",
        resume="go on where it stopped",
        overwrite="replace BUNDLE",
        dry_run="try one step and say what it takes",
    )
    several = parser.add_mutually_exclusive_group()
    several.add_argument(
        "--seeds",
        type=repeats,
        metavar="N",
        help="train with N seeds into the folder BUNDLE: mean and interval",
    )
    several.add_argument(
        "--folds",
        type=folds,
        metavar="K",
        help="train K times, tested on another part of the films each time",
    )
    add_events(parser)
    add_files(parser, events_file="and append them to FILE")
    parser.add_argument(
        "--log-dir",
        type=new_folder,
        metavar="DIR",
        help="keep the epochs for TensorBoard too",
    )
    parser.add_argument(
        "--backend",
        choices=["tensorflow", "jax", "torch"],
        help="what Keras computes with; else KERAS_BACKEND, else tensorflow",
    )
    parser.add_argument(
        "--json",
        type=new_file,
        nargs="?",
        const=True,
        metavar="FILE",
        help="write what a dry run or --find-rate found; without FILE, list as JSON",
    )
    parser.add_argument(
        "--find-rate",
        nargs="?",
        const="rate",
        choices=[*PHASES],
        help="try rising learning rates and say which suits: the second phase's, or "
        "the first one's",
    )
    add_flags(
        parser.add_mutually_exclusive_group(),
        list_settings="say what can be set, and how",
        list_presets="say what each preset does",
        print_config="print the settings that would be used, as --config takes them",
        summary="print the layers of the network, and which of them learn",
    )


def run(arguments: argparse.Namespace) -> int:
    """Train, try one step of it, or print what can be set, or what was."""
    if arguments.list_settings or arguments.list_presets or arguments.print_config:
        return print_list(arguments)
    edition.check_can_train()
    quieten_tensorflow()
    if arguments.summary:
        return print_summary(arguments)
    control = Control()
    control.take_signals()
    listener = begin_report(control, as_events=arguments.events, job=arguments.job)
    with end_told(listener):  # before the first event is written to the file
        _check_events_file(arguments.events_file, arguments)
    report = also_to_file(listener, arguments.events_file)
    with end_told(report):
        refuse_contradictions(arguments)
        if arguments.dry_run or arguments.find_rate:
            _try_job(arguments, report, control)
            return 0
        out = arguments.out and arguments.out.absolute()
        goes_on = arguments.resume and out is not None and is_experiment(out)
        if arguments.seeds or arguments.folds or goes_on:
            _repeat(arguments, out, report, control)
        else:
            _run_job(arguments, report, control)
    if not arguments.events:
        print(arguments.out)  # noqa: T201 - the result
    return 0


def _repeat(
    arguments: argparse.Namespace, out: Path | None, report: Report, control: Control
) -> None:
    """Train by the same settings several times, and say how sure the figures are."""
    if out is None:
        raise _no_place()
    record = None
    if arguments.resume and arguments.data is None:
        refuse_more_on_resume(
            arguments, "seeds folds preset config weights labels set backend"
        )
    else:
        seeds, folds = arguments.seeds or 0, arguments.folds or 0
        record = repeated_training(new_job(arguments), seeds=seeds, folds=folds)
    asked = {"resume": arguments.resume, "overwrite": arguments.overwrite}
    folder = open_experiment(out, record, **asked)
    found = carry_out(folder, report, control)
    for sentence in found["answer"]:
        report(Noted(sentence))
    report(JobSucceeded(str(folder.page)))


def _no_place() -> TrainingError:
    return TrainingError(
        "Training needs a place for the model.",
        hint="Name the folder to make with --out.",
    )


def _run_job(arguments: argparse.Namespace, report: Report, control: Control) -> None:
    """Check what can be checked before Keras is loaded, then run the job."""
    if arguments.out is None:
        raise _no_place()
    out = arguments.out.absolute()
    folder = JobFolder.beside(out)
    changed: list[str] = []
    if arguments.resume:
        job, changed = resumed_job(arguments, folder)
    else:
        job = new_job(arguments)
    made = [out, folder.path, arguments.events_file, arguments.log_dir]
    _refuse_inputs(made, job.data, job.config, arguments.config)
    if arguments.resume:
        check_folder(out, overwrite=True, is_own=is_bundle)
    else:
        _check_way(out, folder, arguments.overwrite)
    check_places([arguments.events_file], out)
    if arguments.log_dir:
        check_log_dir(arguments.log_dir)
    check_backend(job.backend)
    dataset = check_job(job.config, job.data)
    if not arguments.resume:
        folder.discard()
        folder.begin(job)
    with folder.at_work(), disk_failures():
        control.watch_memory(folder.mark_short_of_memory)
        if changed:
            folder.begin(job)
            folder.note(f"Changed when it was resumed: {', '.join(changed)}.")
        if arguments.resume:
            folder.take_less_memory(job.config)
        choose_backend(job.backend, report)
        from core.training.network import check_network
        from core.training.train import run_job

        if not folder.has_begun_to_train():
            try:
                check_network(job.config, len(dataset.labels))
            except CoreError:
                if not arguments.resume:  # nothing is left of a job that cannot be
                    folder.discard()
                raise
        with contextlib.ExitStack() as stack:
            if arguments.log_dir:
                from core.training.epochs import also_to_tensorboard

                log = also_to_tensorboard(report, arguments.log_dir)
                report = stack.enter_context(log)
            run_job(
                job.config,
                dataset,
                out,
                folder=folder,
                command=job.command,
                report=report,
                control=control,
            )


def _try_job(arguments: argparse.Namespace, report: Report, control: Control) -> None:
    """Try steps of a job and tell what was found; nothing that stays is trained."""
    file = arguments.json if isinstance(arguments.json, Path) else None
    job = new_job(arguments)
    if file is not None:
        _refuse_inputs([file], job.data, job.config, arguments.config)
        check_file(file, overwrite=arguments.overwrite)
    check_places([arguments.events_file, file], arguments.out)
    check_backend(job.backend)
    dataset = check_job(job.config, job.data)
    choose_backend(job.backend, report)
    from core.training.network import check_network
    from core.training.preflight import preflight
    from core.training.trial.rate_finder import find_rate

    check_network(job.config, len(dataset.labels))
    found: Any
    if arguments.find_rate:
        with _scratch(arguments.out) as folder:
            setting = arguments.find_rate
            tell = {"report": report, "control": control}
            found = to_json(find_rate(job.config, setting, dataset, folder, **tell))
    else:
        found = preflight(job.config, dataset, report=report, control=control)
    if file is not None:
        write_json(file, found)
    else:
        print(json.dumps(found, indent=1))  # noqa: T201 - the result
    report(JobSucceeded(str(file or "")))


@contextlib.contextmanager
def _scratch(out: Path | None) -> Iterator[Path]:
    """A folder for what is needed meanwhile: beside the model, where that is named."""
    beside = out.absolute().parent if out is not None else None
    place = beside if beside is not None and beside.is_dir() else None
    try:
        with tempfile.TemporaryDirectory(prefix=".hilum-", dir=place) as folder:
            yield Path(folder)
    except OSError as error:
        raise output_error(place or Path(tempfile.gettempdir()), error) from error


def choose_backend(backend: str, report: Report) -> None:
    """Have Keras compute with one of its backends; before it is loaded."""
    os.environ["KERAS_BACKEND"] = backend
    report(StageStarted("start", "Loading Keras."))


@contextlib.contextmanager
def disk_failures() -> Iterator[None]:
    """Say in a sentence what fails for the disk."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"The job could not write or read its files: {error.strerror or error}.",
            hint="Check the disk.",
            code=RESUME,
        ) from error


def _check_events_file(file: Path | None, arguments: argparse.Namespace) -> None:
    if file is not None:
        out = arguments.out and arguments.out.absolute()
        weights = arguments.weights and Path(arguments.weights)
        inputs = [arguments.data, arguments.config, _if_there(weights)]
        made = [file, out, out and JobFolder.beside(out).path]
        refuse_inputs(made, inputs, lambda: listed_films(arguments.data))
        check_events_file(file)


def _refuse_inputs(
    outputs: Sequence[Path | None], data: Path, config: TrainingConfig, *files: Path
) -> None:
    """Refuse outputs that would touch films, settings or starting weights."""
    inputs = [data, *files, _if_there(Path(config.weights))]
    refuse_inputs(outputs, inputs, lambda: listed_films(data))


def _if_there(weights: Path | None) -> Path | None:
    """Starting weights on the disk; others are known by a name."""
    return weights if weights and weights.exists() else None


def _check_way(out: Path, folder: JobFolder, overwrite: bool) -> None:
    check_folder(out, overwrite=overwrite, is_own=is_bundle)
    check_folder(folder.path, overwrite=True, is_own=lambda _: folder.is_only_a_job())
    if folder.exists() and not overwrite:
        raise OutputError(
            f"An interrupted job for {out.name} is kept in {folder.path.name}.",
            hint="Go on with it by --resume, or discard it with --overwrite.",
        )
    folder.refuse_running()
