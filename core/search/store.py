"""The searches of the user: one folder each, and what lies in it."""

from __future__ import annotations

import contextlib
import dataclasses
from pathlib import Path
from typing import Final

from core.files import write_json
from core.jobs.events import JobFailed, JobSucceeded
from core.jobs.folders import (
    DatedJob,
    changed_at,
    list_jobs,
    make_folder,
    read_record,
)
from core.json_file import read_json
from core.paths import searches_dir
from core.records import convert
from core.runs.config import TrainingConfig, convert_with_config
from core.runs.job_folder import JobFolder
from core.runs.run import FAILED, FINISHED, INTERRUPTED, RUNNING, Run
from core.runs.store import read_run
from core.search.record import SearchRecord, SearchTable

RECORD: Final = "search.json"
_TABLE: Final = "trials.json"


@dataclasses.dataclass(frozen=True)
class Search(DatedJob[SearchRecord]):
    """One search and its folder."""

    @property
    def journal(self) -> Path:
        """The study, where no database was asked for."""
        return self.path / "journal.log"

    @property
    def bundle_dir(self) -> Path:
        """The model of the chosen trial."""
        return self.path / "model"

    @property
    def chosen(self) -> Path:
        """Which trial that was; there once the test films were opened."""
        return self.path / "chosen.json"

    def films(self, size: int) -> JobFolder:
        """The films that all trials of a size share, and their split."""
        return JobFolder(self.path / f"films-{size}")

    def features(self, key: str) -> JobFolder:
        """Features of a frozen base, that all trials of a key share."""
        return JobFolder(self.path / "features" / key)

    def trial(self, number: int) -> Run:
        """The run of a trial."""
        return read_run(self.path / "trials" / f"{number:04}")

    def chosen_trial(self) -> int | None:
        """Number of the trial that the test films were opened for."""
        try:
            return convert(read_json(self.chosen), int)
        except (OSError, ValueError):
            return None

    def table(self) -> SearchTable:
        """How its trials stand, as it last wrote down."""
        with contextlib.suppress(OSError, ValueError):
            return convert(read_json(self.path / _TABLE), SearchTable)
        return SearchTable(self.record.measure, self.record.trials)

    def write_table(self, table: SearchTable) -> None:
        """Write down how the trials stand."""
        write_json(self.path / _TABLE, table)

    def state(self) -> str:
        """`RUNNING`, `FINISHED`, `INTERRUPTED` or `FAILED` of `core.runs.run`."""
        if self.damage:
            return FAILED
        if self.is_running():
            return RUNNING
        end = self.channel.last_event()
        if isinstance(end, JobSucceeded):
            return FINISHED
        return FAILED if isinstance(end, JobFailed) else INTERRUPTED


def list_searches() -> list[Search]:
    """Every search, newest first; one with a damaged record too.

    Raises:
        OutputError: Their folder cannot be read.
    """
    return list_jobs(searches_dir(), "searches", read_search)


def read_search(path: Path) -> Search:
    """The search in a folder, whether or not its record can be understood."""
    record, damage = read_record(
        path / RECORD,
        "search",
        lambda fields: convert_with_config(fields, SearchRecord),
    )
    if record is None:
        record = SearchRecord(
            name=path.name,
            preset="",
            data=Path(),
            started=changed_at(path),
            config=TrainingConfig(),
            space={},
            trials=0,
            sampler="tpe",
            measure="macro_f1",
            is_pruned=True,
            storage="",
            backend="",
            command="",
        )
    return Search(path, record, damage)


def new_search(record: SearchRecord, folder: Path | None = None) -> Search:
    """Make the folder of a search that has not started yet.

    Args:
        folder: To be made; None for one among those of the user.

    Raises:
        OutputError: It cannot be made.
    """
    if folder is None:
        home = searches_dir()
        folder = make_folder(home, record.started, record.name, "searches")
    search = Search(folder, record)
    write_json(folder / RECORD, record)
    return search
