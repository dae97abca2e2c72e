"""Searches as jobs: their folders, their commands, and how their ends are kept."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from core.errors import OutputError
from core.files import output_error
from core.jobs.channel import Outcome
from core.jobs.events import JobSucceeded, Noted, Progressed, StageStarted
from core.jobs.failures import Failure
from core.jobs.folders import delete_job
from core.paths import searches_dir
from core.runs.run import RUNNING
from core.search import store
from core.search.record import SearchRecord
from core.search.space import grid_of, space_from_json
from core.search.store import Search
from desktop.retrain.runs.kind import RunRequest, as_typed
from desktop.work.kind import Job, JobKind, Progress, Settled


@dataclasses.dataclass(frozen=True)
class SearchRequest:
    """A search that can start.

    Attributes:
        run: The training whose settings are varied, with its films.
        space: As `core.search.space` reads it.
    """

    run: RunRequest
    space: Mapping[str, Any]
    trials: int
    sampler: str
    measure: str
    is_pruned: bool


class SearchProgress(Progress):
    """What a search has told last.

    Attributes:
        words: A sentence.
    """

    def __init__(self) -> None:
        self.words = "Starting; this takes a few seconds."

    def add(self, event: object) -> None:
        if isinstance(event, StageStarted) and event.detail:
            self.words = event.detail
        elif isinstance(event, Noted):
            self.words = event.message
        elif isinstance(event, Progressed):
            self.words = f"{event.stage}: {event.done:,} of {event.total:,} films"


class SearchKind(JobKind):
    """What is particular to searches; see `desktop.work.kind.JobKind`."""

    busy = (
        "{name} is running, and only one search runs at a time.",
        "Wait for its end, or pause it first.",
    )
    kill_after_s = 20.0
    ends_with_window = False

    def name(self, item: Search) -> str:
        return item.record.name

    def find(self) -> Sequence[Search]:
        return store.list_searches()

    def begin(self, request: SearchRequest) -> Job:
        run = request.run
        trials = request.trials
        if request.sampler == "grid":
            grid = grid_of(space_from_json(request.space, run.config))
            trials = min(trials, len(grid))
        record = SearchRecord(
            name=f"Search of {run.config.name}",
            preset=run.preset,
            data=run.data,
            started=datetime.now().astimezone().replace(microsecond=0),
            config=run.config,
            space=dict(request.space),
            trials=trials,
            sampler=request.sampler,
            measure=request.measure,
            is_pruned=request.is_pruned,
            storage="",
            backend=run.backend or "tensorflow",
            command="",
        )
        search = store.new_search(record)
        films = search.path / "films.csv"
        try:
            shutil.copyfile(run.split, films)
        except OSError as error:
            raise output_error(films, error) from error
        record = msgspec.structs.replace(
            record, data=films, command=as_typed(_words(Path(search.path.name)))
        )
        search = store.new_search(record, search.path)
        return Job(search, _words(search.path), SearchProgress())

    def resume(self, item: Search) -> Job:
        if item.damage:
            raise OutputError(item.damage, hint="It can only be deleted.")
        if item.state() == RUNNING:
            raise OutputError(
                f"{item.record.name} is running already.",
                hint="Another window of Hilum may have started it.",
            )
        return Job(item, _words(item.path), SearchProgress())

    def progress(self, item: Search) -> tuple[SearchProgress, int]:
        progress = SearchProgress()
        return progress, item.channel.replay(progress.add)

    def settle(self, job: Job, outcome: Outcome) -> Settled:
        name = self.name(job.item)
        if isinstance(outcome, JobSucceeded):
            return Settled(job.item, f"{name} has ended.")
        if isinstance(outcome, Failure):
            return Settled(job.item, f"{name} could not go on.")
        return Settled(job.item, f"{name} is paused.")

    def delete(self, item: Search) -> None:
        delete_job(item, searches_dir())


def _words(folder: Path) -> list[str]:
    """Of the command that begins a search, or goes on with it."""
    return ["search", "--resume", "--out", str(folder), "--no-model"]
