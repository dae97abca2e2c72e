"""A full run of a trial: it goes on where the trial stopped, to a measured model.

Only then are the test films opened; once in a search, whatever is wanted later.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from core.errors import TrainingError
from core.files import link_files, write_json
from core.runs import store as runs
from core.runs.job_folder import Job, JobFolder
from core.runs.run import Run, RunRecord
from core.search.record import FINISHED, MEASURES, SearchTable, TrialRow
from core.search.store import Search


def chosen_row(search: Search, table: SearchTable, number: int | None) -> TrialRow:
    """The trial that is to become a full run.

    Args:
        number: Of the one that is wanted; None for the one that was chosen before,
            or else the best.

    Raises:
        TrainingError: There is none, it cannot be had here, or the test films were
            opened for another.
    """
    before = search.chosen_trial()
    number = before if number is None else number
    row = table.best if number is None else table.row(number)
    if row is None or row.state != FINISHED:
        has = "No trial has" if number is None else f"Trial {number} has not"
        raise TrainingError(
            f"{has} finished in {search.record.name}.",
            hint="Look at the table of its trials, and choose one that has.",
        )
    if before not in (None, row.number):
        raise TrainingError(
            f"The test films of {search.record.name} were opened for trial {before} "
            "already. A second choice after that would be one by the test films.",
            hint="Use its model, or begin another search with another --set seed.",
        )
    if not row.is_here:
        raise TrainingError(
            f"Trial {row.number} was run by another machine that shares the database.",
            hint="Make its model there: --resume with --trial "
            f"{row.number} in the folder of that search.",
        )
    return row


def prepare(search: Search, row: TrialRow, work: JobFolder) -> Job:
    """Make the job of a trial ready to be resumed, and note that it was chosen.

    Args:
        work: Where the job of the full run keeps its files.

    Raises:
        OutputError: It cannot be written.
    """
    record, trial = search.record, search.trial(row.number)
    write_json(search.chosen, row.number)
    config = trial.record.config
    work.path.mkdir(parents=True, exist_ok=True)
    link_files(search.films(config.size).path, work.path, "*")
    link_files(trial.work.path, work.path, "*.npz", "*.h5", "trained.json", "memo.json")
    job = Job(config, record.data, record.command, record.preset, record.backend)
    work.begin(job)
    table = search.table()
    search.write_table(msgspec.structs.replace(table, chosen=row.number))
    ended = table.count(FINISHED)
    work.note(
        f"Trial {row.number} of the search {record.name}, chosen from {ended} finished "
        f"trials by {MEASURES[record.measure]} on the validation films."
    )
    return job


def promote(search: Search, number: int | None = None) -> Run:
    """Make a run of the user's of a trial, ready to go on.

    Raises:
        CoreError: As `chosen_row` and `prepare`.
    """
    row = chosen_row(search, search.table(), number)
    config = search.trial(row.number).record.config
    record = RunRecord(
        name=config.name,
        preset=search.record.preset,
        data=search.record.data,
        started=datetime.now().astimezone().replace(microsecond=0),
        config=config,
        backend=search.record.backend,
    )
    split = search.films(config.size).path / "split.csv"
    run = runs.new_run(record, split=split, audit=None)
    prepare(search, row, run.work)
    return run
