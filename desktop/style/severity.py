"""Signs for how grave something is: shape and word, not colour alone."""

from __future__ import annotations

from functools import partial
from typing import Final

from PyQt5.QtCore import QEvent, QPointF, QRectF
from PyQt5.QtGui import (
    QColor,
    QGuiApplication,
    QIcon,
    QPainter,
    QPalette,
    QPolygonF,
)
from PyQt5.QtWidgets import QApplication, QLabel, QWidget

from desktop.style.drawn_icon import drawn_icon, round_pen
from desktop.style.theme import is_dark

#: Gravest first.
SEVERITIES: Final = ("stop", "warn", "note", "good")
#: Severity -> the word beside the sign.
WORDS: Final = {"stop": "Stop", "warn": "Warning", "note": "Note", "good": "Good"}
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
    return drawn_icon(partial(_draw_sign, severity))


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


def _draw_sign(severity: str, painter: QPainter, mode: QIcon.Mode) -> None:
    ink = severity_colour(severity)
    if mode == QIcon.Mode.Selected:  # on the colour of the selection
        ink = QApplication.palette().color(QPalette.ColorRole.HighlightedText)
    painter.setPen(round_pen(ink, 2.0))
    _draw(painter, severity, ink)


def _draw(painter: QPainter, severity: str, ink: QColor) -> None:
    if severity == "stop":  # an octagon with a bar
        corners = ((8, 3), (16, 3), (21, 8), (21, 16), (16, 21), (8, 21), (3, 16))
        points = [QPointF(x, y) for x, y in (*corners, (3, 8))]
        painter.drawPolygon(QPolygonF(points))
        painter.drawLine(QPointF(8, 12), QPointF(16, 12))
    elif severity == "warn":  # a triangle
        tips = ((12, 3.5), (21.5, 20), (2.5, 20))
        painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in tips]))
        painter.drawLine(QPointF(12, 9.5), QPointF(12, 14))
        painter.drawPoint(QPointF(12, 17))
    elif severity == "note":  # a disc with an i
        painter.drawEllipse(QRectF(3, 3, 18, 18))
        painter.drawLine(QPointF(12, 11), QPointF(12, 16.5))
        painter.drawPoint(QPointF(12, 7.5))
    else:  # a disc with a tick
        painter.drawEllipse(QRectF(3, 3, 18, 18))
        painter.drawPolyline(QPointF(7.5, 12.3), QPointF(10.7, 15.5), QPointF(16.5, 9))
