"""The folder through which a job and everybody else talk.

A job is one command of the core at work on one thing: a training, a scan, a check of
films, a comparison. Its process has a session of its own and outlives whoever started
it, so nothing passes through pipes. All that does lies in one folder:

    running.json  which process is at work, and where its events and log begin
    events.jsonl  what it told, one event a line; each start adds to it
    wish          the last request: a word of `core.jobs.events`
    log.txt       what it printed
    reserve       room for its last event on a disk that is full by then

Whoever starts a job writes `running.json` as soon as the process exists, so there is
no moment in which nobody knows of it. The file stays when the process ends: it says
where the last start's events begin, which is how its end is told from that of an
earlier one.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec
import psutil

from core.errors import OutputError
from core.files import atomic_write, output_error, write_json
from core.jobs.events import (
    JobFailed,
    JobStopped,
    JobSucceeded,
    TrainingEvent,
    encode_event,
    parse_event,
)
from core.jobs.failures import TAIL_BYTES, Failure, failure_of_exit, tail_of
from core.jobs.lock import Lock
from core.jobs.spawn import spawn
from core.json_file import read_json
from core.records import convert

Outcome = JobSucceeded | JobStopped | Failure

#: Most of the events that are read at a time, bytes.
_PIECE: Final = 1 << 20
#: Longer than any last event.
_RESERVE: Final = 4096
_STOPPED: Final = 3


class Start(msgspec.Struct, frozen=True):
    """One start of a job.

    Attributes:
        created: When that began, seconds; numbers of processes come again.
        events: Bytes of the events that are of earlier starts.
        log: Bytes of the log that are.
        done: What earlier starts had done, as whoever started it counts.
    """

    pid: int = -1
    created: float = 0.0
    events: int = 0
    log: int = 0
    done: int = 0

    @classmethod
    def read(cls, path: Path) -> Start:
        """The start that a file tells of; that of nobody where it tells of none."""
        try:
            return convert(read_json(path), cls)
        except (OSError, ValueError):
            return cls()

    def by_me(self) -> Start:
        """The same, with this process at work."""
        me = psutil.Process()
        return msgspec.structs.replace(self, pid=me.pid, created=me.create_time())

    def process(self) -> psutil.Process | None:
        """The process at work; None once it has ended."""
        try:
            process = psutil.Process(self.pid)
            is_it = abs(process.create_time() - self.created) < 1.0
            # A child that nobody has waited for is a zombie.
            if is_it and process.status() != psutil.STATUS_ZOMBIE:
                return process
        except (psutil.Error, ValueError):  # or a number that no process has
            pass
        return None


class JobChannel:
    """The folder of one job; see above for what is in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.events = path / "events.jsonl"
        self.log = path / "log.txt"
        self._running = path / "running.json"
        self._wish = path / "wish"
        self._reserve = path / "reserve"

    # For whoever starts it, or wants to know

    def start(self, words: Sequence[str], *, done: int = 0) -> subprocess.Popen[bytes]:
        """Start the job's process; the folder is made if missing.

        Args:
            words: Of the command line: "train", "--data", ... Paths must be
                absolute: the process runs in the program's own folder. The
                words for this one are added.
            done: As `Start`.

        Returns:
            The process, to be waited for.

        Raises:
            OutputError: It runs already, cannot be started, or the folder
                cannot be written.
        """
        starting = Lock(self.path / "starting")
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            is_ours = starting.take()
        except OSError as error:
            raise output_error(self.path, error) from error
        try:
            if not is_ours or self.is_running():
                raise OutputError(
                    f"The job in {self.path.name} is running already.",
                    hint="Another window of Hilum may have started it.",
                )
            # What was asked of an earlier process is not asked of this one.
            with contextlib.suppress(OSError):
                self._wish.unlink(missing_ok=True)
            begins = _size(self.events), _size(self.log)
            child = spawn([*words, *self.words()], self.log)
            start = Start(child.pid, _created(child.pid), *begins, done)
            write_json(self._running, start)
        finally:
            starting.release()
        # It may be followed no longer by then, and must not stay as a zombie.
        threading.Thread(target=child.wait, daemon=True).start()
        return child

    def words(self) -> list[str]:
        """What makes a command use this folder."""
        return ["--job", str(self.path)]

    def forget(self) -> None:
        """Remove what earlier starts told and printed."""
        for file in (self.events, self.log):
            with contextlib.suppress(OSError):
                file.unlink(missing_ok=True)

    def last_start(self) -> Start:
        """The start that is at work, or was last; one of nobody before the first."""
        return Start.read(self._running)

    def is_running(self) -> bool:
        """Whether a process is at work on the job."""
        return self.last_start().process() is not None

    def request(self, word: str) -> None:
        """Ask the process for something.

        Args:
            word: `STOP`, `FINISH`, `PAUSE` or `GO_ON` of `core.jobs.events`.

        Raises:
            OutputError: The folder cannot be written.
        """
        if not self.path.is_dir():
            raise OutputError(
                f"The folder of the job, {self.path.name}, is gone.",
                hint="Its process ends as soon as it writes there.",
            )
        with atomic_write(self._wish) as partial:
            partial.write_text(word, encoding="utf-8")

    def requested(self) -> str:
        """The last request; empty if there is none."""
        try:
            return self._wish.read_text(encoding="utf-8").strip()
        except OSError:
            return ""

    def read(self, place: int) -> tuple[list[TrainingEvent], int]:
        """Events from a place of the file on.

        Returns:
            Whole events, a limited number at a time, and the place after them.
        """
        try:
            with self.events.open("rb") as file:
                file.seek(place)
                whole = file.read(_PIECE).rpartition(b"\n")[0]
        except OSError:  # no event came yet, or the folder is gone
            return [], place
        lines = whole.decode("utf-8", errors="replace").split("\n") if whole else []
        events = [event for line in lines if (event := parse_event(line))]
        return events, place + len(whole) + bool(whole)

    def replay(self, add: Callable[[TrainingEvent], None], place: int = 0) -> int:
        """Hand over every event from a place of the file on.

        Returns:
            The place after them.
        """
        while True:
            events, after = self.read(place)
            for event in events:
                add(event)
            if after == place:
                return place
            place = after

    def last_event(self) -> TrainingEvent | None:
        """The last event of the last start; None before its first."""
        begin = max(self.last_start().events, _size(self.events) - TAIL_BYTES)
        events, _ = self.read(begin)
        return events[-1] if events else None

    def outcome(self, status: int | None, *, was_asked: bool = False) -> Outcome:
        """How the process of the last start ended.

        Args:
            status: Its exit status, which only its parent knows.
            was_asked: Whether it was asked to end, and may have been killed then.
        """
        start, end = self.last_start(), self.last_event()
        if isinstance(end, JobSucceeded | JobStopped):
            return end
        if isinstance(end, JobFailed):
            tail = tail_of(self.log, start=start.log)
            return Failure(end.message, end.hint, tail, self.log, code=end.code)
        if was_asked or status == _STOPPED:
            return JobStopped()
        return failure_of_exit(status, self.log, start=start.log)

    def kill(self) -> None:
        """End the process and those that it started."""
        process = self.last_start().process()
        with contextlib.suppress(psutil.Error):
            for one in (*process.children(recursive=True), process) if process else ():
                with contextlib.suppress(psutil.Error):
                    one.kill()

    # For the process itself

    def take(self) -> None:
        """Note that this process is at work on the job.

        Raises:
            OutputError: Another is, or the folder cannot be written.
        """
        start = self.last_start()
        at_work = start.process()
        # Windows may put a parent in between.
        is_ours = at_work and at_work.pid in (os.getpid(), os.getppid())
        if at_work and not is_ours:
            raise OutputError(
                f"The job in {self.path.name} is running already.",
                hint="Wait for it, or stop it first.",
            )
        if not is_ours:  # started by hand
            start = Start(events=_size(self.events), log=_size(self.log))
        write_json(self._running, start.by_me())
        with contextlib.suppress(OSError):
            self._reserve.write_bytes(b" " * _RESERVE)

    def tell(self, event: TrainingEvent) -> None:
        """Add an event; one that ends the job finds room on a full disk too."""
        is_end = isinstance(event, JobSucceeded | JobStopped | JobFailed)
        if not append_event(self.events, event) and is_end:
            with contextlib.suppress(OSError):
                self._reserve.unlink()
            append_event(self.events, event)


def append_event(path: Path, event: TrainingEvent) -> bool:
    """Add an event to a file; whether there was room for it."""
    line = (encode_event(event) + "\n").encode()
    try:
        with path.open("ab+", buffering=0) as file:
            if file.seek(0, os.SEEK_END):
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":  # torn by a disk that was full
                    line = b"\n" + line
            return file.write(line) == len(line)
    except OSError:  # the job matters more than what it tells
        return False


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _created(pid: int) -> float:
    try:
        return psutil.Process(pid).create_time()
    except psutil.Error:  # it has ended already, and was a zombie till now
        return time.time()
