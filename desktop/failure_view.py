"""Why a check failed, with the last lines of its log on demand."""

from __future__ import annotations

from PyQt5.QtCore import Qt
from PyQt5.QtGui import QFontDatabase
from PyQt5.QtWidgets import QLabel, QVBoxLayout, QWidget

from core.failures import Failure
from desktop.disclosure import Disclosure
from desktop.labels import Caption, printable
from desktop.message_card import MessageCard


class FailureView(MessageCard):
    """Cause, what to do, and the log; hidden while there is no failure."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("stop", parent)
        self._log = Disclosure("Last lines of the log", self)
        self._lines = QLabel(self._log.body)
        self._lines.setFont(
            QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        )
        self._lines.setTextFormat(Qt.TextFormat.PlainText)
        self._lines.setWordWrap(True)
        self._lines.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self._place = Caption("", self._log.body)
        body = QVBoxLayout(self._log.body)
        body.setContentsMargins(0, 0, 0, 0)
        body.addWidget(self._lines)
        body.addWidget(self._place)
        self.column.addWidget(self._log)
        self.hide()

    def show_failure(self, failure: Failure) -> None:
        """Say what failed."""
        self.set_severity("stop", "That did not work")
        self.set_words(failure.message, failure.hint)
        self._lines.setText(failure.log_tail)
        self._place.setText(f"All of it: {printable(failure.log_path)}")
        self._log.setVisible(bool(failure.log_tail))
        self._log.set_open(False)
        self.show()
