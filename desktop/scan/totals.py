"""Makes the totals of a scan that ended before it could do so itself."""

from __future__ import annotations

import functools

from PyQt5.QtCore import QObject, pyqtSignal, pyqtSlot

from core.jobs.channel import Outcome
from core.jobs.events import JobSucceeded
from core.scan.store import Scan
from desktop.scan.export_jobs import totals_command
from desktop.work.command import Command, CommandKind
from desktop.work.jobs import JobController


class ScanTotals(QObject):
    """Sums up the rows of a scan that was cancelled, or that an accident ended.

    Signals:
        made: Scan. Its totals are there now.
    """

    made = pyqtSignal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._scan: Scan | None = None  # that was asked for last
        self._summed: Scan | None = None  # that the child is about
        self._jobs = JobController(CommandKind(), self)
        self._jobs.ended.connect(self._on_ended)

    def make(self, scan: Scan) -> None:
        """Sum a scan up; one that was asked for before is let go of."""
        self.stop()
        self._scan = scan
        prepare = functools.partial(totals_command, scan)
        self._jobs.ask(prepare, functools.partial(self._begin, scan), _nothing)

    def stop(self) -> None:
        """Nobody waits for them any more."""
        self._scan = None
        self._jobs.stop()

    def shut_down(self) -> None:
        """End all threads; the window closes."""
        self._scan = None
        self._jobs.shut_down(waits=True)

    def _begin(self, scan: Scan, command: list[str]) -> None:
        if scan is self._scan and command:
            self._summed = scan
            self._jobs.start(Command(tuple(command), scan.path / "totals"))

    @pyqtSlot(object, object)
    def _on_ended(self, command: Command, outcome: Outcome) -> None:
        scan = self._scan
        is_made = isinstance(outcome, JobSucceeded)
        if is_made and scan is not None and scan is self._summed:
            self.made.emit(scan)


def _nothing(error: object) -> None:
    """The rows are there all the same; what is wrong is said where it matters."""
