"""Widgets in which one value of a training job is changed."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from PyQt5.QtCore import QSignalBlocker, Qt, pyqtSignal, pyqtSlot
from PyQt5.QtGui import QValidator, QWheelEvent
from PyQt5.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLineEdit,
    QSlider,
    QWidget,
)

from desktop.retrain.settings.field import Field

_RATE_BEGUN: Final = re.compile(r"\d{0,4}(\.\d*)?([eE][+-]?\d{0,2})?")
_WIDTH_PX: Final = 170
_WIDE_PX: Final = 320


class CalmSpinBox(QDoubleSpinBox):
    """Leaves the wheel to the page that it scrolls with, unless it has the focus."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setKeyboardTracking(False)

    # Qt overrides

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class CalmComboBox(QComboBox):
    """Leaves the wheel to the page that it scrolls with, unless it has the focus."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        policy = QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        self.setSizeAdjustPolicy(policy)
        self.setMinimumContentsLength(12)

    # Qt overrides

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class CalmSlider(QSlider):
    """Leaves the wheel to the page that it scrolls with, unless it has the focus."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    # Qt overrides

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


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
        allowed = [self.minimum(), *series]
        value = self.value()
        for _ in range(abs(steps)):
            if steps > 0:
                above = [step for step in allowed if step > value * 1.0001]
                value = above[0] if above else value
            else:
                below = [step for step in allowed if step < value * 0.9999]
                value = below[-1] if below else value
        self.setValue(value)


class Editor(QWidget):
    """One value to change; each kind of value has an editor of its own.

    Attributes:
        field: What is changed.
        set_value: Shows a value, without a signal.

    Signals:
        value_changed: object. The user changed it; as `TrainingConfig` has it.
    """

    value_changed = pyqtSignal(object)
    set_value: Callable[[Any], None]

    def __init__(self, field: Field, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.field = field
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(0, 0, 0, 0)
        self.row.setSpacing(8)

    def _add(self, widget: QWidget, width: int) -> None:
        widget.setAccessibleName(self.field.title)
        widget.setAccessibleDescription(self.field.help)
        widget.setToolTip(self.field.help)
        widget.setMaximumWidth(width)
        self.row.addWidget(widget, 0 if isinstance(widget, QCheckBox) else 100)
        if self.focusProxy() is None:
            self.setFocusProxy(widget)


class NumberEditor(Editor):
    """A number, with a slider where one helps."""

    def __init__(self, field: Field, parent: QWidget | None = None) -> None:
        super().__init__(field, parent)
        self.box = RateBox(self) if field.kind == "rate" else CalmSpinBox(self)
        if field.kind != "rate":
            self.box.setDecimals(field.decimals)
            self.box.setSingleStep(field.step)
        self.box.setRange(self._lowest(), field.high)
        self.box.setSuffix(field.unit)
        if field.zero and field.low == 0:
            self.box.setSpecialValueText(field.zero)
        self.slider: QSlider | None = None
        if field.has_slider:
            self.slider = CalmSlider(self)
            self.slider.setRange(round(field.low), round(field.high))
            self.slider.valueChanged.connect(self._on_slider_value_changed)
            self._add(self.slider, _WIDTH_PX)
            self.slider.setAccessibleName(f"{field.title}, slider")
        self._add(self.box, _WIDTH_PX)
        self.row.addStretch(1)
        self.box.valueChanged.connect(self._on_box_value_changed)

    def set_value(self, value: Any) -> None:
        """Show a value, without a signal."""
        with QSignalBlocker(self.box):
            self.box.setValue(value * self.field.scale)
        self._follow()

    @pyqtSlot(float)
    def _on_box_value_changed(self, shown: float) -> None:
        self._follow()
        value = round(shown / self.field.scale, 12)
        self.value_changed.emit(int(value) if self.field.kind == "whole" else value)

    @pyqtSlot(int)
    def _on_slider_value_changed(self, shown: int) -> None:
        self.box.setValue(shown)

    def _follow(self) -> None:
        if self.slider is not None:
            with QSignalBlocker(self.slider):
                self.slider.setValue(round(self.box.value()))

    def _lowest(self) -> float:
        if self.field.kind == "rate" and not self.field.zero:
            return 1e-9
        return self.field.low


class ChoiceEditor(Editor):
    """One of a few values."""

    def __init__(self, field: Field, parent: QWidget | None = None) -> None:
        super().__init__(field, parent)
        self.combo = CalmComboBox(self)
        for value, title in field.setting.choices.items():
            self.combo.addItem(title, value)
        self._add(self.combo, _WIDE_PX)
        self.row.addStretch(1)
        self.combo.activated.connect(self._on_combo_activated)

    def set_value(self, value: Any) -> None:
        """Show a value, without a signal."""
        self.combo.setCurrentIndex(self.combo.findData(value))

    @pyqtSlot(int)
    def _on_combo_activated(self, index: int) -> None:
        self.value_changed.emit(self.combo.itemData(index))


class HeadEditor(Editor):
    """The hidden layers of the head: one of the usual, or typed."""

    def __init__(self, field: Field, parent: QWidget | None = None) -> None:
        super().__init__(field, parent)
        self.combo = CalmComboBox(self)
        self.combo.setEditable(True)
        self.combo.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.combo.addItems(field.setting.examples)
        self._add(self.combo, _WIDTH_PX)
        self.row.addStretch(1)
        self.combo.editTextChanged.connect(self._on_combo_text_changed)

    def set_value(self, value: Any) -> None:
        """Show a value, without a signal."""
        with QSignalBlocker(self.combo):
            self.combo.setEditText(value)

    @pyqtSlot(str)
    def _on_combo_text_changed(self, text: str) -> None:
        self.value_changed.emit(text.strip())


class FlagEditor(Editor):
    """Yes or no."""

    def __init__(self, field: Field, parent: QWidget | None = None) -> None:
        super().__init__(field, parent)
        self.check = QCheckBox("", self)
        self._add(self.check, _WIDE_PX)
        self.row.addStretch(1)
        self.check.toggled.connect(self._on_check_toggled)

    def set_value(self, value: Any) -> None:
        """Show a value, without a signal."""
        with QSignalBlocker(self.check):
            self.check.setChecked(value)

    @pyqtSlot(bool)
    def _on_check_toggled(self, is_on: bool) -> None:
        self.value_changed.emit(is_on)


class TextEditor(Editor):
    """A line of text, or several texts with semicolons between."""

    def __init__(self, field: Field, parent: QWidget | None = None) -> None:
        super().__init__(field, parent)
        self.line = QLineEdit(self)
        if field.kind == "list":
            self.line.setPlaceholderText("several with semicolons between")
        self._add(self.line, _WIDE_PX)
        self.row.addStretch(1)
        self.line.textEdited.connect(self._on_line_text_edited)

    def set_value(self, value: Any) -> None:
        """Show a value, without a signal."""
        self.line.setText(value if isinstance(value, str) else "; ".join(value))

    @pyqtSlot(str)
    def _on_line_text_edited(self, text: str) -> None:
        if self.field.kind == "list":
            parts = [part.strip() for part in text.split(";")]
            self.value_changed.emit([part for part in parts if part])
        else:
            self.value_changed.emit(text.strip())


def make_editor(field: Field, parent: QWidget) -> Editor:
    """The editor that fits a setting's kind."""
    kinds: dict[str, type[Editor]] = {
        "whole": NumberEditor,
        "number": NumberEditor,
        "rate": NumberEditor,
        "choice": ChoiceEditor,
        "flag": FlagEditor,
        "head": HeadEditor,
        "text": TextEditor,
        "list": TextEditor,
    }
    return kinds[field.kind](field, parent)
