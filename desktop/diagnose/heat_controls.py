"""Switch, strength and legend of the heat map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from PyQt5.QtCore import QRectF, QSignalBlocker, QSize, Qt, pyqtSignal, pyqtSlot
from PyQt5.QtGui import QPainter, QPainterPath, QPaintEvent
from PyQt5.QtWidgets import (
    QCheckBox,
    QComboBox,
    QLabel,
    QSizePolicy,
    QSlider,
    QWidget,
)

from core.model.gradcam import FULL_SCALE, overlay
from desktop.film.pyramid import picture_image
from desktop.widgets.labels import Caption
from desktop.widgets.layouts import column, row

#: Share of the scale below which a heat map can hardly be seen.
_FAINT: Final = 0.15
_SAMPLE_GREY: Final = 110  # about the shade of lung on a film


class HeatControls(QWidget):
    """Let the user show the heat map and set how strong it is.

    Attributes:
        switch: Shows and hides it.
        slider: Its opacity in percent.
        contour: Whether lines are drawn around the evidence, not colours over it.
        layer: Where in the network the heat map is from; empty data for the last
            layer, whose evidence comes with the verdict.
        subject: What is said of the heat map.

    Signals:
        opacity_changed: float. 0 to 1, while the slider moves.
    """

    opacity_changed = pyqtSignal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.switch = QCheckBox("Show heat &map", self)
        self.switch.setToolTip("Show where the evidence lies (H; hold it to peek)")
        self.contour = QCheckBox("&Contours only", self)
        self.contour.setToolTip("Draw lines around the evidence, not colours over it")
        self._layers: Sequence[str] = ()
        self.layer = QComboBox(self)
        self.layer.setAccessibleName("Layer of the heat map")
        self.layer.setToolTip(
            "Earlier layers have finer heat maps, but know less of findings.\nTheir "
            "colours are relative to the strongest place, not in units of the logit."
        )
        self.slider = QSlider(Qt.Orientation.Horizontal, self)
        self.slider.setRange(0, 100)
        self.slider.setSingleStep(5)
        self.slider.setPageStep(20)
        self.slider.setAccessibleName("Opacity of the heat map, percent")
        self.slider.setToolTip("Opacity of the heat map")
        self.slider.valueChanged.connect(self._on_slider_value_changed)
        self._share = QLabel(self)
        self._share.setAlignment(Qt.AlignmentFlag.AlignRight)
        self._share.setMinimumWidth(self.fontMetrics().horizontalAdvance("100 %"))
        self._legend = HeatLegend(self)
        self.subject = Caption("", self)
        self._lay_out()
        self.set_opacity(0.5)

    @property
    def opacity(self) -> float:
        """Where the slider stands, 0 to 1."""
        return self.slider.value() / 100

    def set_shown(self, shown: bool) -> None:
        """Set the switch, without a signal."""
        with QSignalBlocker(self.switch):
            self.switch.setChecked(shown)

    def set_opacity(self, opacity: float) -> None:
        """Set the slider, without a signal; 0 to 1."""
        with QSignalBlocker(self.slider):
            self.slider.setValue(round(100 * opacity))
        self._show_opacity()

    def set_layers(self, names: Sequence[str]) -> None:
        """Offer the layers of a model, without a signal; see `layers_of`."""
        if names == self._layers:
            return
        self._layers = names
        earlier = list(names[:-1])[::-1]
        chosen = self.layer.currentData()
        with QSignalBlocker(self.layer):
            self.layer.clear()
            self.layer.addItem(f"Last layer ({names[-1]})" if names else "", "")
            for number, name in enumerate(earlier, start=1):
                self.layer.addItem(f"{2**number} × finer ({name})", name)
            if chosen in earlier:
                self.layer.setCurrentIndex(1 + earlier.index(chosen))
        for part in (self._layer_name, self.layer):
            part.setVisible(bool(earlier))

    def set_subject(self, display_name: str, strongest: float) -> None:
        """Say which finding the heat map explains, and whether it shows anything.

        Args:
            strongest: Share of the scale, 0 to 1, that the evidence reaches.
        """
        layer = self.layer.currentData()
        self._legend.set_relative(bool(layer))
        if layer:
            text = (
                f"Grad-CAM of {layer}: where the film argues for {display_name}, "
                "relative to the strongest place."
            )
        elif strongest >= _FAINT:
            text = f"Grad-CAM: where the film argues for {display_name}."
        elif strongest > 0:
            text = f"Little in the film argues for {display_name}: a faint heat map."
        else:
            text = f"Nothing in the film argues for {display_name}: no heat map."
        self.subject.setText(text)

    def say(self, text: str) -> None:
        """Say why there is no heat map."""
        self.subject.setText(text)

    @pyqtSlot(int)
    def _on_slider_value_changed(self, value: int) -> None:
        self._show_opacity()
        self.opacity_changed.emit(self.opacity)

    def _show_opacity(self) -> None:
        self._share.setText(f"{self.slider.value()} %")
        self._legend.set_opacity(self.opacity)

    def _lay_out(self) -> None:
        caption = Caption("Opacity", self)
        caption.setWordWrap(False)
        caption.setBuddy(self.slider)
        self._layer_name = Caption("Layer", self)
        self._layer_name.setWordWrap(False)
        self._layer_name.setBuddy(self.layer)
        for part in (self._layer_name, self.layer):
            part.hide()  # until a model has some
        column(
            row(self.switch, None, self.contour),
            row(self._layer_name, (self.layer, 1)),
            self.subject,
            row(caption, (self.slider, 1), self._share),
            self._legend,
            of=self,
            gap=7,
        )


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
