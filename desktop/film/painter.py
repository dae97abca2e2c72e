"""Paints a film, and what lies over it."""

from __future__ import annotations

from typing import Final

from PyQt5.QtCore import QRectF
from PyQt5.QtGui import QImage, QPainter, QPainterPath, QTransform

from desktop.film.outline import paint_outline
from desktop.film.pyramid import FilmPyramid
from desktop.film.ruler import Ruler
from desktop.film.shades import Shades

_SHARP_FROM: Final = 4.0  # from this zoom on, pixels are shown as squares


class FilmPainter:
    """What there is to paint, and the shades that it is painted with.

    Attributes:
        film: The film; None for none.
        shades: Its window.
        heat: Colours with their transparency, of any size, stretched over the film.
        is_heat_shown: Whether they are painted.
        heat_opacity: How strongly, 0 to 1.
        outline: Lines over all else, in pixels of the film.
        rulers: Distances that were measured on it.
    """

    def __init__(self) -> None:
        self.film: FilmPyramid | None = None
        self.shades = Shades()
        self.is_heat_shown, self.heat_opacity = True, 0.5
        self.clear()

    def clear(self) -> None:
        """Forget what lay over another film."""
        self.heat: QImage | None = None
        self.outline: QPainterPath | None = None
        self.rulers: list[Ruler] = []

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
        patch, source = self.shades.covering(self.film, visible, zoom, is_kept=is_kept)
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
