"""The end of a job's log, on demand."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final

from PyQt5.QtCore import QTimer, pyqtSlot
from PyQt5.QtGui import QFontDatabase, QShowEvent
from PyQt5.QtWidgets import QPlainTextEdit, QWidget

from core.jobs.failures import tail_of
from desktop.widgets.buttons import copy_button
from desktop.widgets.disclosure import Disclosure
from desktop.widgets.layouts import column, row

_LOOK_EVERY_MS: Final = 500
_ROWS: Final = 12
_COPY: Final = "Copy lo&g"


class LogText(QPlainTextEdit):
    """Lines of a log: to be read and copied, never wrapped."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("logText")
        self.setReadOnly(True)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setUndoRedoEnabled(False)
        self.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.setAccessibleName("Last lines of the log")
        # Tab leads on to the next control instead of being held here.
        self.setTabChangesFocus(True)
        rows = _ROWS * self.fontMetrics().lineSpacing() + 16
        self.setFixedHeight(rows)
        self._wants_end = False

    def set_lines(self, text: str) -> None:
        """Show these lines, the last one in sight if it was before."""
        if text == self.toPlainText():
            return
        bar = self.verticalScrollBar()
        self._wants_end = bar.value() >= bar.maximum() - 2
        place = bar.value()
        self.setPlainText(text)
        bar.setValue(place)
        # The end is known once the new lines are laid out.
        QTimer.singleShot(0, self._go_to_end)

    @pyqtSlot()
    def _go_to_end(self) -> None:
        if self._wants_end and self.isVisible():
            self._wants_end = False
            bar = self.verticalScrollBar()
            bar.setValue(bar.maximum())

    # Qt overrides

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        QTimer.singleShot(0, self._go_to_end)


class RunLog(Disclosure):
    """Folded until it is wanted; reads the log only while it is in sight."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Show log", parent)
        self._path: Path | None = None
        self.text = LogText(self.body)
        copy = copy_button(_COPY, self.text.toPlainText, self.body)
        self.text.textChanged.connect(partial(copy.setText, _COPY))
        column(self.text, row(copy, None), of=self.body)
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_EVERY_MS)
        self._timer.timeout.connect(self._look)
        self.head.toggled.connect(self._on_toggled)

    def set_path(self, path: Path | None) -> None:
        """Show this file from now on."""
        if path != self._path:
            self._path = path
            self.text.clear()
        self._look()

    @pyqtSlot()
    def _look(self) -> None:
        if self._path is not None and self.is_open and self.isVisible():
            text = tail_of(self._path, lines=400)
            self.text.set_lines(text or "Nothing has been written yet.")

    @pyqtSlot(bool)
    def _on_toggled(self, is_open: bool) -> None:
        self.set_title("Hide log" if is_open else "Show log")
        if is_open:
            self._look()
            self._timer.start()
        else:
            self._timer.stop()
