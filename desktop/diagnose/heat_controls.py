"""Switch, strength and legend of the heat map."""

from __future__ import annotations

from typing import Final

from PyQt5.QtCore import QSignalBlocker, Qt, pyqtSignal, pyqtSlot
from PyQt5.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from desktop.film.legend import HeatLegend
from desktop.widgets.labels import Caption

#: Share of the scale below which a heat map can hardly be seen.
_FAINT: Final = 0.15


class HeatControls(QWidget):
    """Let the user show the heat map and set how strong it is.

    Attributes:
        contour: Whether lines are drawn around the evidence, not colours over it.

    Signals:
        shown_changed: bool. The user switched it.
        opacity_changed: float. 0 to 1, while the slider moves.
    """

    shown_changed = pyqtSignal(bool)
    opacity_changed = pyqtSignal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._switch = QCheckBox("Show &heat map", self)
        self._switch.setToolTip("Show where the evidence lies (H)")
        self._switch.toggled.connect(self.shown_changed)
        self.contour = QCheckBox("&Contours only", self)
        self.contour.setToolTip("Draw lines around the evidence, not colours over it")
        self._slider = QSlider(Qt.Orientation.Horizontal, self)
        self._slider.setRange(0, 100)
        self._slider.setSingleStep(5)
        self._slider.setPageStep(20)
        self._slider.setAccessibleName("Opacity of the heat map, percent")
        self._slider.setToolTip("Opacity of the heat map")
        self._slider.valueChanged.connect(self._on_slider_value_changed)
        self._share = QLabel(self)
        self._share.setAlignment(Qt.AlignmentFlag.AlignRight)
        self._share.setMinimumWidth(self.fontMetrics().horizontalAdvance("100 %"))
        self._legend = HeatLegend(self)
        self._subject = Caption("", self)
        self._lay_out()
        self.set_opacity(0.5)

    @property
    def switch(self) -> QCheckBox:
        """The box that shows and hides the heat map."""
        return self._switch

    @property
    def slider(self) -> QSlider:
        """Opacity in percent."""
        return self._slider

    @property
    def opacity(self) -> float:
        """Where the slider stands, 0 to 1."""
        return self._slider.value() / 100

    def set_shown(self, shown: bool) -> None:
        """Set the switch, without a signal."""
        with QSignalBlocker(self._switch):
            self._switch.setChecked(shown)

    def set_opacity(self, opacity: float) -> None:
        """Set the slider, without a signal; 0 to 1."""
        with QSignalBlocker(self._slider):
            self._slider.setValue(round(100 * opacity))
        self._show_opacity()

    @property
    def subject(self) -> str:
        """What is said of the heat map."""
        return self._subject.text()

    def set_subject(self, display_name: str, strongest: float) -> None:
        """Say which finding the heat map explains, and whether it shows anything.

        Args:
            strongest: Share of the scale, 0 to 1, that the evidence reaches.
        """
        if strongest >= _FAINT:
            text = f"Grad-CAM: where the film argues for {display_name}."
        elif strongest > 0:
            text = f"Little in the film argues for {display_name}: a faint heat map."
        else:
            text = f"Nothing in the film argues for {display_name}: no heat map."
        self._subject.setText(text)

    @pyqtSlot(int)
    def _on_slider_value_changed(self, value: int) -> None:
        self._show_opacity()
        self.opacity_changed.emit(self.opacity)

    def _show_opacity(self) -> None:
        self._share.setText(f"{self._slider.value()} %")
        self._legend.set_opacity(self.opacity)

    def _lay_out(self) -> None:
        caption = Caption("Opacity", self)
        caption.setWordWrap(False)
        caption.setBuddy(self._slider)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(caption)
        row.addWidget(self._slider, 1)
        row.addWidget(self._share)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(7)
        switches = QHBoxLayout()
        switches.addWidget(self._switch)
        switches.addStretch(1)
        switches.addWidget(self.contour)
        column.addLayout(switches)
        column.addWidget(self._subject)
        column.addLayout(row)
        column.addWidget(self._legend)
