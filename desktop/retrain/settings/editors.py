"""Widgets in which one value of a training job is changed."""

from __future__ import annotations

import re
from abc import abstractmethod
from typing import Any, Final

from PyQt5.QtCore import QSignalBlocker, Qt, pyqtSignal, pyqtSlot
from PyQt5.QtGui import QValidator
from PyQt5.QtWidgets import QCheckBox, QDoubleSpinBox, QLineEdit, QSlider, QWidget

from desktop.retrain.settings.fields import Field
from desktop.widgets.buttons import Calm, ChoiceBox
from desktop.widgets.layouts import row

_RATE_BEGUN: Final = re.compile(r"\d{0,4}(\.\d*)?([eE][+-]?\d{0,2})?")
_WIDTH_PX: Final = 170
_WIDE_PX: Final = 320


class CalmSpinBox(Calm, QDoubleSpinBox):
    """A number that scrolling past does not change."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setKeyboardTracking(False)


class _CalmSlider(Calm, QSlider):
    """A slider that scrolling past does not move."""


class RateBox(CalmSpinBox):
    """A number over many orders of magnitude; each step goes to 1, 2 or 5."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setDecimals(12)

    # Qt overrides

    def textFromValue(self, value: float) -> str:
        return f"{value:.10g}"

    def valueFromText(self, text: str) -> float:
        try:
            return float(text)
        except ValueError:
            return self.value()

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        if text == self.specialValueText():
            return QValidator.State.Acceptable, text, position
        if not _RATE_BEGUN.fullmatch(text):
            return QValidator.State.Invalid, text, position
        try:
            fits = self.minimum() <= float(text) <= self.maximum()
        except ValueError:
            fits = False
        state = QValidator.State.Acceptable if fits else QValidator.State.Intermediate
        return state, text, position

    def stepBy(self, steps: int) -> None:
        series = [m * 10.0**e for e in range(-9, 1) for m in (1, 2, 5)]
        value = self.value()
        for _ in range(abs(steps)):
            if steps > 0:
                value = min((s for s in series if s > value * 1.0001), default=value)
            else:
                below = (s for s in series if s < value * 0.9999)
                value = max(below, default=self.minimum())
        self.setValue(value)


class Editor(QWidget):
    """One value to change.

    Attributes:
        field: What is changed.

    Signals:
        value_changed: object. The user changed it; as `TrainingConfig` has it.
    """

    value_changed = pyqtSignal(object)

    def __init__(self, field: Field, parent: QWidget) -> None:
        super().__init__(parent)
        self.field = field
        self.row = row(None, of=self)

    @abstractmethod
    def set_value(self, value: Any) -> None:
        """Show a value, without a signal."""

    def _add(self, widget: QWidget, width: int) -> None:
        setting = self.field.setting
        widget.setAccessibleName(setting.title)
        widget.setAccessibleDescription(setting.help)
        widget.setToolTip(setting.help)
        widget.setMaximumWidth(width)
        stretch = 0 if isinstance(widget, QCheckBox) else 100
        self.row.insertWidget(self.row.count() - 1, widget, stretch)
        if self.focusProxy() is None:
            self.setFocusProxy(widget)


class NumberEditor(Editor):
    """A number, with a slider where one helps."""

    def __init__(self, field: Field, parent: QWidget) -> None:
        super().__init__(field, parent)
        setting, is_rate = field.setting, field.kind == "rate"
        self.box = RateBox(self) if is_rate else CalmSpinBox(self)
        if not is_rate:
            self.box.setDecimals(field.decimals)
            self.box.setSingleStep(field.step)
        least = 1e-9 if is_rate and not setting.zero else field.low
        self.box.setRange(least, field.high)
        self.box.setSuffix(setting.shown_unit)
        if setting.zero and field.low == 0:
            self.box.setSpecialValueText(setting.zero)
        self.slider: QSlider | None = None
        if field.has_slider:
            self.slider = _CalmSlider(Qt.Orientation.Horizontal, self)
            self.slider.setRange(round(field.low), round(field.high))
            self.slider.valueChanged.connect(self.box.setValue)
            self._add(self.slider, _WIDTH_PX)
            self.slider.setAccessibleName(f"{setting.title}, slider")
        self._add(self.box, _WIDTH_PX)
        self.box.valueChanged.connect(self._on_box_value_changed)

    @property
    def value(self) -> float:
        """The number, as `TrainingConfig` has it."""
        value = round(self.box.value() / self.field.setting.scale, 12)
        return int(value) if self.field.kind == "whole" else value

    def set_value(self, value: Any) -> None:
        with QSignalBlocker(self.box):
            self.box.setValue(value * self.field.setting.scale)
        self._follow()

    @pyqtSlot()
    def _on_box_value_changed(self) -> None:
        self._follow()
        self.value_changed.emit(self.value)

    def _follow(self) -> None:
        if self.slider is not None:
            with QSignalBlocker(self.slider):
                self.slider.setValue(round(self.box.value()))


class ChoiceEditor(Editor):
    """One of a few values."""

    def __init__(self, field: Field, parent: QWidget) -> None:
        super().__init__(field, parent)
        self._combo = ChoiceBox("", self)
        for value, title in field.setting.choices.items():
            self._combo.addItem(title, value)
        self._add(self._combo, _WIDE_PX)
        self._combo.activated.connect(self._on_combo_activated)

    def set_value(self, value: Any) -> None:
        self._combo.setCurrentIndex(self._combo.findData(value))

    @pyqtSlot()
    def _on_combo_activated(self) -> None:
        self.value_changed.emit(self._combo.currentData())


class FlagEditor(Editor):
    """Yes or no."""

    def __init__(self, field: Field, parent: QWidget) -> None:
        super().__init__(field, parent)
        self._check = QCheckBox("", self)
        self._add(self._check, _WIDE_PX)
        self._check.clicked.connect(self.value_changed.emit)

    def set_value(self, value: Any) -> None:
        self._check.setChecked(value)


class TextEditor(Editor):
    """A line of text: any, several with semicolons between, or often one of a few."""

    def __init__(self, field: Field, parent: QWidget) -> None:
        super().__init__(field, parent)
        self.line = QLineEdit(self)
        if field.kind == "head":
            combo = ChoiceBox("", self, letters=8)
            combo.setLineEdit(self.line)
            combo.setInsertPolicy(ChoiceBox.InsertPolicy.NoInsert)
            combo.addItems(field.setting.examples)
            self._add(combo, _WIDTH_PX)
        else:
            self._add(self.line, _WIDE_PX)
        if field.kind == "list":
            self.line.setPlaceholderText("several with semicolons between")
        self.line.textChanged.connect(self._on_line_text_changed)

    def set_value(self, value: Any) -> None:
        with QSignalBlocker(self.line):
            self.line.setText(value if isinstance(value, str) else "; ".join(value))

    @pyqtSlot(str)
    def _on_line_text_changed(self, text: str) -> None:
        if self.field.kind == "list":
            parts = [part.strip() for part in text.split(";")]
            self.value_changed.emit([part for part in parts if part])
        else:
            self.value_changed.emit(text.strip())


def make_editor(field: Field, parent: QWidget) -> Editor:
    """The editor that fits a setting's kind."""
    if field.kind in ("whole", "number", "rate"):
        return NumberEditor(field, parent)
    kinds = {"choice": ChoiceEditor, "flag": FlagEditor}
    return kinds.get(field.kind, TextEditor)(field, parent)
