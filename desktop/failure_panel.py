"""Why a job ended, what to do about it, and the end of its log."""

from __future__ import annotations

from PyQt5.QtCore import QUrl, pyqtSlot
from PyQt5.QtGui import QDesktopServices, QGuiApplication
from PyQt5.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from core.failures import Failure
from desktop.labels import Caption, ElidedLabel, SectionTitle, printable
from desktop.message_card import MessageCard
from desktop.run_log import LogText


class FailurePanel(QFrame):
    """Shows one failure, or hides."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("failurePanel")
        self._failure: Failure | None = None
        self.cause = MessageCard("stop", self)
        self.lines = LogText(self)
        self.path = ElidedLabel("", self)
        self.copy_button = QPushButton("Copy de&tails", self)
        self.copy_button.setToolTip("Copy cause, advice and the last lines of the log")
        self.copy_button.clicked.connect(self._on_copy_clicked)
        self.folder_button = QPushButton("Open f&older", self)
        self.folder_button.setToolTip("Open the folder of the run, with the whole log")
        self.folder_button.clicked.connect(self._on_folder_clicked)
        self._title = SectionTitle("Last lines of the log", self)
        self._none = Caption("Nothing was written to the log.", self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        for widget in (self.cause, self._title, self._none, self.lines):
            column.addWidget(widget)
        row = QHBoxLayout()
        row.addWidget(self.path, 1)
        row.addWidget(self.copy_button)
        row.addWidget(self.folder_button)
        column.addLayout(row)
        self.hide()

    def set_failure(self, failure: Failure | None, *, is_final: bool = True) -> None:
        """Show why a job ended; with None, nothing.

        Args:
            failure: Why.
            is_final: Whether the job itself gave up, rather than being cut off.
        """
        self._failure = failure
        self.cause.set_severity(
            "stop" if is_final else "warn", "Failed" if is_final else "Interrupted"
        )
        self.setVisible(failure is not None)
        if failure is None:
            return
        self.cause.set_words(failure.message, failure.hint)
        has_lines = bool(failure.log_tail.strip())
        self.lines.setVisible(has_lines)
        self._none.setVisible(not has_lines)
        self.lines.clear()
        self.lines.set_lines(failure.log_tail)
        where = printable(failure.log_path)
        self.path.set_text(where)
        self.path.setAccessibleName(f"The whole log: {where}")
        self.copy_button.setText("Copy de&tails")

    @pyqtSlot()
    def _on_copy_clicked(self) -> None:
        if self._failure is None:
            return
        failure = self._failure
        parts = (
            failure.message,
            failure.hint,
            failure.log_tail,
            printable(failure.log_path),
        )
        text = "\n\n".join(part for part in parts if part)
        QGuiApplication.clipboard().setText(text)
        self.copy_button.setText("Copied")

    @pyqtSlot()
    def _on_folder_clicked(self) -> None:
        if self._failure is not None:
            folder = str(self._failure.log_path.parent)
            QDesktopServices.openUrl(QUrl.fromLocalFile(folder))
