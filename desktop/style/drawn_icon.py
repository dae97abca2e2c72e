"""Icons that are drawn when they are shown, sharp at any scale."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PyQt5.QtCore import QRect, QSize, Qt
from PyQt5.QtGui import QColor, QIcon, QIconEngine, QPainter, QPen, QPixmap

#: Every icon is drawn in a square of this side and then scaled.
GRID: Final = 24.0


def drawn_icon(draw: Callable[[QPainter, QIcon.Mode], None]) -> QIcon:
    """An icon whose ink can follow the palette, and the pixel ratio.

    Args:
        draw: Draws it in a square of `GRID`; called each time that it is shown,
            with smooth edges and no brush set.
    """
    return QIcon(_DrawnIcon(draw))


def round_pen(ink: QColor, width: float) -> QPen:
    """A pen whose lines end and meet roundly."""
    pen = QPen(ink, width)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    return pen


class _DrawnIcon(QIconEngine):
    def __init__(self, draw: Callable[[QPainter, QIcon.Mode], None]) -> None:
        super().__init__()
        self._draw = draw

    # Qt overrides

    def paint(
        self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State
    ) -> None:
        side = min(rect.width(), rect.height())
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.translate(
            rect.x() + (rect.width() - side) / 2, rect.y() + (rect.height() - side) / 2
        )
        painter.scale(side / GRID, side / GRID)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        self._draw(painter, mode)
        painter.restore()

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, QRect(0, 0, size.width(), size.height()), mode, state)
        painter.end()
        return pixmap

    def clone(self) -> QIconEngine:
        return _DrawnIcon(self._draw)
