"""The runs of the user: one folder per training, dated, never used again."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from core.errors import OutputError
from core.files import output_error, write_json
from core.jobs.folders import changed_at, list_jobs, make_folder, read_record
from core.paths import runs_dir
from core.runs.config import TrainingConfig, convert_with_config
from core.runs.run import JOB, Run, RunRecord

_RECORD: Final = "run.json"


def list_runs() -> list[Run]:
    """Every run, newest first; one with a damaged record too.

    Raises:
        OutputError: The folder of the runs cannot be read.
    """
    return list_jobs(runs_dir(), "runs", read_run)


def read_run(path: Path) -> Run:
    """The run in a folder, whether or not its record can be understood."""
    record, damage = read_record(
        path / _RECORD, "run", lambda fields: convert_with_config(fields, RunRecord)
    )
    if record is None:
        started = changed_at(path)
        record = RunRecord(path.name, "", Path(), started, TrainingConfig(), "", "")
    return Run(path, record, damage)


def new_run(record: RunRecord, *, split: Path, audit: Path | None) -> Run:
    """Make the folder of a run that has not started yet.

    Args:
        split: Manifest of its films, copied into the folder.
        audit: What the check of the films found; copied too, if given.

    Raises:
        OutputError: The folder or a file cannot be written; nothing is left.
    """
    folder = make_folder(runs_dir(), record.started, record.name, "runs")
    try:
        return fill_run(folder, record, split=split, audit=audit)
    except OutputError:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def fill_run(
    folder: Path, record: RunRecord, *, split: Path, audit: Path | None = None
) -> Run:
    """Write what a run is into its folder, as `new_run` does.

    Raises:
        OutputError: A file cannot be written.
    """
    run = Run(folder, record)
    try:
        shutil.copyfile(split, run.split)
        if audit is not None:
            shutil.copyfile(audit, run.audit)
    except OSError as error:
        raise output_error(Path(error.filename2 or error.filename), error) from error
    write_record(run)
    return run


def write_record(run: Run) -> None:
    """Write what a run is asked to do into its folder; what makes it one comes last.

    Raises:
        OutputError: It cannot be written.
    """
    write_json(run.path / JOB, run.record.config)
    write_json(run.path / _RECORD, run.record)
