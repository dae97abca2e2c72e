"""One line of the settings form, and a folded group of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PyQt5.QtCore import QSize, Qt, pyqtSignal, pyqtSlot
from PyQt5.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop.retrain.settings.editors import Editor, make_editor
from desktop.retrain.settings.field import Field, Group
from desktop.retrain.settings.weights_editor import WeightsEditor
from desktop.style import icons
from desktop.widgets.disclosure import Disclosure
from desktop.widgets.labels import Caption
from desktop.widgets.message_card import NoteRow

_TITLE_PX = 160


class SettingRow(QWidget):
    """A setting: title, editor, what it does, what is wrong, and the way back.

    Signals:
        value_changed: str, object. Name of the setting and its new value.
    """

    value_changed = pyqtSignal(str, object)

    def __init__(self, field: Field, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.field = field
        self._preset_value: Any = None
        self._value: Any = None
        self.editor: Editor = (
            WeightsEditor(field, self)
            if field.kind == "weights"
            else make_editor(field, self)
        )
        self.editor.value_changed.connect(self._on_editor_value_changed)
        self._title = QLabel(field.title, self)
        self._title.setWordWrap(True)
        self._title.setFixedWidth(_TITLE_PX)
        self._title.setBuddy(self.editor)
        self._help = Caption(field.help, self)
        self._back = QToolButton(self)
        self._back.setObjectName("backToPreset")
        self._back.setText("changed")
        self._back.setIcon(icons.icon("reset"))
        self._back.setIconSize(QSize(14, 14))
        self._back.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._back.clicked.connect(self._on_back_clicked)
        self._back.hide()
        self._error = NoteRow(self)
        self._lay_out()

    @property
    def error(self) -> str:
        """What is wrong with the value; empty if nothing is."""
        return self._error.text

    @property
    def is_changed(self) -> bool:
        """Whether the value is not the preset's."""
        return not self._back.isHidden()

    @property
    def back(self) -> QToolButton:
        """Brings back the preset's value."""
        return self._back

    def set_preset_value(self, value: Any) -> None:
        """Tell which value the preset has."""
        self._preset_value = value
        words = f"Back to the preset: {self.field.setting.in_words(value)}"
        self._back.setToolTip(words)
        self._back.setAccessibleName(f"{self.field.title} was changed. {words}")
        self._mark()

    def set_value(self, value: Any) -> None:
        """Show a value, without a signal."""
        self._value = value
        self.editor.set_value(value)
        self._mark()

    def set_error(self, error: str) -> None:
        """Say what is wrong with the value."""
        self._error.set_text(error, "stop")

    @pyqtSlot(object)
    def _on_editor_value_changed(self, value: Any) -> None:
        self._value = value
        self._mark()
        self.value_changed.emit(self.field.name, value)

    @pyqtSlot()
    def _on_back_clicked(self) -> None:
        self.editor.setFocus()
        self.set_value(self._preset_value)
        self.value_changed.emit(self.field.name, self._preset_value)

    def _mark(self) -> None:
        # What changes in most runs is no deviation from a recipe.
        is_own = self.field.name == "name"
        self._back.setVisible(self._value != self._preset_value and not is_own)

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(self.editor, 1)
        line.addWidget(self._back, 0, Qt.AlignmentFlag.AlignTop)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 3, 0, 5)
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(1, 1)
        top = Qt.AlignmentFlag.AlignTop
        # In line with the text of the editor, whose frame is taller.
        self._title.setContentsMargins(0, 4, 0, 0)
        grid.addWidget(self._title, 0, 0, 3, 1, top)
        grid.setRowStretch(2, 1)
        grid.addLayout(line, 0, 1)
        grid.addWidget(self._error, 1, 1)
        grid.addWidget(self._help, 2, 1)


class GroupSection(Disclosure):
    """Settings that belong together, folded under a line that sums them up.

    Attributes:
        rows: Name -> row.
    """

    def __init__(self, group: Group, parent: QWidget | None = None) -> None:
        super().__init__(group.title, parent)
        self.group = group
        self.rows: dict[str, SettingRow] = {}
        self.column = QVBoxLayout(self.body)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(2)
        for field in group.fields:
            row = SettingRow(field, self.body)
            self.rows[field.name] = row
            self.column.addWidget(row)
        self._values: Mapping[str, Any] = {}
        self.set_open(group.is_open)
        self.toggled.connect(self._on_toggled)

    def show_summary(self, values: Mapping[str, Any]) -> None:
        """Sum up the values in the heading, while they are folded away."""
        self._values = values
        self._sum_up()

    @pyqtSlot(bool)
    def _on_toggled(self, is_open: bool) -> None:
        self._sum_up()

    def _sum_up(self) -> None:
        values = self._values
        changed = sum(row.is_changed for row in self.rows.values())
        wrong = sum(bool(row.error) for row in self.rows.values())
        words = []
        if not self.is_open:
            shown = (f for f in self.group.fields[:4] if f.kind != "weights")
            words = [_summed_up(field, values[field.name]) for field in shown]
            words = [word for word in words if word]
        if changed:
            words.insert(0, f"{changed} changed")
        if wrong:
            words.insert(0, f"{wrong} cannot be used")
        self.set_summary(" · ".join(words))


def _summed_up(field: Field, value: Any) -> str:
    """A setting in a few words; empty for what is left out."""
    title, words = _lower(field.title), field.setting.in_words(value)
    if field.kind == "flag":
        return title if value else ""
    # "never stop early" is a sentence of its own, "off" is not.
    return words if words == field.zero and " " in words else f"{title} {words}"


def _lower(title: str) -> str:
    """A title within a sentence; names keep their capitals."""
    return (
        title
        if title[1:2].isupper() or title.startswith("Keras")
        else (title[:1].lower() + title[1:])
    )
