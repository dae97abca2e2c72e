"""Colours and words on the dark ground that films lie on, in any theme."""

from __future__ import annotations

from typing import Final

from PyQt5.QtCore import QRect, QRectF, Qt
from PyQt5.QtGui import QColor, QPainter

#: What lies around a film: a bright ground would blind the eye.
GROUND: Final = QColor(10, 12, 15)
#: Text on it, and text of less weight; 15 : 1 and 8 : 1.
INK: Final = QColor(232, 237, 242)
SOFT_INK: Final = QColor(160, 172, 184)

_VEIL: Final = QColor(0, 0, 0, 150)
_MARGIN_PX: Final = 10


def paint_overlay(painter: QPainter, view: QRect, text: str) -> None:
    """Write a line into the lower left corner of a film's view."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    words = painter.fontMetrics().size(0, text)
    bottom = view.height() - _MARGIN_PX - words.height() - 8
    pill = QRectF(_MARGIN_PX, bottom, words.width() + 20, words.height() + 8)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_VEIL)
    painter.drawRoundedRect(pill, 5, 5)
    painter.setPen(INK)
    painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, text)
