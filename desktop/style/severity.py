"""Signs for how grave something is: shape and word, not colour alone."""

from __future__ import annotations

from functools import partial
from typing import Final

from PyQt5.QtGui import QColor, QGuiApplication, QIcon, QPainter, QPaintEvent, QPalette
from PyQt5.QtWidgets import QApplication, QLabel, QWidget

from desktop.style.glyphs import glyph_icon
from desktop.style.theme import is_dark

#: Gravest first.
SEVERITIES: Final = ("stop", "warn", "note", "good")
#: Severity -> the word beside the sign.
WORDS: Final = {"stop": "Stop", "warn": "Warning", "note": "Note", "good": "Good"}
#: An octagon with a bar, a triangle, a disc with an i, one with a tick; and of what
#: is not grave at all, a disc with a dot and a ring.
_GLYPHS: Final = {
    "stop": "spam-3-line",
    "warn": "alert-line",
    "note": "information-line",
    "good": "checkbox-circle-line",
    "now": "record-circle-fill",
    "to come": "checkbox-blank-circle-line",
}
#: Severity -> ink on a light ground, and on a dark one; both at least 4.5 : 1.
_INKS: Final = {
    "stop": ("#b3261e", "#ff8a80"),
    "warn": ("#8a5a00", "#f2b84b"),
    "note": ("#1f5fa8", "#7ab8f5"),
    "good": ("#1e6b34", "#74d08c"),
    "now": ("#1f6fc4", "#4a9be8"),
    "to come": ("#7f868e", "#868d95"),
}


def severity_colour(severity: str) -> QColor:
    """The ink for a severity, on the window's ground."""
    light, dark = _INKS[severity]
    return QColor(dark if is_dark(QGuiApplication.palette()) else light)


def severity_icon(severity: str) -> QIcon:
    """The sign for a severity, or for a stage that is "now" or "to come"."""
    return glyph_icon(_GLYPHS[severity], partial(_ink, severity))


class SeveritySign(QWidget):
    """A sign as a widget; its ink follows the palette."""

    def __init__(self, severity: str, size: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedSize(size, size)
        self.set_severity(severity)

    def set_severity(self, severity: str) -> None:
        """Show another sign."""
        self._icon = severity_icon(severity)
        self.update()

    # Qt overrides

    def paintEvent(self, event: QPaintEvent) -> None:
        self._icon.paint(QPainter(self), self.rect())


class SeverityWord(QLabel):
    """The word beside a sign, in its ink; this follows the palette too.

    A palette of its own would not: style sheets put back what they once found.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._severity = "note"
        font = self.font()
        font.setBold(True)
        self.setFont(font)

    def set_severity(self, severity: str, word: str) -> None:
        """Say another word."""
        self._severity = severity
        self.setText(word)

    # Qt overrides

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(severity_colour(self._severity))
        painter.drawText(self.contentsRect(), int(self.alignment()), self.text())


def _ink(severity: str, mode: QIcon.Mode) -> QColor:
    if mode == QIcon.Mode.Selected:  # on the colour of the selection
        return QApplication.palette().color(QPalette.ColorRole.HighlightedText)
    return severity_colour(severity)
