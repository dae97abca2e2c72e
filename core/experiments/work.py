"""Begin an experiment or go on with one, and carry it out to its page."""

from __future__ import annotations

import json
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from core.data.dataset import index_dataset, listed_films
from core.errors import OutputError, TrainingError
from core.experiments.experiment import (
    Arm,
    Experiment,
    positive_label,
)
from core.experiments.phantoms import write_phantoms
from core.experiments.record import RESULTS, ExperimentFolder, Record, is_experiment
from core.files import write_json
from core.jobs.control import Control
from core.jobs.reporters import Report
from core.outputs import check_folder, refuse_inputs
from core.records import to_json
from core.runs.config import config_to_json
from core.runs.job_folder import Job
from core.training.checks import check_backend

#: Seeds there are; see the setting.
_SEEDS: Final = 2**32 - 1


def seeds_from(first: int, count: int) -> tuple[int, ...]:
    """As many seeds as are wanted, from one on."""
    return tuple((first + number) % _SEEDS for number in range(count))


def repeated_training(job: Job, *, seeds: int, folds: int) -> Record:
    """A training that is done with several seeds, or on several folds."""
    experiment = Experiment(
        "repeats",
        job.config.name,
        "How good is a model of these settings, and how sure is that?",
        "The same training, "
        + (f"tested on {folds} parts of the films in turn." if folds else "repeated."),
        (Arm("model", "the model"),),
        preset=job.preset or "default",
        settings=config_to_json(job.config),
    )
    return Record(
        experiment,
        job.data.absolute(),
        seeds_from(job.config.seed, seeds or 1),
        datetime.now().astimezone(),
        folds=folds,
        backend=job.backend,
        command=job.command,
    )


def open_experiment(
    out: Path, record: Record | None, *, resume: bool, overwrite: bool
) -> ExperimentFolder:
    """The folder of an experiment: a new one, or one to go on with.

    Args:
        record: What is wanted; None to go on with whatever was begun there.

    Raises:
        DatasetError: The films are not there, or none has a label that is asked for.
        TrainingError: There is nothing to go on with, or it is something else.
        OutputError: Another thing is in its place, or it cannot be written.
    """
    folder = ExperimentFolder(out)
    if resume:
        begun = folder.record()
        if record is not None and _asked(record) != _asked(begun):
            raise TrainingError(
                "An experiment cannot be resumed with other arguments than it was "
                "begun with.",
                hint="Leave all but --out and --resume out, or begin another with "
                "another --out.",
            )
        return folder
    assert record is not None
    if record.data != folder.phantoms:
        refuse_inputs([out], _reads(record), lambda: listed_films(record.data))
        _check_films(record)
    if is_experiment(out) and not overwrite:
        raise OutputError(
            f"An experiment is kept in {out} already.",
            hint="Go on with it by --resume, replace it with --overwrite, or choose "
            "another folder with --out.",
        )
    check_folder(out, overwrite=True, is_own=is_experiment)
    folder.refuse_running()
    if out.exists():
        shutil.rmtree(out)
    folder.begin(record)
    return folder


def _check_films(record: Record) -> None:
    """Refuse films that cannot serve, before anything is made."""
    experiment = record.experiment
    wanted = record.config(experiment.arms[0]).labels
    labels = index_dataset(record.data, wanted).labels
    if any(arm.one_against_rest for arm in experiment.arms):
        positive_label(labels, record.positive)


def carry_out(
    folder: ExperimentFolder, report: Report, control: Control
) -> dict[str, Any]:
    """Train what is not trained yet, measure, and write the pages.

    Returns:
        As `core.experiments.measure.results`.

    Raises:
        TrainingStopped: The user wants the end; what was done is kept.
        CoreError: The data or the disk cannot serve.
    """
    # These need what takes long to load.
    from core.experiments.measure import results
    from core.experiments.page import write_pages
    from core.experiments.runner import train_all

    record = folder.record()
    check_backend(record.backend)
    if record.data == folder.phantoms:
        write_phantoms(record.data.parent)
    not_run = train_all(folder, report, control)
    found = results(folder, record, not_run)
    write_pages(folder.path, found)
    write_json(folder.path / RESULTS, found)  # last: what has results has a page
    return found


def _reads(record: Record) -> list[Path]:
    """The films and the starting weights, where these lie in files."""
    weights = {Path(record.config(arm).weights) for arm in record.experiment.arms}
    return [record.data, *(path for path in weights if path.exists())]


def _asked(record: Record) -> str:
    """All that decides what comes of it."""
    when = datetime.fromtimestamp(0).astimezone()
    plain = msgspec.structs.replace(record, started=when, command="", version="")
    return json.dumps(to_json(plain), sort_keys=True)
