"""Colours and words on the dark ground that films lie on, in any theme."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PyQt5.QtCore import QPointF, QRect, QRectF, Qt
from PyQt5.QtGui import QColor, QPainter

#: What lies around a film: a bright ground would blind the eye.
GROUND: Final = QColor(10, 12, 15)
#: Text on it, and text of less weight; 15 : 1 and 8 : 1.
INK: Final = QColor(232, 237, 242)
SOFT_INK: Final = QColor(160, 172, 184)

_VEIL: Final = QColor(0, 0, 0, 150)
_MARGIN_PX: Final = 10
_WIDTH_SHARE: Final = 0.85  # of a view, that text takes at most
_WRAPPED: Final = int(Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap)


def paint_overlay(painter: QPainter, view: QRect, parts: Sequence[str]) -> None:
    """Write into the lower left corner of a film's view, in lines between parts."""
    no_break = "\N{NO-BREAK SPACE}"
    text = "    ".join(part.replace(" ", no_break) for part in parts)
    pill = _pill(painter, view, text)
    pill.moveBottomLeft(QPointF(_MARGIN_PX, view.height() - _MARGIN_PX))
    _paint_pill(painter, pill, text)


def paint_label(painter: QPainter, view: QRect, text: str, at: QPointF) -> None:
    """Write beside a place of a film's view, within it."""
    pill = _pill(painter, view, text)
    room = QRectF(view).adjusted(_MARGIN_PX, _MARGIN_PX, -_MARGIN_PX, -_MARGIN_PX)
    left = min(at.x() + _MARGIN_PX, room.right() - pill.width())
    top = min(at.y() + _MARGIN_PX, room.bottom() - pill.height())
    pill.moveTopLeft(QPointF(max(left, room.left()), max(top, room.top())))
    _paint_pill(painter, pill, text)


def _pill(painter: QPainter, view: QRect, text: str) -> QRectF:
    """As large as the text, in lines that fit into the view."""
    room = QRectF(0, 0, _WIDTH_SHARE * view.width() - 20, view.height())
    words = painter.boundingRect(room, _WRAPPED, text)
    return QRectF(0, 0, words.width() + 20, words.height() + 8)


def _paint_pill(painter: QPainter, pill: QRectF, text: str) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_VEIL)
    painter.drawRoundedRect(pill, 5, 5)
    painter.setPen(INK)
    painter.drawText(pill.adjusted(10, 4, -10, -4), _WRAPPED, text)
