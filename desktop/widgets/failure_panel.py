"""Why a job ended, what to do about it, and the end of its log."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PyQt5.QtCore import QUrl, pyqtSlot
from PyQt5.QtGui import QDesktopServices
from PyQt5.QtWidgets import QFrame, QWidget

from core.jobs.failures import Failure
from desktop.widgets.buttons import button, copy_button
from desktop.widgets.disclosure import Disclosure
from desktop.widgets.labels import Caption, ElidedLabel, printable
from desktop.widgets.layouts import column, row
from desktop.widgets.log_view import LogText
from desktop.widgets.message_card import MessageCard

_COPY: Final = "Copy de&tails"


class FailurePanel(QFrame):
    """Shows one failure, with its log folded away or not; or hides."""

    def __init__(
        self, parent: QWidget | None = None, *, is_folded: bool = False
    ) -> None:
        super().__init__(parent)
        self._is_folded = is_folded
        self._failure: Failure | None = None
        self.cause = MessageCard("stop", self)
        self._log = Disclosure("Last lines of the log", self)
        body = self._log.body
        self._none = Caption("Nothing was written to the log.", body)
        self.lines = LogText(body)
        self.path = ElidedLabel("", body)
        tip = "Copy cause, advice and the last lines of the log"
        self.copy_button = copy_button(_COPY, self._as_text, body, tip)
        tip = "Open the folder that holds the whole log"
        self.folder_button = button("Open f&older", self._open_folder, body, tip=tip)
        line = row((self.path, 1), self.copy_button, self.folder_button)
        column(self._none, self.lines, line, of=body)
        column(self.cause, self._log, of=self)
        self.hide()

    def set_failure(
        self,
        failure: Failure | None,
        severity: str = "stop",
        word: str = "That did not work",
    ) -> None:
        """Show why a job ended, without a log where it has no path; or nothing."""
        self._failure = failure
        self.setVisible(failure is not None)
        if failure is None:
            return
        self.cause.set_severity(severity, word)
        self.cause.set_words(failure.message, failure.hint)
        self._log.setVisible(failure.log_path != Path())
        self._log.set_open(not self._is_folded)
        has_lines = bool(failure.log_tail.strip())
        self.lines.setVisible(has_lines)
        self._none.setVisible(not has_lines)
        self.lines.clear()
        self.lines.set_lines(failure.log_tail)
        where = printable(failure.log_path)
        self.path.set_text(where)
        self.path.setAccessibleName(f"The whole log: {where}")
        self.copy_button.setText(_COPY)

    def _as_text(self) -> str:
        failure = self._failure
        assert failure is not None
        place = printable(failure.log_path)
        parts = (failure.message, failure.hint, failure.log_tail, place)
        return "\n\n".join(part for part in parts if part)

    @pyqtSlot()
    def _open_folder(self) -> None:
        assert self._failure is not None
        folder = str(self._failure.log_path.parent)
        QDesktopServices.openUrl(QUrl.fromLocalFile(folder))
