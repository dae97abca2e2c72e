"""A sentence with the sign of how grave it is, without a frame."""

from __future__ import annotations

from PyQt5.QtCore import QEvent, Qt
from PyQt5.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from desktop.severity import WORDS, severity_icon

_SIGN_PX = 18


class NoteRow(QWidget):
    """A sign and a text that wraps; hidden while there is no text."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._severity = "note"
        self._sign = QLabel(self)
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
            severity: Of `desktop.severity.SEVERITIES`.
        """
        self.setVisible(bool(text))
        if (text, severity) == (self._words.text(), self._severity):
            return
        self._severity = severity
        self._words.setText(text)
        self._words.setAccessibleName(f"{WORDS[severity]}: {text}")
        self._draw()

    def _draw(self) -> None:
        icon = severity_icon(self._severity)
        self._sign.setPixmap(icon.pixmap(_SIGN_PX, _SIGN_PX))

    # Qt overrides

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.ApplicationPaletteChange:
            self._draw()
