"""What differs between kinds of jobs, and the simplest kind; see `desktop.work`."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.jobs.channel import JobChannel, Outcome
from core.jobs.events import TrainingEvent


class Progress:
    """What the events of a job come to; nothing, where they are only passed on."""

    def add(self, event: TrainingEvent) -> None:
        """Take one event."""

    def ask(self, word: str) -> None:
        """The job was asked for something, by a word of `core.jobs.events`."""


@dataclasses.dataclass
class Job:
    """A job that is ready to be started, or at work.

    Attributes:
        item: What the kind calls it: a run, a scan.
        words: Of the command line.
        progress: What it has told, with the methods of `Progress`.
        done: What it had done before it was started, as its kind counts.
        is_own: Whether this window started it.
        place: Bytes of its events that `progress` is from; None for those of earlier
            starts.
        request: The last one from this window; empty if there was none.
        failed_at: What of it was done when it last failed and went on by itself.
        by_itself: Whether it was not asked for in this window.
        is_doomed: Whether it is to be deleted when it has ended.
        outcome: How it ended; None before.
    """

    item: Any
    words: Sequence[str]
    progress: Any
    done: int = 0
    is_own: bool = True
    place: int | None = None
    request: str = ""
    failed_at: int | None = None
    by_itself: bool = False
    is_doomed: bool = False
    outcome: Outcome | None = None


@dataclasses.dataclass(frozen=True)
class Settled:
    """What became of a job that has ended.

    Attributes:
        item: It, as it is written down now.
        words: That in a sentence; may be empty.
        again: What to start at once, since it shall go on by itself.
    """

    item: Any
    words: str = ""
    again: Job | None = None


@dataclasses.dataclass(frozen=True)
class Found:
    """All jobs, the one that is at work, or the one that goes on by itself."""

    items: Sequence[Any]
    active: Job | None = None
    interrupted: Any | None = None


class JobKind(abc.ABC):
    """What differs between kinds of jobs. All but `name` and `noted` touch the disk.

    What a job is, differs too; each has its folder as `path`. Of itself a kind keeps
    nothing of its jobs.

    Attributes:
        busy: Why no second one is started, and what can be done; the first with
            {name} for that of the one at work. None if it takes its place.
        kill_after_s: How long one may take to end once it was asked to.
        ends_with_window: Whether one that this window did not start ends with it
            too.
    """

    busy: tuple[str, str] | None = None
    kill_after_s: float
    ends_with_window = True

    @abc.abstractmethod
    def name(self, item: Any) -> str:
        """What people call a job."""

    def find(self) -> Sequence[Any]:
        """All jobs, newest first."""
        return ()

    @abc.abstractmethod
    def begin(self, request: Any) -> Job:
        """Make the folder of a new job."""

    def resume(self, item: Any) -> Job:
        """Make a job ready to go on."""
        return self.begin(item)

    def progress(self, item: Any) -> tuple[Any, int]:
        """What a job at work has told, and the bytes of its events that is from."""
        return Progress(), 0

    def interrupted(self, items: Sequence[Any]) -> Any | None:
        """The job that an accident ended and that goes on by itself."""
        return None

    def noted(self, job: Job) -> Any:
        """The job with how it stands now in its record; the same if that is so."""
        return job.item

    def save(self, item: Any) -> None:  # noqa: B027
        """Write down what was noted."""

    def settle(self, job: Job, outcome: Outcome) -> Settled:
        """Write down how a job ended."""
        return Settled(job.item)

    def delete(self, item: Any) -> None:  # noqa: B027
        """Delete a job that is not at work."""

    def look(self, *, seek: bool, goes_on: bool) -> Found:
        """List the jobs; seek one that is at work, or else one that goes on."""
        items = self.find()
        for item in items if seek else ():
            if JobChannel(item.path).is_running():
                progress, place = self.progress(item)
                job = Job(item, (), progress, is_own=False, place=place, by_itself=True)
                return Found(items, job)
        goes_on = goes_on and seek
        return Found(items, interrupted=self.interrupted(items) if goes_on else None)

    def end(self, job: Job) -> Settled:
        """Write down how a job ended; delete one that was to be."""
        assert job.outcome is not None
        settled = self.settle(job, job.outcome)
        if not job.is_doomed:
            return settled
        self.delete(settled.item)
        words = f"{self.name(settled.item)} has been deleted."
        return Settled(settled.item, words)


@dataclasses.dataclass(frozen=True)
class Command:
    """One command of the core.

    Attributes:
        words: Of the command line.
        path: Folder of its channel; made if missing. What was told there is forgotten.
    """

    words: tuple[str, ...]
    path: Path


class CommandKind(JobKind):
    """Commands of which only the newest is of interest: a check, a comparison."""

    kill_after_s = 3.0  # one holds nothing that would be worth waiting for

    def name(self, item: Command) -> str:
        return item.words[0]

    def begin(self, request: Command) -> Job:
        JobChannel(request.path).forget()
        return Job(request, request.words, Progress())
