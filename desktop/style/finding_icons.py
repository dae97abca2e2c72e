"""Signs for what was found in a film: shape and colour, beside the word."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Final

from PyQt5.QtCore import QPointF, QRectF, Qt
from PyQt5.QtGui import (
    QColor,
    QGuiApplication,
    QIcon,
    QPainter,
    QPalette,
    QPen,
    QPolygonF,
)

from core.scan.triage import HEALTHY
from desktop.style.drawn_icon import drawn_icon, round_pen
from desktop.style.severity import severity_icon
from desktop.style.theme import is_dark

#: Ink of each disease on a light ground, and on a dark one: told apart with any
#: colour blindness, and at least 3 : 1.
_INKS: Final = (
    ("#b8430b", "#ff9a5c"),
    ("#1f5fa8", "#7ab8f5"),
    ("#8a3b8f", "#dda3e2"),
    ("#6d5600", "#e6c754"),
)
_HEALTHY_INK: Final = ("#00695c", "#5fcfb4")


def finding_icons(labels: Sequence[str]) -> list[QIcon]:
    """A sign for each label, for an uncertain film, and for one not read.

    Args:
        labels: Names of the model's labels, in output order.
    """
    diseases = [name for name in labels if name != HEALTHY]
    signs = [
        _sign(diseases.index(name) if name in diseases else _HEALTHY_SIGN)
        for name in labels
    ]
    return [*signs, _sign(_UNCERTAIN_SIGN), severity_icon("stop")]


_HEALTHY_SIGN: Final = -1
_UNCERTAIN_SIGN: Final = -2


def _sign(which: int) -> QIcon:
    return drawn_icon(partial(_draw, which))


def _draw(which: int, painter: QPainter, mode: QIcon.Mode) -> None:
    if which == _HEALTHY_SIGN:
        painter.setPen(_pen(_ink(_HEALTHY_INK)))
        painter.drawEllipse(QRectF(4, 4, 16, 16))
    elif which == _UNCERTAIN_SIGN:
        _draw_question(painter)
    else:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_ink(_INKS[which % len(_INKS)]))
        painter.drawPolygon(_polygon(which))


def _ink(inks: tuple[str, str]) -> QColor:
    light, dark = inks
    return QColor(dark if is_dark(QGuiApplication.palette()) else light)


def _pen(ink: QColor) -> QPen:
    return round_pen(ink, 2.4)


def _polygon(which: int) -> QPolygonF:
    """A diamond, a triangle, a square, a pentagon, and so on with more corners."""
    corners = (4, 3)[which] if which < 2 else which + 2
    turn = math.pi / 4 if which == 2 else 0.0
    angles = (turn - math.pi / 2 + 2 * math.pi * i / corners for i in range(corners))
    return QPolygonF(
        [QPointF(12 + 9.5 * math.cos(a), 12.5 + 9.5 * math.sin(a)) for a in angles]
    )


def _draw_question(painter: QPainter) -> None:
    ink = QGuiApplication.palette().color(QPalette.ColorRole.Text)
    pen = _pen(ink)
    pen.setDashPattern([1.6, 1.7])
    painter.setPen(pen)
    painter.drawEllipse(QRectF(3, 3, 18, 18))
    painter.setPen(_pen(ink))
    painter.drawArc(QRectF(9, 7, 6, 6), 170 * 16, -240 * 16)
    painter.drawLine(QPointF(12, 13), QPointF(12, 14))
    painter.drawPoint(QPointF(12, 17.3))
