"""Follows a run that this window did not start, through its files."""

from __future__ import annotations

import logging
import threading
from typing import Final

from PyQt5.QtCore import QObject, Qt, QThread, pyqtSignal, pyqtSlot

from core.jobs.events import (
    FINISH,
    STOP,
    JobFailed,
    JobStopped,
    JobSucceeded,
    TrainingEvent,
    parse_event,
)
from core.jobs.failures import Failure, tail_of
from core.runs.run import RUNNING, Run
from desktop.work.threads import give_thread

logger = logging.getLogger(__name__)

_LOOK_EVERY_S: Final = 0.25


class RunFollower(QObject):
    """Reads new events of a run as they come, and passes wishes on.

    Has the signals of `CoreProcess`, which has the same run when this window
    started it. Its process is nobody's child here, so nothing can kill it.

    Signals:
        progressed: a core.jobs.events event.
        succeeded: str. Path of the bundle.
        stopped: it was told to stop.
        failed: Failure. Why it ended otherwise.
        finished: nothing follows; the thread may quit.
    """

    progressed = pyqtSignal(object)
    succeeded = pyqtSignal(str)
    stopped = pyqtSignal()
    failed = pyqtSignal(object)
    finished = pyqtSignal()

    def __init__(self, run: Run, place: int = 0) -> None:
        """Say what to follow.

        Args:
            run: The run.
            place: Bytes of its events that are known already.
        """
        super().__init__()  # no parent: it moves to a thread
        self._run = run
        self._place = place
        self._rest = b""
        self._let_go = threading.Event()
        self._last: TrainingEvent | None = None

    @pyqtSlot()
    def run(self) -> None:
        """Follow until it has ended or `detach` was called."""
        try:
            while not self._let_go.wait(_LOOK_EVERY_S):
                # Asked before the last look: nothing is missed in between.
                is_over = self._run.state() != RUNNING
                self._look()
                if is_over:
                    self._tell_end()
                    break
        finally:
            self.finished.emit()

    def request_stop(self) -> None:
        """Ask the job to end, keeping everything. Safe from any thread.

        Raises:
            OutputError: The wish cannot be written.
        """
        self._run.work.wish(STOP)

    def request_finish(self) -> None:
        """Ask the job to make a model of the best so far. Safe from any thread.

        Raises:
            OutputError: The wish cannot be written.
        """
        self._run.work.wish(FINISH)

    def detach(self) -> None:
        """Follow no longer; the job goes on. Safe from any thread."""
        self._let_go.set()

    def _look(self) -> None:
        try:
            with self._run.events.open("rb") as file:
                file.seek(self._place)
                data = file.read()
        except OSError:  # no event came yet
            return
        self._place += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            event = parse_event(line.decode("utf-8", errors="replace"))
            if event is None:
                continue
            self._last = event
            if not isinstance(event, JobSucceeded | JobStopped | JobFailed):
                self.progressed.emit(event)

    def _tell_end(self) -> None:
        last, run = self._last, self._run
        if isinstance(last, JobSucceeded):
            self.succeeded.emit(last.result)
        elif isinstance(last, JobStopped):
            self.stopped.emit()
        elif isinstance(last, JobFailed):
            tail = tail_of(run.log)
            self.failed.emit(Failure(last.message, last.hint, tail, run.log))
        elif failure := run.last_failure():
            self.failed.emit(failure)
        elif run.was_paused():  # before it was looked at
            self.stopped.emit()
        else:
            self.succeeded.emit(str(run.bundle_dir))


def follow_in_thread(worker: RunFollower, parent: QObject) -> QThread:
    """Follow a run from a new thread that `parent` owns.

    The caller keeps both, and ends them with `detach`, then `stop_thread`.
    """
    thread = give_thread(worker, parent, "run follower")
    thread.started.connect(worker.run)
    # From its own thread: the window's may be waiting for the end of it.
    worker.finished.connect(  # type: ignore[call-arg]
        thread.quit, Qt.ConnectionType.DirectConnection
    )
    thread.start()
    return thread
