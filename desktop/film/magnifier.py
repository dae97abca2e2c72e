"""A round glass that shows what lies under the pointer larger."""

from __future__ import annotations

from typing import Final

from PyQt5.QtCore import QPointF, QRect, QRectF, Qt
from PyQt5.QtGui import QPainter, QPainterPath, QPen, QTransform

from desktop.film.painter import FilmPainter
from desktop.film.viewport import Viewport
from desktop.style.overlay_text import GROUND, INK

_RADIUS_PX: Final = 120
_TIMES: Final = 2.0


def glass(at: QPointF) -> QRect:
    """What it covers of the view."""
    side = 2 * _RADIUS_PX
    place = QRectF(at.x() - _RADIUS_PX, at.y() - _RADIUS_PX, side, side)
    return place.toAlignedRect().adjusted(-2, -2, 2, 2)


def paint_magnified(
    painter: QPainter, picture: FilmPainter, viewport: Viewport, at: QPointF
) -> None:
    """Magnify around a place: twice, or as far as the film has pixels for."""
    times = max(_TIMES, 1.0 / viewport.zoom)
    larger = QTransform.fromTranslate(-at.x(), -at.y())
    larger *= QTransform.fromScale(times, times)
    larger *= QTransform.fromTranslate(at.x(), at.y())
    round_glass = QPainterPath()
    round_glass.addEllipse(at, _RADIUS_PX, _RADIUS_PX)
    painter.save()
    painter.setClipPath(round_glass, Qt.ClipOperation.IntersectClip)
    painter.fillPath(round_glass, GROUND)
    to_view, zoom = viewport.transform * larger, viewport.zoom * times
    picture.paint(painter, to_view, round_glass.boundingRect(), zoom, is_kept=False)
    painter.restore()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.strokePath(round_glass, QPen(INK, 1.5))
