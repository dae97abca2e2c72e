"""One line of the settings form, and a folded group of them."""

from __future__ import annotations

from typing import Any

from PyQt5.QtCore import QSize, Qt, pyqtSignal, pyqtSlot
from PyQt5.QtWidgets import QLabel, QToolButton, QWidget

from desktop.retrain.settings.editors import Editor, make_editor
from desktop.retrain.settings.fields import Field, Group
from desktop.retrain.settings.weights_editor import WeightsEditor
from desktop.style import icons
from desktop.widgets.disclosure import Disclosure
from desktop.widgets.labels import Caption
from desktop.widgets.layouts import column, row
from desktop.widgets.message_card import NoteRow

_TITLE_PX = 160


class FormRow(QWidget):
    """Something to fill in: title, editor, what is wrong, more, and what it does.

    Attributes:
        line: Of the editor.
        body: That line, and what stands below it.
    """

    def __init__(
        self, title: str, about: str, editor: QWidget, *more: QWidget, parent: QWidget
    ) -> None:
        super().__init__(parent)
        name = QLabel(title, self)
        name.setWordWrap(True)
        name.setFixedWidth(_TITLE_PX)
        # In line with the text of the editor, whose frame is taller.
        name.setContentsMargins(0, 4, 0, 0)
        name.setBuddy(editor)
        self._error = NoteRow(self)
        self.line = row((editor, 100), None)
        about_it = Caption(about, self)
        self.body = column(self.line, self._error, *more, about_it, None, gap=2)
        row(name, (self.body, 1), of=self, gap=14, margins=(0, 3, 0, 5))
        self.layout().setAlignment(name, Qt.AlignmentFlag.AlignTop)

    @property
    def error(self) -> str:
        """What is wrong with the value; empty if nothing is."""
        return self._error.text

    def set_error(self, error: str) -> None:
        """Say what is wrong with the value."""
        self._error.set_text(error, "stop")


class SettingRow(FormRow):
    """A setting, with the way back to the preset's value.

    Attributes:
        value, preset_value: As `TrainingConfig` has them.

    Signals:
        value_changed: str. Name of the setting; the user changed it.
    """

    value_changed = pyqtSignal(str)

    def __init__(self, field: Field, parent: QWidget) -> None:
        make = WeightsEditor if field.kind == "weights" else make_editor
        self.editor: Editor = make(field, parent)
        setting = field.setting
        super().__init__(setting.title, setting.help, self.editor, parent=parent)
        self.field = field
        self.value: Any = None
        self.preset_value: Any = None
        self.editor.value_changed.connect(self._take)
        self.back = QToolButton(self)
        self.back.setObjectName("backToPreset")
        self.back.setText("changed")
        self.back.setIcon(icons.icon("reset"))
        self.back.setIconSize(QSize(14, 14))
        self.back.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.back.clicked.connect(self._on_back_clicked)
        self.line.addWidget(self.back, 0, Qt.AlignmentFlag.AlignTop)

    @property
    def is_changed(self) -> bool:
        """Whether the value is not the preset's."""
        # What changes in most runs is no deviation from a recipe.
        return self.value != self.preset_value and self.field.name != "name"

    def set_preset_value(self, value: Any) -> None:
        """Tell which value the preset has."""
        self.preset_value = value
        words = f"Back to the preset: {self.field.setting.in_words(value)}"
        self.back.setToolTip(words)
        title = self.field.setting.title
        self.back.setAccessibleName(f"{title} was changed. {words}")

    def set_value(self, value: Any) -> None:
        """Show a value, without a signal."""
        self.value = value
        self.editor.set_value(value)
        self.back.setVisible(self.is_changed)

    def choose(self, value: Any) -> None:
        """Take a value, as if the user had entered it."""
        self.editor.setFocus()
        self.editor.set_value(value)
        self._take(value)

    @pyqtSlot(object)
    def _take(self, value: Any) -> None:
        self.value = value
        self.back.setVisible(self.is_changed)
        self.value_changed.emit(self.field.name)

    @pyqtSlot()
    def _on_back_clicked(self) -> None:
        self.choose(self.preset_value)


class GroupSection(Disclosure):
    """Settings that belong together, folded under a line that sums them up.

    Attributes:
        rows: Name -> row.
        column: Where they stand.
    """

    def __init__(self, group: Group, parent: QWidget) -> None:
        super().__init__(group.title, parent)
        self.rows = {each.name: SettingRow(each, self.body) for each in group.fields}
        self.column = column(*self.rows.values(), of=self.body, gap=2)
        self.set_open(group.is_open)
        self.head.toggled.connect(self.sum_up)

    @pyqtSlot()
    def sum_up(self) -> None:
        """Sum up the values in the heading, while they are folded away."""
        rows = list(self.rows.values())
        changed = sum(row.is_changed for row in rows)
        wrong = sum(bool(row.error) for row in rows)
        words = [f"{wrong} cannot be used"] if wrong else []
        words += [f"{changed} changed"] if changed else []
        if not self.is_open:
            each = (_summed_up(row.field, row.value) for row in rows[:4])
            words += [word for word in each if word]
        self.set_summary(" · ".join(words))


def _summed_up(field: Field, value: Any) -> str:
    """A setting in a few words; empty for what is left out."""
    title, words = field.setting.title, field.setting.in_words(value)
    if not (title[1:2].isupper() or title.startswith("Keras")):  # not a name
        title = title[:1].lower() + title[1:]
    if field.kind == "weights":
        return ""
    if field.kind == "flag":
        return title if value else ""
    # "never stop early" is a sentence of its own, "off" is not.
    is_sentence = words == field.setting.zero and " " in words
    return words if is_sentence else f"{title} {words}"
