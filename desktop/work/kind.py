"""What differs between kinds of jobs; see `desktop.work`."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, Protocol

from core.errors import CoreError
from core.jobs.channel import Outcome
from core.jobs.events import TrainingEvent
from desktop.work.follower import JobFollower


class Progress(Protocol):
    """What the events of a job come to."""

    def add(self, event: TrainingEvent) -> None:
        """Take one event."""

    def ask(self, word: str) -> None:
        """The job was asked for something, by a word of `core.jobs.events`."""


@dataclasses.dataclass(frozen=True)
class Launch:
    """A job that is ready to be started.

    Attributes:
        item: What the kind calls it: a run, a scan.
        words: Of the command line.
        progress: What it has told before.
        done: What it has done before, as its kind counts.
    """

    item: Any
    words: Sequence[str]
    progress: Progress
    done: int = 0


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
    again: Launch | None = None


@dataclasses.dataclass
class Active:
    """The job at work.

    Attributes:
        item: What the kind calls it.
        progress: What it has told.
        is_own: Whether this window started it.
        request: The last one from this window; empty if there was none.
        failed_at: What of it was done when it last failed and went on by itself.
        by_itself: Whether it was not asked for in this window.
        is_doomed: Whether it is to be deleted when it has ended.
        follower: Who reads its events.
        outcome: How it ended; None before.
    """

    item: Any
    progress: Any
    is_own: bool
    request: str = ""
    failed_at: int | None = None
    by_itself: bool = False
    is_doomed: bool = False
    follower: JobFollower | None = None
    outcome: Outcome | None = None

    def wait(self) -> None:
        """Wait until it has ended, as it was asked to."""
        if self.follower is not None:
            self.follower.stop_soon()
            self.follower.wait()

    def let_go(self) -> None:
        """Follow it no longer."""
        if self.follower is not None:
            self.follower.let_go()


class JobKind(Protocol):
    """What differs between kinds of jobs. All but `name` and `noted` touch the disk.

    What a job is, differs too; each has its folder as `path`.

    Attributes:
        busy: Why no second one is started, with {name} for the first, and what can
            be done; None if it takes the place of the first.
        kill_after_s: How long one may take to end once it was asked to.
        ends_with_window: Whether one that this window did not start ends with it
            too.
    """

    busy: tuple[str, str] | None
    kill_after_s: float
    ends_with_window: bool

    def name(self, item: Any) -> str:
        """What people call a job."""

    def find(self) -> Sequence[Any]:
        """All jobs, newest first."""

    def begin(self, request: Any) -> Launch:
        """Make the folder of a new job."""

    def resume(self, item: Any) -> Launch:
        """Make a job ready to go on."""

    def progress(self, item: Any) -> tuple[Progress, int]:
        """What a job at work has told, and the bytes of its events that is from."""

    def interrupted(self, items: Sequence[Any]) -> Any | None:
        """The job that an accident ended and that goes on by itself."""

    def noted(self, active: Active) -> Any:
        """The job with how it stands now in its record; the same if that is so."""

    def save(self, item: Any) -> None:
        """Write down what was noted."""

    def settle(self, active: Active, outcome: Outcome) -> Settled:
        """Write down how a job ended."""

    def delete(self, item: Any) -> None:
        """Delete a job that is not at work."""


def busy_error(kind: JobKind, active: Active | None) -> CoreError:
    """Why no second job of a kind is started."""
    message, hint = kind.busy or ("", "")
    name = kind.name(active.item) if active is not None else "Another"
    return CoreError(message.format(name=name), hint=hint)
