"""How a command says how far it is: to a person, to a program, to a file."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

import msgspec

from core.errors import CoreError, OutputError, TrainingStopped
from core.jobs.channel import JobChannel, append_event
from core.jobs.control import Control
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
    claim_stdout,
    encode_event,
    parse_event,
)
from core.outputs import check_file
from core.terminal import printable

Report = Callable[[TrainingEvent], None]

_REPORT_EVERY_S = 0.25
#: Where nothing can be overwritten, each word of progress takes a line.
_LINE_EVERY_S = 10.0
_LONGEST_LINE = 1 << 20


class ConsoleReporter:
    """Tells a person at a terminal, on stderr."""

    def __init__(self) -> None:
        self._said_at = time.monotonic()
        self._is_open = False

    def __call__(self, event: TrainingEvent) -> None:
        if isinstance(event, Progressed):
            self._tell_progress(event)
            return
        if self._is_open:
            self._is_open = False
            print(file=sys.stderr)  # noqa: T201
        text = printable(_in_words(event))
        if text:
            print(text, file=sys.stderr, flush=True)  # noqa: T201 - for people

    def _tell_progress(self, event: Progressed) -> None:
        text = f"  {event.stage}: {event.done:,} of {event.total:,} films"
        if event.films_per_s:
            text += f", {event.films_per_s:.1f} films per second"
        if sys.stderr.isatty():
            self._is_open = event.done < event.total
            end = "" if self._is_open else "\n"
            print(f"\r{text:<72}", end=end, file=sys.stderr, flush=True)  # noqa: T201
        elif time.monotonic() - self._said_at > _LINE_EVERY_S:
            self._said_at = time.monotonic()
            print(text, file=sys.stderr, flush=True)  # noqa: T201


class Pipe:
    """Tells the program that started this one, as long as it listens."""

    def __init__(self, lines: TextIO) -> None:
        self._lines: TextIO | None = lines

    def __call__(self, event: TrainingEvent) -> None:
        if self._lines is None:
            return
        if isinstance(event, JobFailed):  # a program shows the hint as it is
            error = CoreError(event.message, hint=event.hint, code=event.code)
            event = msgspec.structs.replace(event, hint=error.advice)
        try:
            self._lines.write(encode_event(event) + "\n")
        except OSError:
            self._lines = None  # it is gone, and the job goes on


def also_to_file(report: Report, file: Path | None) -> Report:
    """A report that is kept in a file too, for whoever comes later."""
    if file is None:
        return report

    def keep(event: TrainingEvent) -> None:
        # The file first: what was heard must be in it, even after a kill.
        append_event(file, event)
        report(event)

    return keep


def check_events_file(path: Path) -> None:
    """Refuse a file to append events to that holds anything else.

    Raises:
        OutputError: It does, or is a link or a folder.
    """
    check_file(path, overwrite=True)
    try:
        with open(path, encoding="utf-8", errors="replace") as lines:
            first = lines.readline(_LONGEST_LINE)
    except OSError:  # not there yet, or to be told by what happens to the job
        return
    if first and parse_event(first) is None:
        raise OutputError(
            f"{path.name} exists already and is no file of events.",
            hint="Choose another name for --events-file, or another folder for --job.",
        )


def begin_report(control: Control, *, as_events: bool, job: Path | None) -> Report:
    """How a command talks to whoever started it, and hears from them.

    Args:
        as_events: Whether that is a program: it gets the real stdout and its
            words are taken. Otherwise it is a person.
        job: Folder that both go through instead; see `core.jobs.channel`.

    Raises:
        OutputError: Another process is at work on the job in that folder.
    """
    if job is not None:
        control.take_signals()
        channel = JobChannel(job)
        check_events_file(channel.events)
        channel.take()
        control.watch(channel.requested)
        return channel.tell
    if not as_events:
        return ConsoleReporter()
    control.take_signals()
    if sys.stdin is not None:  # closed by whoever started it
        control.listen(sys.stdin)
    return Pipe(claim_stdout())


@contextlib.contextmanager
def end_told(report: Report) -> Iterator[None]:
    """Tell of an end before its time as the last event, then let it go on up."""
    try:
        yield
    except TrainingStopped:
        report(JobStopped())
        raise
    except CoreError as error:
        report(JobFailed(str(error), error.hint, error.code))
        raise


def cancellable(control: Control, report: Report) -> Report:
    """A report that raises `TrainingStopped` instead, once the end was asked for."""

    def report_unless_stopped(event: TrainingEvent) -> None:
        control.stop_if_asked()
        report(event)

    return report_unless_stopped


class StageProgress:
    """Tells how far the job is in its stages, and ends it when asked."""

    def __init__(self, report: Report, control: Control) -> None:
        self.report = report
        self.control = control
        self._stage, self._total = "", -1
        self._tell: Callable[[int], None] = lambda done: None

    def start(self, stage: str, detail: str) -> None:
        """Begin a stage."""
        self.control.stop_if_asked()
        self._stage, self._total = stage, -1
        self.report(StageStarted(stage, detail))

    def done(self, done: int, total: int) -> None:
        """Say how many of the stage's films are done; a few times a second."""
        self.control.stop_if_asked()
        if total == self._total:
            self._tell(done)
        else:  # the first step compiles: the rate counts from its end
            self._total = total
            self._tell = counter(self._stage, total, self.report, done)
            self.report(Progressed(self._stage, done, total))

    def epoch(self, ended: EpochEnded) -> None:
        """Report an epoch."""
        self.report(ended)
        self.control.stop_if_asked()


def counter(
    stage: str, total: int, report: Report, before: int = 0
) -> Callable[[int], None]:
    """What to call with the films done; it makes events of them, a few a second.

    Args:
        before: Films that are done by now, and count for no rate.
    """
    start = last = time.monotonic()

    def on_film(done: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _REPORT_EVERY_S or done == total:
            last = now
            rate = (done - before) / max(now - start, 1e-3)
            report(Progressed(stage, done, total, round(rate, 2)))

    return on_film


def share_counter(stage: str, total: int, report: Report) -> Callable[[float], None]:
    """As `counter`, but to be called with the share that is done, to 1."""
    on_film = counter(stage, total, report)
    return lambda share: on_film(round(share * total))


def _in_words(event: TrainingEvent) -> str:
    if isinstance(event, StageStarted):
        return event.detail
    if isinstance(event, DeviceFound):
        return f"Computing on: {event.device}. {event.reason}".rstrip()
    if isinstance(event, Noted):
        return f"  {event.message}"
    if isinstance(event, EpochEnded):
        return (
            f"  {event.phase} epoch {event.epoch}/{event.epochs}: "
            f"loss {event.loss:.4f}, validation loss {event.val_loss:.4f}, "
            f"accuracy {event.val_accuracy:.3f}, macro-F1 {event.val_macro_f1:.3f}"
            f"{' (best)' if event.best else ''}"
        )
    return "Done." if isinstance(event, JobSucceeded) else ""
