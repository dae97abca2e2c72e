"""A distance measured on a film."""

from __future__ import annotations

import dataclasses
import math
from typing import Final

from PyQt5.QtCore import QPointF
from PyQt5.QtGui import QColor, QPainter, QPainterPath, QPen

from core.films.pixels import PixelSpacing
from desktop.style.overlay_text import INK

#: What it is drawn with: dark below, for where the film is bright.
_PENS: Final = ((QColor(0, 0, 0, 170), 4.0), (INK, 1.6))
#: Of the lines across its ends, to each side; screen pixels.
_TICK_PX: Final = 7


@dataclasses.dataclass(frozen=True)
class Ruler:
    """A line between two points, in pixels of the film."""

    start: QPointF
    end: QPointF

    def text(self, spacing: PixelSpacing | None) -> str:
        """Its length in millimetres where these are known, else in pixels."""
        across, down = (self.end - self.start).x(), (self.end - self.start).y()
        if spacing is None:
            return f"{math.hypot(across, down):,.0f} pixels"
        length = math.hypot(across * spacing.across, down * spacing.down)
        where = " at the detector" if spacing.at_detector else ""
        return f"{length:,.1f} mm{where}"

    def paint(self, painter: QPainter, zoom: float) -> None:
        """Draw it, the painter being in pixels of the film.

        Args:
            zoom: Screen pixels per film pixel.
        """
        along = self.end - self.start
        length = max(math.hypot(along.x(), along.y()), 1e-9)
        across = QPointF(-along.y(), along.x()) * (_TICK_PX / zoom / length)
        path = QPainterPath(self.start)
        path.lineTo(self.end)
        for end in (self.start, self.end):
            path.moveTo(end - across)
            path.lineTo(end + across)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for colour, width in _PENS:
            pen = QPen(colour, width)
            pen.setCosmetic(True)
            painter.strokePath(path, pen)
