"""The runs of the user: one folder per training, dated, never used again."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from core.errors import CoreError, OutputError
from core.files import output_error, write_json
from core.jobs.folders import (
    changed_at,
    list_folders,
    make_folder,
    remove_folder,
    safe_name,
)
from core.json_file import read_json
from core.paths import runs_dir
from core.runs.config import TrainingConfig
from core.runs.record import RunRecord, record_from_json, record_to_json
from core.runs.run import FAILED, FINISHED, INTERRUPTED, JOB, RUNNING, Run

__all__ = [
    "FAILED",
    "FINISHED",
    "INTERRUPTED",
    "RUNNING",
    "Run",
    "RunRecord",
    "delete",
    "list_runs",
    "new_run",
    "read_run",
    "safe_name",
]

_RECORD: Final = "run.json"


def list_runs() -> list[Run]:
    """Every run, newest first; one with a damaged record too.

    Raises:
        OutputError: The folder of the runs cannot be read.
    """
    folders = list_folders(runs_dir(), "runs")
    runs = [read_run(folder) for folder in folders]
    return sorted(runs, key=lambda run: (run.record.started, run.path), reverse=True)


def read_run(path: Path) -> Run:
    """The run in a folder, whether or not its record can be understood."""
    try:
        fields = read_json(path / _RECORD)
        return Run(path, record_from_json(fields))
    except CoreError as error:
        damage = f"The record of this run cannot be understood: {error}"
    except FileNotFoundError:
        damage = "The record of this run is missing."
    except (OSError, ValueError, KeyError, TypeError) as error:
        damage = f"The record of this run is damaged ({error})."
    started = changed_at(path)
    stand_in = RunRecord(path.name, "", Path(), started, TrainingConfig(), "", "")
    return Run(path, stand_in, damage)


def new_run(record: RunRecord, *, split: Path, audit: Path | None) -> Run:
    """Make the folder of a run that has not started yet.

    Args:
        record: What is asked for.
        split: Manifest of its films, copied into the folder.
        audit: What the check of the films found; copied too, if given.

    Raises:
        OutputError: The folder or a file cannot be written; nothing is left.
    """
    folder = make_folder(runs_dir(), record.started, record.name, "runs")
    run = Run(folder, record)
    try:
        shutil.copyfile(split, run.split)
        if audit is not None:
            shutil.copyfile(audit, run.audit)
        write_json(folder / JOB, record.config)
        write_json(folder / _RECORD, record_to_json(record))
    except (OSError, OutputError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OutputError):
            raise
        raise output_error(Path(error.filename2 or error.filename), error) from error
    return run


def delete(run: Run) -> None:
    """Remove a run with everything in it.

    Raises:
        OutputError: It is running, or its files cannot be removed.
    """
    if run.state() == RUNNING:
        raise OutputError(
            f"{run.record.name} is running and cannot be deleted.",
            hint="Stop it first.",
        )
    if run.path.parent != runs_dir():
        raise ValueError(f"expected a folder of {runs_dir()}. Received: {run.path}")
    remove_folder(run.path, run.record.name)
