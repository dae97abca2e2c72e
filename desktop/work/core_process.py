"""Run a core command in a child process, supervised from a thread of its own."""

from __future__ import annotations

import contextlib
import logging
import math
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Final

import psutil
from PyQt5.QtCore import QObject, Qt, QThread, pyqtSignal, pyqtSlot

import core
from core import paths
from core.jobs.events import (
    FINISH,
    GO_ON,
    PAUSE,
    STOP,
    JobFailed,
    JobStopped,
    JobSucceeded,
    TrainingEvent,
    parse_event,
)
from core.jobs.failures import Failure, failure_of_exit, tail_of
from desktop.work.threads import give_thread

logger = logging.getLogger(__name__)

KILL_AFTER_S: Final = 20.0
#: How long the last lines of a child that has ended may take to arrive.
_DRAIN_S: Final = 2.0
_POLL_S: Final = 0.1
#: Of a single line; what is longer is no event.
_LONGEST_LINE: Final = 1 << 20
#: Priority on POSIX; against a program of the usual one it is a tenth.
_NICE: Final = 10
_DONE, _STOPPED, _DONE_BUT = 0, 3, 4

Outcome = JobSucceeded | JobStopped | Failure


class CoreProcess(QObject):
    """Runs one core command in a child and turns what it says into signals.

    Lives in a QThread: `run` blocks until the child has ended. Exactly one of
    `succeeded`, `stopped` and `failed` is emitted, always last but `finished`;
    after `detach` only `finished` is.

    The child has a session of its own, so that neither Ctrl-C in a terminal
    nor the end of the window tears what it is writing. It stops when it is asked
    to, and goes on alone when the window is gone.

    Signals:
        progressed: a core.jobs.events event. A few times a second.
        succeeded: str. What the command made; for a command without events,
            the last line that it printed.
        stopped: the user asked for it.
        failed: Failure. Why the command did not do what it was asked for.
        finished: nothing follows; the thread may quit.
    """

    progressed = pyqtSignal(object)
    succeeded = pyqtSignal(str)
    stopped = pyqtSignal()
    failed = pyqtSignal(object)
    finished = pyqtSignal()

    def __init__(
        self,
        arguments: Sequence[str],
        log_path: Path,
        *,
        environment: Mapping[str, str] | None = None,
        append_log: bool = False,
        kill_after_s: float = KILL_AFTER_S,
    ) -> None:
        """Describe the child; nothing is started yet.

        Args:
            arguments: Of the command line: "train", "--data", ... Paths must
                be absolute: the child runs in the program's own folder.
            log_path: Where its stderr goes. Its folder is made if missing.
            environment: Variables to add to those of this process.
            append_log: Whether the log goes on instead of starting anew.
            kill_after_s: How long the child has to end after it was asked to.
        """
        super().__init__()  # no parent: it moves to a thread
        self._arguments = list(arguments)
        self._log_path = log_path
        self._environment = dict(environment or {})
        self._append_log = append_log
        self._kill_after_s = kill_after_s
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._words: list[str] = []
        self._stop_asked_at: float | None = None
        self._detached = threading.Event()
        self._log_start = 0
        self._last_line = ""

    @pyqtSlot()
    def run(self) -> None:
        """Start the child and stay until it has ended or was let go."""
        outcome: Outcome | None = None
        try:
            outcome = self._supervise()
        except OSError as error:
            outcome = self._failure_to_start(error)
        finally:
            if isinstance(outcome, JobSucceeded):
                self.succeeded.emit(outcome.result)
            elif isinstance(outcome, JobStopped):
                self.stopped.emit()
            elif outcome is not None:
                self.failed.emit(outcome)
            self.finished.emit()

    def request_stop(self) -> None:
        """Ask the child to end, keeping everything; kill it if it does not.

        Safe from any thread. Not a slot: a queued call would wait behind
        `run`, which blocks for hours.
        """
        with self._lock:
            if self._stop_asked_at is None:
                self._stop_asked_at = time.monotonic()
        self._tell(STOP)

    def request_finish(self) -> None:
        """Ask the child to end its training and make the model of the best.

        Safe from any thread; not a slot.
        """
        self._tell(FINISH)

    def request_pause(self) -> None:
        """Ask the child to wait. Safe from any thread; not a slot."""
        self._tell(PAUSE)

    def request_go_on(self) -> None:
        """Ask a child that waits to go on. Safe from any thread; not a slot."""
        self._tell(GO_ON)

    def detach(self) -> None:
        """Let the child go on by itself; `run` returns at once.

        Safe from any thread; not a slot.
        """
        self._detached.set()

    def _tell(self, word: str) -> None:
        with self._lock:
            self._words.append(word)
            self._send_words()

    def _send_words(self) -> None:
        """Write what has been asked for; before the start it waits here."""
        if self._child is None or self._child.stdin is None:
            return
        words, self._words = self._words, []
        with contextlib.suppress(OSError, ValueError):  # it has just ended
            for word in words:
                self._child.stdin.write(f"{word}\n".encode())
                self._child.stdin.flush()

    def _supervise(self) -> Outcome | None:
        self._log_path.parent.mkdir(parents=True, exist_ok=True)
        # stderr goes to a file: an unread pipe fills up and blocks the child.
        with self._log_path.open("ab" if self._append_log else "wb") as log:
            self._log_start = log.tell()
            child = self._start(log)
        _lower_priority(child.pid)
        with self._lock:
            self._child = child
            self._send_words()
        outcome: Outcome | None = None
        for event in self._events(child):
            if isinstance(event, JobFailed):
                outcome = self._failure(event)
            elif isinstance(event, JobSucceeded | JobStopped):
                outcome = event
            else:
                self.progressed.emit(event)
        if self._detached.is_set():
            logger.info("a child goes on by itself")
            return None
        logger.info("a child ended with status %s", child.returncode)
        return outcome or self._outcome_of_exit(child.returncode)

    def _start(self, log: IO[bytes]) -> subprocess.Popen[bytes]:
        root = Path(core.__file__).resolve().parent.parent
        environment = {**os.environ, **self._environment}
        if not paths.is_frozen():
            more = environment.get("PYTHONPATH", "")
            environment["PYTHONPATH"] = os.pathsep.join(filter(None, (str(root), more)))
        # The log must hold any name, and say where a crash happened.
        environment["PYTHONIOENCODING"] = "utf-8:backslashreplace"
        environment.setdefault("PYTHONFAULTHANDLER", "1")
        flags = 0
        if sys.platform == "win32":
            flags = (
                subprocess.CREATE_NO_WINDOW
                | subprocess.CREATE_NEW_PROCESS_GROUP
                | subprocess.BELOW_NORMAL_PRIORITY_CLASS
            )
        return subprocess.Popen(
            [*paths.core_command(), *self._arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            bufsize=0,
            # The user's own may vanish, or hold another folder called core.
            cwd=root if root.is_dir() else None,
            env=environment,
            start_new_session=sys.platform != "win32",
            creationflags=flags,
        )

    def _events(self, child: subprocess.Popen[bytes]) -> Iterator[TrainingEvent]:
        """What the child says, until it has ended or was let go.

        The pipe is read in one more thread: a process that the child left
        behind may keep it open for ever, and a child let go says nothing more.
        """
        lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        reader = threading.Thread(target=_read, args=(child, lines), daemon=True)
        reader.start()
        is_open, drained_by = True, math.inf
        while not self._detached.is_set():
            line = _next_line(lines) if is_open else b""
            if line is None:
                is_open, line = False, b""
            text = line.decode("utf-8", errors="replace")
            if event := parse_event(text):
                yield event
            elif text.strip():
                self._last_line = text.strip()
            if not is_open:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.wait(_POLL_S)
            if child.poll() is None:
                self._kill_if_deaf(child.pid)
            else:
                drained_by = min(drained_by, time.monotonic() + _DRAIN_S)
                if not is_open or time.monotonic() > drained_by:
                    break

    def _kill_if_deaf(self, pid: int) -> None:
        asked_at = self._stop_asked_at
        if asked_at is not None and time.monotonic() - asked_at > self._kill_after_s:
            logger.warning("a child did not stop when asked and is killed")
            _kill(pid)

    def _outcome_of_exit(self, status: int) -> Outcome:
        if status == _STOPPED or self._stop_asked_at is not None:
            return JobStopped()
        if status in (_DONE, _DONE_BUT) and "--events" not in self._arguments:
            return JobSucceeded(self._last_line)
        return failure_of_exit(status, self._log_path, start=self._log_start)

    def _failure(self, event: JobFailed) -> Failure:
        tail = tail_of(self._log_path, start=self._log_start)
        return Failure(event.message, event.hint, tail, self._log_path)

    def _failure_to_start(self, error: OSError) -> Failure:
        reason = error.strerror or str(error)
        if error.filename is not None and Path(error.filename) in (
            self._log_path,
            *self._log_path.parents,
        ):
            message = f"The log of the job could not be written: {reason}."
            hint = "Check the disk and the permissions of the folder."
        else:
            message = f"The job could not be started: {reason}."
            hint = "If it happens again, install Hilum again."
        return Failure(message, hint, "", self._log_path)


def start_in_thread(worker: CoreProcess, parent: QObject) -> QThread:
    """Run a child from a new thread that `parent` owns.

    The caller keeps worker and thread, and ends both with `request_stop` or
    `detach`, then `stop_thread`.
    """
    thread = give_thread(worker, parent, "core process")
    thread.started.connect(worker.run)
    # From its own thread: the window's may be waiting for the end of it.
    worker.finished.connect(  # type: ignore[call-arg]
        thread.quit, Qt.ConnectionType.DirectConnection
    )
    thread.start()
    return thread


def _read(
    child: subprocess.Popen[bytes], lines: queue.SimpleQueue[bytes | None]
) -> None:
    """Cut the child's stdout into lines, then reap it."""
    assert child.stdout is not None
    rest = b""
    try:
        with child.stdout as stdout:
            while piece := stdout.read(1 << 16):
                *whole, rest = (rest + piece).split(b"\n")
                for line in whole:
                    lines.put(line)
                if len(rest) > _LONGEST_LINE:
                    rest = b""
    finally:
        lines.put(rest)
        lines.put(None)
    child.wait()
    if child.stdin is not None:
        with contextlib.suppress(OSError):
            child.stdin.close()


def _next_line(lines: queue.SimpleQueue[bytes | None]) -> bytes | None:
    """The next line; empty when there is none yet, None when none will come."""
    try:
        return lines.get(timeout=_POLL_S)
    except queue.Empty:
        return b""


def _lower_priority(pid: int) -> None:
    """Keep the window fluid while the child computes."""
    if sys.platform == "win32":  # was started so
        return
    with contextlib.suppress(psutil.Error, OSError):
        process = psutil.Process(pid)
        process.nice(max(_NICE, process.nice()))
    # Linux weighs whole sessions against each other before it looks at that.
    with contextlib.suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text(str(_NICE), encoding="ascii")


def _kill(pid: int) -> None:
    """End a process and those that it started."""
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        for one in (*process.children(recursive=True), process):
            with contextlib.suppress(psutil.Error):
                one.kill()
