"""The scan under way, and how its end is told."""

from __future__ import annotations

import dataclasses
from typing import Final

from PyQt5.QtCore import QThread

from core.jobs.failures import Failure
from core.scan import store as scans
from core.scan.progress import ScanStory
from core.scan.record import CANCELLED, FAILED, FINISHED
from core.scan.store import Hold, Scan
from desktop.scan.disk import Begun
from desktop.work.core_process import CoreProcess

SUCCEEDED: Final = "succeeded"
STOPPED: Final = "stopped"
#: A summary of many films is made before the child ends.
_KILL_AFTER_S: Final = 60.0
#: What the command line says -> what that is in the window.
_IN_THE_WINDOW: Final = {
    "go on with the same command and --resume": "press Go on",
    "or begin a new file": "or scan the folder anew",
    "results.csv": "the list of this scan",
}
_GO_ON: Final = "What was done is kept: press Go on."


@dataclasses.dataclass
class ActiveScan:
    """The scan under way.

    Attributes:
        scan: It, with its record as it is to be written down.
        hold: Keeps other windows from it.
        story: What it has told.
        worker, thread: Its process.
        is_cancelled: Whether the user wants its end.
        was_watching: Whether all films had been read by then.
        outcome: `SUCCEEDED`, `STOPPED` or why neither; empty before its end.
    """

    scan: Scan
    hold: Hold
    story: ScanStory
    worker: CoreProcess
    thread: QThread
    is_cancelled: bool = False
    was_watching: bool = False
    outcome: str | Failure = ""

    def set_status(self, status: str) -> None:
        """Say in its record how it stands now; that is not written down yet."""
        self.scan = scans.changed(
            self.scan,
            status=status,
            done=self.story.done,
            films=self.story.total or self.scan.record.films,
        )

    def may_try_again(self, crashed_at: int | None) -> bool:
        """Whether it is to be started again by itself.

        A film that ends it has a row once it was started again, so it gets on
        from crash to crash, unless something else is amiss.

        Args:
            crashed_at: Films that had a row when that was done last.
        """
        is_crash = isinstance(self.outcome, Failure) and self.outcome.is_crash
        is_new = crashed_at is None or self.story.done > crashed_at
        return is_crash and is_new and not self.is_cancelled

    def ended(self) -> Scan:
        """It, with how its process ended in its record."""
        status, message, hint = self._end()
        return scans.changed(
            self.scan,
            status=status,
            message=message,
            hint=hint,
            films=self.story.total or self.scan.record.films,
        )

    def cancelled_as(self) -> str:
        """Status of it once the user wants its end."""
        return FINISHED if self.was_watching else CANCELLED

    def _end(self) -> tuple[str, str, str]:
        outcome = self.outcome
        if outcome == SUCCEEDED:
            return FINISHED, "", ""
        if self.is_cancelled:
            return self.cancelled_as(), "", ""
        if not isinstance(outcome, Failure):
            return FAILED, "The scan was ended by another program.", _GO_ON
        if outcome.is_crash:
            return FAILED, of_scan(outcome), _GO_ON
        message, hint = outcome.message, outcome.hint
        for word, here in _IN_THE_WINDOW.items():
            message, hint = message.replace(word, here), hint.replace(word, here)
        return FAILED, message[:1].upper() + message[1:], hint


def process_of(begun: Begun) -> CoreProcess:
    """The process that is to make a scan; not started yet."""
    return CoreProcess(
        begun.command, begun.scan.log, append_log=True, kill_after_s=_KILL_AFTER_S
    )


def of_scan(failure: Failure) -> str:
    """What happened to a scan, as it is told of any job."""
    return failure.message.replace("The job", "The scan", 1)
