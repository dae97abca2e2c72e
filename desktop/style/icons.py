"""The icons of buttons and menus: drawn, so sharp at any scale and any theme."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from PyQt5.QtCore import QPointF, QRectF, Qt
from PyQt5.QtGui import (
    QBrush,
    QColor,
    QGuiApplication,
    QIcon,
    QLinearGradient,
    QPainter,
    QPainterPath,
    QPalette,
    QPen,
    QPolygonF,
)

from desktop.style.drawn_icon import drawn_icon, round_pen


def icon(name: str, *, colour: QColor | None = None) -> QIcon:
    """An icon by name.

    Args:
        name: A key of `NAMES`.
        colour: Ink; the palette's text colour, followed as it changes, when
            not given.

    Raises:
        ValueError: There is no such icon.
    """
    if name not in _DRAWINGS:
        raise ValueError(f"expected one of {NAMES}. Received: name={name!r}")
    return drawn_icon(partial(_draw, name, colour))


def _draw(
    name: str, colour: QColor | None, painter: QPainter, mode: QIcon.Mode
) -> None:
    ink = _ink(colour, mode)
    painter.setPen(_pen(ink))
    _DRAWINGS[name](painter, ink)


def _ink(colour: QColor | None, mode: QIcon.Mode) -> QColor:
    palette = QGuiApplication.palette()
    if mode == QIcon.Mode.Disabled:
        group = QPalette.ColorGroup.Disabled
        return palette.color(group, QPalette.ColorRole.ButtonText)
    return colour or palette.color(QPalette.ColorRole.ButtonText)


def _pen(ink: QColor, width: float = 1.7) -> QPen:
    return round_pen(ink, width)


def _lines(painter: QPainter, *points: float) -> None:
    pairs = [QPointF(x, y) for x, y in zip(points[::2], points[1::2], strict=True)]
    painter.drawPolyline(QPolygonF(pairs))


def _draw_open(painter: QPainter, ink: QColor) -> None:
    _lines(painter, 3, 19, 3, 5, 9, 5, 11, 7.5, 19, 7.5, 19, 10.5)
    _lines(painter, 3, 19, 6, 10.5, 22, 10.5, 19, 19, 3, 19)


def _draw_fit(painter: QPainter, ink: QColor) -> None:
    for x, y, dx, dy in (
        (4, 4, 1, 1),
        (20, 4, -1, 1),
        (4, 20, 1, -1),
        (20, 20, -1, -1),
    ):
        _lines(painter, x, y + 5 * dy, x, y, x + 5 * dx, y)
    painter.drawRoundedRect(QRectF(8.5, 8.5, 7, 7), 1, 1)


def _draw_actual_size(painter: QPainter, ink: QColor) -> None:
    _lines(painter, 4, 8.5, 7, 6, 7, 18)
    _lines(painter, 15, 8.5, 18, 6, 18, 18)
    painter.setBrush(QBrush(ink))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.drawEllipse(QPointF(11.8, 9.5), 1.3, 1.3)
    painter.drawEllipse(QPointF(11.8, 15.5), 1.3, 1.3)


def _draw_lens(painter: QPainter) -> None:
    painter.drawEllipse(QPointF(10.5, 10.5), 6.5, 6.5)
    _lines(painter, 15.4, 15.4, 20.5, 20.5)
    _lines(painter, 7.7, 10.5, 13.3, 10.5)


def _draw_zoom_in(painter: QPainter, ink: QColor) -> None:
    _draw_lens(painter)
    _lines(painter, 10.5, 7.7, 10.5, 13.3)


def _draw_zoom_out(painter: QPainter, ink: QColor) -> None:
    _draw_lens(painter)


def _draw_invert(painter: QPainter, ink: QColor) -> None:
    painter.drawEllipse(QPointF(12, 12), 8.2, 8.2)
    half = QPainterPath(QPointF(12, 3.8))
    half.arcTo(QRectF(3.8, 3.8, 16.4, 16.4), 90, -180)
    half.closeSubpath()
    painter.fillPath(half, ink)


def _draw_reset(painter: QPainter, ink: QColor) -> None:
    painter.drawArc(QRectF(4.5, 4.5, 15, 15), 120 * 16, -290 * 16)
    _lines(painter, 4.2, 4.4, 8.2, 5.6, 7.0, 9.6)


def _draw_heatmap(painter: QPainter, ink: QColor) -> None:
    painter.drawRoundedRect(QRectF(3.5, 3.5, 17, 17), 2.5, 2.5)
    painter.setPen(Qt.PenStyle.NoPen)
    for radius, alpha in ((6.0, 70), (4.0, 120), (2.2, 255)):
        shade = QColor(ink)
        shade.setAlpha(alpha)
        painter.setBrush(shade)
        painter.drawEllipse(QPointF(11, 13), radius, radius)


def _draw_copy(painter: QPainter, ink: QColor) -> None:
    painter.drawRoundedRect(QRectF(8.5, 8.5, 11.5, 11.5), 2, 2)
    _lines(painter, 5.5, 15.5, 4, 15.5, 4, 4, 15.5, 4, 15.5, 5.5)


def _draw_save(painter: QPainter, ink: QColor) -> None:
    _lines(painter, 12, 3.5, 12, 15)
    _lines(painter, 7.5, 10.5, 12, 15, 16.5, 10.5)
    _lines(painter, 4, 15.5, 4, 20, 20, 20, 20, 15.5)


def _draw_warning(painter: QPainter, ink: QColor) -> None:
    amber = QColor(230, 160, 30)
    edge = QPolygonF([QPointF(12, 3), QPointF(22, 20.5), QPointF(2, 20.5)])
    painter.setPen(_pen(amber, 1.6))
    painter.setBrush(amber)
    painter.drawPolygon(edge)
    painter.setPen(_pen(QColor(30, 22, 0), 2.2))
    _lines(painter, 12, 9, 12, 14)
    painter.drawPoint(QPointF(12, 17.4))


def _draw_close(painter: QPainter, ink: QColor) -> None:
    _lines(painter, 6.5, 6.5, 17.5, 17.5)
    _lines(painter, 17.5, 6.5, 6.5, 17.5)


def _draw_samples(painter: QPainter, ink: QColor) -> None:
    painter.drawRoundedRect(QRectF(3.5, 6.5, 13, 14), 2, 2)
    _lines(painter, 7, 3.5, 20.5, 3.5, 20.5, 17.5)
    _draw_lungs(painter, QRectF(5.4, 9.0, 9.2, 9.2), ink)


def _draw_film(painter: QPainter, ink: QColor) -> None:
    painter.setPen(_pen(ink, 1.0))
    painter.drawRoundedRect(QRectF(2.5, 1.5, 19, 21), 1.8, 1.8)
    _draw_lungs(painter, QRectF(5, 5, 14, 14), ink)


def _draw_lungs(painter: QPainter, box: QRectF, ink: QColor) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ink)
    for path in lung_paths(box):
        painter.drawPath(path)


def lung_paths(box: QRectF) -> tuple[QPainterPath, QPainterPath]:
    """Outlines of the two lungs, filling a box; the left one has its notch."""
    right = QPainterPath(QPointF(0.40, 0.06))
    right.cubicTo(0.22, 0.08, 0.06, 0.42, 0.04, 0.80)
    right.cubicTo(0.03, 0.96, 0.10, 0.99, 0.18, 0.94)
    right.cubicTo(0.26, 0.89, 0.34, 0.88, 0.41, 0.88)
    right.cubicTo(0.45, 0.66, 0.45, 0.40, 0.44, 0.14)
    right.cubicTo(0.44, 0.08, 0.43, 0.06, 0.40, 0.06)
    left = QPainterPath(QPointF(0.60, 0.06))
    left.cubicTo(0.78, 0.08, 0.94, 0.42, 0.96, 0.80)
    left.cubicTo(0.97, 0.96, 0.90, 0.99, 0.82, 0.94)
    left.cubicTo(0.77, 0.91, 0.75, 0.90, 0.72, 0.89)
    left.cubicTo(0.74, 0.76, 0.66, 0.66, 0.57, 0.62)
    left.cubicTo(0.55, 0.46, 0.55, 0.28, 0.56, 0.14)
    left.cubicTo(0.56, 0.08, 0.57, 0.06, 0.60, 0.06)
    return _placed(right, box), _placed(left, box)


def _placed(path: QPainterPath, box: QRectF) -> QPainterPath:
    placed = QPainterPath()
    for i in range(path.elementCount()):
        element = path.elementAt(i)
        path.setElementPositionAt(
            i,
            box.x() + element.x * box.width(),
            box.y() + element.y * box.height(),
        )
    placed.addPath(path)
    return placed


_DRAWINGS: Final[dict[str, Callable[[QPainter, QColor], None]]] = {
    "open": _draw_open,
    "fit": _draw_fit,
    "actual_size": _draw_actual_size,
    "zoom_in": _draw_zoom_in,
    "zoom_out": _draw_zoom_out,
    "invert": _draw_invert,
    "reset": _draw_reset,
    "heatmap": _draw_heatmap,
    "copy": _draw_copy,
    "save": _draw_save,
    "warning": _draw_warning,
    "close": _draw_close,
    "samples": _draw_samples,
    "film": _draw_film,
}

NAMES: Final = tuple(_DRAWINGS)


def draw_app_icon(painter: QPainter, side: float) -> None:
    """Draw the program's icon: two lungs, the airway, and the hilum lit.

    Args:
        painter: Where to draw, at its origin.
        side: Width and height, in the painter's units. The finest branches are
            left out where they would only blur.
    """
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(side, side)
    ground = QLinearGradient(0, 0, 0, 1)
    ground.setColorAt(0, QColor(32, 58, 92))
    ground.setColorAt(1, QColor(12, 22, 40))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ground)
    painter.drawRoundedRect(QRectF(0.02, 0.02, 0.96, 0.96), 0.2, 0.2)
    painter.setBrush(QColor(214, 230, 246))
    for path in lung_paths(QRectF(0.12, 0.16, 0.76, 0.72)):
        painter.drawPath(path)
    fine = side >= 40
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(_pen(QColor(214, 230, 246), 0.055))
    _lines(painter, 0.5, 0.12, 0.5, 0.36)
    painter.setPen(_pen(QColor(30, 64, 104), 0.03 if fine else 0.05))
    for sign in (-1, 1):
        _draw_airway(painter, sign, fine=fine)
    painter.setPen(Qt.PenStyle.NoPen)
    for x in (0.395, 0.605):
        painter.setBrush(QColor(255, 176, 46))
        painter.drawEllipse(QPointF(x, 0.465), 0.058, 0.058)
    painter.restore()


def _draw_airway(painter: QPainter, sign: int, *, fine: bool) -> None:
    def branch(*points: float) -> None:
        flipped = [
            0.5 + sign * value if i % 2 == 0 else value
            for i, value in enumerate(points)
        ]
        _lines(painter, *flipped)

    branch(0.105, 0.465, 0.20, 0.58)
    branch(0.105, 0.465, 0.19, 0.40)
    if fine:
        branch(0.20, 0.58, 0.27, 0.62)
        branch(0.20, 0.58, 0.21, 0.70)
        branch(0.19, 0.40, 0.20, 0.31)
