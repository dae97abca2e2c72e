"""Signs for how grave something is: shape and word, not colour alone."""

from __future__ import annotations

from functools import partial
from typing import Final

from PyQt5.QtCore import QEvent
from PyQt5.QtGui import QColor, QGuiApplication, QIcon, QPalette
from PyQt5.QtWidgets import QApplication, QLabel, QWidget

from desktop.style.glyphs import glyph_icon
from desktop.style.theme import is_dark

#: Gravest first.
SEVERITIES: Final = ("stop", "warn", "note", "good")
#: Severity -> the word beside the sign.
WORDS: Final = {"stop": "Stop", "warn": "Warning", "note": "Note", "good": "Good"}
#: An octagon with a bar, a triangle, a disc with an i, one with a tick.
_GLYPHS: Final = {
    "stop": "spam-3-line",
    "warn": "alert-line",
    "note": "information-line",
    "good": "checkbox-circle-line",
}
#: Severity -> ink on a light ground, and on a dark one; both at least 4.5 : 1.
_INKS: Final = {
    "stop": ("#b3261e", "#ff8a80"),
    "warn": ("#8a5a00", "#f2b84b"),
    "note": ("#1f5fa8", "#7ab8f5"),
    "good": ("#1e6b34", "#74d08c"),
}


def severity_colour(severity: str) -> QColor:
    """The ink for a severity, on the window's ground."""
    light, dark = _INKS[severity]
    return QColor(dark if is_dark(QGuiApplication.palette()) else light)


def severity_icon(severity: str) -> QIcon:
    """The sign for a severity.

    Raises:
        ValueError: There is no such severity.
    """
    if severity not in SEVERITIES:
        raise ValueError(f"expected one of {SEVERITIES}. Received: {severity!r}")
    return glyph_icon(_GLYPHS[severity], partial(_ink, severity))


class SeveritySign(QLabel):
    """A sign as a widget; its ink follows the palette."""

    def __init__(self, severity: str, size: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._size = size
        self.set_severity(severity)

    def set_severity(self, severity: str) -> None:
        """Show another sign."""
        self._icon = severity_icon(severity)
        self._draw()

    def _draw(self) -> None:
        self.setPixmap(self._icon.pixmap(self._size, self._size))

    # Qt overrides

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.ApplicationPaletteChange:
            self._draw()


def _ink(severity: str, mode: QIcon.Mode) -> QColor:
    if mode == QIcon.Mode.Selected:  # on the colour of the selection
        return QApplication.palette().color(QPalette.ColorRole.HighlightedText)
    return severity_colour(severity)
