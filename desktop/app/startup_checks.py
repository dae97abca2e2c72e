"""What is looked after once the window is on screen, and may take its time."""

from __future__ import annotations

from pathlib import Path

from PyQt5.QtCore import QObject, pyqtSignal, pyqtSlot

from core.errors import CoreError
from core.program import crash_reports as crash_files
from core.program import writable as user_folders
from desktop.widgets.notify import Notice, notice_of
from desktop.work.background import Background


class AfterStart(QObject):
    """Looks for crashes of earlier sessions and for what cannot be kept.

    Signals:
        notice_raised: Notice. At most one for each.
    """

    notice_raised = pyqtSignal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks = Background(self, "after the start")

    def look(self) -> None:
        """Look, in a thread of its own."""
        self._tasks.ask(_new_reports, self._on_reports, self._on_failed)
        self._tasks.ask(user_folders.check_kept, self._on_kept, self._on_failed)

    @pyqtSlot()
    def shut_down(self) -> None:
        """End the thread."""
        self._tasks.shut_down()

    def _on_reports(self, reports: list[Path]) -> None:
        if reports:
            self.notice_raised.emit(crash_notice(reports))

    def _on_kept(self, nothing: None) -> None:
        pass

    def _on_failed(self, error: CoreError) -> None:
        self.notice_raised.emit(notice_of(error))


def crash_notice(reports: list[Path]) -> Notice:
    """Offer the reports of crashes.

    Args:
        reports: At least one, newest first.
    """
    hint = "The report names no film; you can read it before you pass it on."
    if len(reports) == 1:
        text = "Something went wrong when Hilum was last open."
        return Notice(text, hint, file=reports[0])
    text = f"Something went wrong {len(reports)} times when Hilum was last open."
    return Notice(text, hint, file=reports[0].parent)


def _new_reports() -> list[Path]:
    crash_files.adopt_dead_sessions()
    return crash_files.take_new_reports()
