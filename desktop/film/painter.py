"""Paints a film, what lies over it, and a part of it larger."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PyQt5.QtCore import QPointF, QRect, QRectF, Qt
from PyQt5.QtGui import QImage, QPainter, QPainterPath, QPen, QTransform

from desktop.film.outline import paint_outline
from desktop.film.pyramid import FilmPyramid, Patch, render_patch, window_table
from desktop.film.ruler import Ruler
from desktop.film.viewport import Viewport
from desktop.style.overlay_text import GROUND, INK

_SHARP_FROM: Final = 4.0  # from this zoom on, pixels are shown as squares
#: Pixels shaded at most beyond what is visible, so that panning is free.
_SPARE_PIXELS: Final = 2_000_000
#: Of the magnifier.
_RADIUS_PX: Final = 120
_TIMES: Final = 2.0


class FilmPainter:
    """What there is to paint; the shades on screen are kept until others are needed.

    Attributes:
        film: The film; None for none.
        low: Film value shown as black.
        high: Film value shown as white.
        is_inverted: Whether dark and light are exchanged.
        heat: Colours with their transparency, of any size, stretched over the film.
        is_heat_shown: Whether they are painted.
        heat_opacity: How strongly, 0 to 1.
        outline: Lines over all else, in pixels of the film.
        rulers: Distances that were measured on it.
    """

    def __init__(self) -> None:
        self.film: FilmPyramid | None = None
        self.low, self.high = 0.0, 255.0
        self.is_inverted = False
        self.is_heat_shown, self.heat_opacity = True, 0.5
        self.forget_shades()
        self.clear()

    def clear(self) -> None:
        """Forget what lay over another film."""
        self.heat: QImage | None = None
        self.outline: QPainterPath | None = None
        self.rulers: list[Ruler] = []

    def forget_shades(self) -> None:
        """The film, its window or its inversion has changed."""
        self._table: NDArray[np.uint8] | None = None
        self._patch: Patch | None = None

    def paint(
        self,
        painter: QPainter,
        to_view: QTransform,
        area: QRectF,
        zoom: float,
        *,
        is_kept: bool = True,
    ) -> None:
        """Paint what of the film lies in an area of the view.

        Args:
            to_view: From film pixels to logical pixels.
            area: In logical pixels.
            zoom: Screen pixels per film pixel.
            is_kept: Whether the shades may be of use for the next time.
        """
        if self.film is None:
            return
        height, width = self.film.size
        visible = to_view.inverted()[0].mapRect(area) & QRectF(0, 0, width, height)
        if visible.isEmpty():
            return
        patch, source = self._covering(self.film, visible, zoom, is_kept=is_kept)
        painter.save()
        painter.setTransform(to_view)
        smooth = QPainter.RenderHint.SmoothPixmapTransform
        painter.setRenderHint(smooth, zoom < _SHARP_FROM)
        painter.drawImage(visible, patch.image, source)
        if self.heat is not None and self.is_heat_shown:
            painter.setRenderHint(smooth)
            painter.setOpacity(self.heat_opacity)
            x, y = self.heat.width() / width, self.heat.height() / height
            part = QTransform.fromScale(x, y).mapRect(visible)
            painter.drawImage(visible, self.heat, part)
            painter.setOpacity(1.0)
        if self.outline is not None:
            paint_outline(painter, self.outline)
        for ruler in self.rulers:
            ruler.paint(painter, zoom)
        painter.restore()

    def paint_magnified(
        self, painter: QPainter, viewport: Viewport, at: QPointF
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
        self.paint(painter, to_view, round_glass.boundingRect(), zoom, is_kept=False)
        painter.restore()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.strokePath(round_glass, QPen(INK, 1.5))

    def _covering(
        self, film: FilmPyramid, visible: QRectF, zoom: float, *, is_kept: bool
    ) -> tuple[Patch, QRectF]:
        """Shades that cover `visible`, in film pixels, and its place in them."""
        level = film.level_for(zoom)
        rows, columns = film.levels[level].shape
        x, y = columns / film.size[1], rows / film.size[0]
        part = QTransform.fromScale(x, y).mapRect(visible)
        whole = QRect(0, 0, columns, rows)
        needed = part.toAlignedRect().adjusted(-1, -1, 1, 1).intersected(whole)
        patch = self._patch
        if patch is None or patch.level != level or not patch.area.contains(needed):
            if self._table is None:
                self._table = window_table(
                    film, self.low, self.high, inverted=self.is_inverted
                )
            area = _grown(needed, _SPARE_PIXELS) if is_kept else needed
            patch = render_patch(film, level, area, self._table)
            self._patch = patch if is_kept else self._patch
        return patch, part.translated(-QPointF(patch.area.topLeft()))


def magnifier_area(at: QPointF) -> QRect:
    """What the magnifier covers of the view."""
    side = 2 * _RADIUS_PX
    place = QRectF(at.x() - _RADIUS_PX, at.y() - _RADIUS_PX, side, side)
    return place.toAlignedRect().adjusted(-2, -2, 2, 2)


def _grown(area: QRect, spare_pixels: int) -> QRect:
    """Widen on all sides, to twice the size at most, by `spare_pixels` at most."""
    wide, high = max(1, area.width()), max(1, area.height())
    growth = min(2.0, (1.0 + spare_pixels / (wide * high)) ** 0.5)
    dx, dy = int(wide * (growth - 1) / 2), int(high * (growth - 1) / 2)
    return area.adjusted(-dx, -dy, dx, dy)
