"""What a run has told so far, gathered from its events; its epochs as a table too."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from core.errors import OutputError
from core.files import write_csv
from core.jobs.events import (
    DeviceFound,
    EpochEnded,
    JobFailed,
    JobStopped,
    JobSucceeded,
    Noted,
    Progressed,
    StageStarted,
    TrainingEvent,
)
from core.jobs.failures import Failure
from core.jobs.reporters import Report
from core.records import convert
from core.runs.config import TrainingConfig
from core.runs.run import Run

#: Stages as people see them, in the order they come.
STAGES: Final = ("reading", "features", "head", "fine-tuning", "export", "evaluation")
#: Epochs that the time of the next ones is reckoned from.
_RECENT: Final = 3
#: Most notes that are kept: one per unreadable film is too many.
_MOST_NOTES: Final = 200


def add_epoch(epochs: list[EpochEnded], epoch: EpochEnded) -> list[EpochEnded]:
    """A history with one more epoch.

    A resumed job may do an epoch again, and then all after it: what came of
    them before is no longer part of the run.
    """
    for i, old in enumerate(epochs):
        if old.phase == epoch.phase and old.epoch >= epoch.epoch:
            return [*epochs[:i], epoch]
    return [*epochs, epoch]


#: In the folder of a job while it runs, and in the bundle that it makes.
EPOCHS: Final = "epochs.csv"


def also_to_table(report: Report, path: Path) -> Report:
    """A report whose epochs are kept in a table too, written anew after each.

    A job that goes on goes on with the rows that are there.
    """
    epochs = _read(path)

    def keep(event: TrainingEvent) -> None:
        nonlocal epochs
        if isinstance(event, EpochEnded):
            epochs = add_epoch(epochs, event)
            # A spreadsheet that has it open must not end a training.
            with contextlib.suppress(OutputError):
                write_epochs(path, epochs)
        report(event)

    return keep


def write_epochs(path: Path, epochs: Sequence[EpochEnded]) -> None:
    """Write epochs as a table with the fields of `EpochEnded`.

    Raises:
        OutputError: It cannot be written.
    """
    rows = (msgspec.structs.astuple(epoch) for epoch in epochs)
    write_csv(path, [EpochEnded.__struct_fields__, *rows])


def _read(path: Path) -> list[EpochEnded]:
    try:
        with open(path, encoding="utf-8", newline="") as file:
            rows = [
                {name: value for name, value in row.items() if value}
                for row in csv.DictReader(file)
            ]
        return convert(rows, list[EpochEnded], strict=False)
    except (OSError, ValueError):  # not there yet, or somebody changed it
        return []


@dataclasses.dataclass(frozen=True)
class TimeLeft:
    """How long something will take from now on.

    Attributes:
        seconds: As reckoned from the last films or epochs.
        training: Whether it is the whole of the training's last phase, which
            early stopping may end sooner, rather than the stage.
    """

    seconds: float
    training: bool


class RunProgress:
    """How far a run is; grows with each event.

    Attributes:
        stage: The last stage that began; empty before the first.
        device: What the job computes on; None before it is known.
        progress: Of the films of the stage; None before the first.
        notes: Sentences for the user, each once.
        end: The last event, if it was one that ends a job.
    """

    def __init__(self, config: TrainingConfig) -> None:
        self.config = config
        self.stage = ""
        self.detail = ""
        self.device: DeviceFound | None = None
        self.progress: Progressed | None = None
        self.epochs: list[EpochEnded] = []
        self.notes: list[str] = []
        self.end: JobSucceeded | JobStopped | JobFailed | None = None

    def add(self, event: TrainingEvent) -> None:
        """Take one event."""
        if isinstance(event, JobSucceeded | JobStopped | JobFailed):
            self.end = event
            return
        self.end = None
        if isinstance(event, StageStarted):
            self.stage, self.detail = event.stage, event.detail
            self.progress = None
        elif isinstance(event, DeviceFound):
            self.device = event
        elif isinstance(event, Progressed):
            self.progress = event
        elif isinstance(event, EpochEnded):
            self.epochs = add_epoch(self.epochs, event)
        elif isinstance(event, Noted) and event.message not in self.notes:
            self.notes = [*self.notes, event.message][-_MOST_NOTES:]

    def ask(self, word: str) -> None:
        """It was asked for something; only what comes of it is shown."""

    def start_anew(self) -> None:
        """The job starts once more: what it will do again is not done."""
        self.stage = self.detail = ""
        self.progress = self.end = None

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages that this job has."""
        without: set[str] = set() if self.config.epochs else {"fine-tuning"}
        if not self.config.head_epochs:
            without |= {"features", "head"}
        return tuple(stage for stage in STAGES if stage not in without)

    @property
    def best(self) -> EpochEnded | None:
        """The epoch whose weights are the best so far."""
        return next((e for e in reversed(self.epochs) if e.best), None)

    @property
    def epochs_since_best(self) -> int:
        """Epochs of the current phase since its best, or since its start."""
        count = 0
        for epoch in reversed(self.epochs):
            if epoch.best or epoch.phase != self.epochs[-1].phase:
                break
            count += 1
        return count

    def epoch_in_work(self) -> tuple[int, int] | None:
        """(number, most) of the epoch under way; None outside of training."""
        most = {"head": self.config.head_epochs, "fine-tuning": self.config.epochs}
        if self.stage not in most:
            return None
        done = [e for e in self.epochs if e.phase == self.stage]
        last = done[-1].epochs if done else most[self.stage]
        return min(len(done) + 1, last), last

    def films_of_epoch(self) -> tuple[int, int] | None:
        """(done, all) films of the epoch under way; None where none are counted."""
        epoch, progress = self.epoch_in_work(), self.progress
        if epoch is None or progress is None or progress.total <= 0:
            return None
        most = {"head": self.config.head_epochs, "fine-tuning": self.config.epochs}
        # The total is of all epochs together.
        each = progress.total // most[self.stage]
        done = progress.done - (epoch[0] - 1) * each
        return min(max(done, 0), each), each

    def time_left(self) -> TimeLeft | None:
        """How long it still takes; None where that cannot be known yet."""
        is_training = self.epoch_in_work() is not None
        seconds = self._epochs_left() if is_training else None
        if seconds is not None:
            return TimeLeft(seconds, training=True)
        progress = self.progress
        if progress is None or progress.films_per_s <= 0:
            return None
        films = max(0, progress.total - progress.done)
        return TimeLeft(films / progress.films_per_s, training=is_training)

    def _epochs_left(self) -> float | None:
        """Seconds, by those of the last epochs; None before the first ended."""
        done = [e for e in self.epochs if e.phase == self.stage]
        times = [e.seconds for e in done[-_RECENT:] if e.seconds]
        if not times:
            return None
        _, most = self.epoch_in_work() or (0, 0)
        left = float(most - len(done))
        if self.progress is not None and self.progress.total > 0:
            # Its total is the films of all epochs together.
            left = min(left, most * (1 - self.progress.done / self.progress.total))
        return max(0.0, left) * sum(times) / len(times)


def read_progress(run: Run) -> tuple[RunProgress, int]:
    """How far a run is.

    Returns:
        That, and how many bytes of its events it is from: the place from which
        it can be followed.
    """
    progress = RunProgress(run.record.config)
    return progress, run.channel.replay(progress.add)


@dataclasses.dataclass(frozen=True)
class RunLook:
    """A run as it was found on the disk.

    Attributes:
        state: Of `core.runs.run`.
        failure: Why it is neither running nor finished; None if it was paused.
    """

    run: Run
    state: str
    progress: RunProgress
    failure: Failure | None


def look_at(run: Run) -> RunLook:
    """Look at the files of a run; takes some milliseconds."""
    return RunLook(run, run.state(), read_progress(run)[0], run.last_failure())
