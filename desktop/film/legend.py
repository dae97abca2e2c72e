"""What the colours of a heat map mean."""

from __future__ import annotations

import numpy as np
from PyQt5.QtCore import QRectF, QSize
from PyQt5.QtGui import QPainter, QPainterPath, QPaintEvent
from PyQt5.QtWidgets import QSizePolicy, QWidget

from core.model.gradcam import FULL_SCALE, overlay
from desktop.film.pyramid import picture_image
from desktop.widgets.labels import Caption
from desktop.widgets.layouts import column, row

_SAMPLE_GREY = 110  # about the shade of lung on a film


class HeatLegend(QWidget):
    """The heat map's colours as they look on a film, from little to strong.

    Lightness alone tells the order, so it reads with any colour blindness.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ramp = _Ramp(self)
        little = Caption("no evidence", self)
        self._strong = Caption("", self)
        for caption in (little, self._strong):
            caption.setWordWrap(False)
        column(self._ramp, row(little, None, self._strong), of=self, gap=3)
        self.setAccessibleName("Legend of the heat map")
        self.set_relative(False)

    def set_relative(self, is_relative: bool) -> None:
        """Say whether the scale is each heat map's own, or the same for all."""
        strong = "strongest place" if is_relative else "strong evidence"
        self._strong.setText(strong)
        self.setAccessibleDescription(
            f"From dark, no evidence, to bright yellow, {strong}"
        )
        self.setToolTip(
            "Relative: full colour is the strongest place of this film and finding"
            if is_relative
            else "The same scale for every film and finding, up to evidence of "
            f"{FULL_SCALE:g} in units of the logit"
        )

    def set_opacity(self, opacity: float) -> None:
        """Show the colours as they look at this opacity, 0 to 1."""
        self._ramp.set_opacity(opacity)


class _Ramp(QWidget):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.set_opacity(0.5)

    def set_opacity(self, opacity: float) -> None:
        heat = np.linspace(0.0, 1.0, 256, dtype=np.float32)[np.newaxis]
        grey = np.full(heat.shape, _SAMPLE_GREY, np.uint8)
        self._image = picture_image(overlay(grey, heat, opacity))
        self.update()

    # Qt overrides

    def sizeHint(self) -> QSize:
        return QSize(200, 12)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        frame = QPainterPath()
        frame.addRoundedRect(QRectF(self.rect()), 3, 3)
        painter.setClipPath(frame)
        painter.drawImage(QRectF(self.rect()), self._image)
