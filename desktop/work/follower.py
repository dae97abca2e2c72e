"""Follows one job; see `desktop.work`."""

from __future__ import annotations

import logging
import subprocess
import threading
import time
from typing import Final

from PyQt5.QtCore import QObject, QThread, pyqtSignal

from core.jobs.channel import JobChannel, Outcome
from core.jobs.events import JobFailed, JobStopped, JobSucceeded

logger = logging.getLogger(__name__)

_LOOK_EVERY_S: Final = 0.1


class JobFollower(QThread):
    """Reads the events of one job as they come, whoever started it.

    Runs until the job has ended or was let go. Asking for the end is the channel's;
    this only ends a process that does not listen.

    Signals:
        progressed: a core.jobs.events event that ends no job.
        ended: Outcome, or None when it was let go; nothing follows.
    """

    progressed = pyqtSignal(object)
    ended = pyqtSignal(object)

    def __init__(
        self,
        channel: JobChannel,
        child: subprocess.Popen[bytes] | None,
        kill_after_s: float,
        place: int | None = None,
        parent: QObject | None = None,
    ) -> None:
        """Say what to follow.

        Args:
            child: The job's process, if this one started it: nobody else is told its
                exit status.
            kill_after_s: How long it may take to end once `stop_soon` was called.
            place: Bytes of its events that are known already; None for those of
                earlier starts.
        """
        super().__init__(parent)
        self.setObjectName("job follower")
        self._channel = channel
        self._child = child
        self._kill_after_s = kill_after_s
        self._place = place
        self._kill_at: float | None = None
        self._let_go = threading.Event()

    def run(self) -> None:
        """In a thread of its own."""
        outcome: Outcome | None = None
        try:
            place = self._place
            if place is None:
                place = self._channel.last_start().events
            while not self._let_go.is_set():
                # Asked before the look: nothing is missed in between.
                is_over = not self._is_at_work()
                events, next_place = self._channel.read(place)
                for event in events:
                    if not isinstance(event, JobSucceeded | JobStopped | JobFailed):
                        self.progressed.emit(event)
                if next_place > place:
                    place = next_place
                elif is_over:
                    outcome = self._outcome()
                    break
                else:
                    if self._kill_at is not None and time.monotonic() > self._kill_at:
                        logger.warning("a job did not stop when asked and is killed")
                        self._channel.kill()
                    self._let_go.wait(_LOOK_EVERY_S)
        finally:
            self.ended.emit(outcome)

    def stop_soon(self) -> None:
        """The job was asked to end: kill it if it does not. Safe from any thread."""
        if self._kill_at is None:
            self._kill_at = time.monotonic() + self._kill_after_s

    def let_go(self) -> None:
        """Follow no longer; the job goes on."""
        self._let_go.set()
        self.wait()
        self.deleteLater()

    def _is_at_work(self) -> bool:
        if self._child is not None:
            return self._child.poll() is None
        return self._channel.is_running()

    def _outcome(self) -> Outcome:
        status = self._child.returncode if self._child is not None else None
        logger.info("a job ended with status %s", status)
        was_asked = self._kill_at is not None
        return self._channel.outcome(status, was_asked=was_asked)
