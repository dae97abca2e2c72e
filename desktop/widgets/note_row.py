"""A sentence with the sign of how grave it is, without a frame."""

from __future__ import annotations

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from desktop.style.severity import WORDS, SeveritySign

_SIGN_PX = 18


class NoteRow(QWidget):
    """A sign and a text that wraps; hidden while there is no text."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._severity = "note"
        self._sign = SeveritySign("note", _SIGN_PX, self)
        self._words = QLabel(self)
        self._words.setWordWrap(True)
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._words.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
        )
        policy = QSizePolicy.Policy
        self._words.setSizePolicy(policy.Expanding, policy.Preferred)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._words, 1)
        self.hide()

    @property
    def text(self) -> str:
        """What it says."""
        return self._words.text()

    def set_text(self, text: str, severity: str = "note") -> None:
        """Say something, or with an empty text nothing.

        Args:
            text: One or more sentences.
            severity: Of `desktop.style.severity.SEVERITIES`.
        """
        self.setVisible(bool(text))
        if (text, severity) == (self._words.text(), self._severity):
            return
        self._severity = severity
        self._sign.set_severity(severity)
        self._words.setText(text)
        self._words.setAccessibleName(f"{WORDS[severity]}: {text}")
