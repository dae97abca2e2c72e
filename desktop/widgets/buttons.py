"""Buttons and actions, with what they do, and lists of which one line is chosen."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any, Final

from PyQt5.QtCore import Qt, pyqtBoundSignal, pyqtSignal, pyqtSlot
from PyQt5.QtGui import QGuiApplication, QKeySequence, QWheelEvent
from PyQt5.QtWidgets import QAction, QComboBox, QPushButton, QRadioButton, QWidget

from desktop.widgets.labels import Caption
from desktop.widgets.layouts import column

#: How far what belongs to a line with a button stands in.
INDENT_PX: Final = 24

#: A method without an argument, or a signal that carries none.
Slot = Callable[[], Any] | pyqtBoundSignal


def button(
    text: str, slot: Slot, parent: QWidget, *, tip: str = "", style: str = ""
) -> QPushButton:
    """A push button, by its name in the style sheet of another look."""
    made = QPushButton(text, parent)
    made.setToolTip(tip)
    made.setObjectName(style)
    made.clicked.connect(slot)
    return made


def copy_button(
    words: str, text: Callable[[], str], parent: QWidget, tip: str = ""
) -> QPushButton:
    """A button that copies a text, and says so until its own text is set anew."""

    def copy() -> None:
        QGuiApplication.clipboard().setText(text())
        made.setText("Copied")

    made = button(words, copy, parent, tip=tip)
    return made


def action(
    text: str, slot: Slot, parent: QWidget, keys: QKeySequence.StandardKey | str = ""
) -> QAction:
    """An entry of a menu, or a key of its parent's."""
    made = QAction(text, parent)
    made.setShortcut(QKeySequence(keys))
    made.triggered.connect(slot)
    return made


def separator(parent: QWidget) -> QAction:
    """A line between entries of a menu."""
    made = QAction(parent)
    made.setSeparator(True)
    return made


class RadioList(QWidget):
    """Lines of which one is chosen; each is a title, and words about it below.

    Attributes:
        buttons: One a line.

    Signals:
        changed: another line was chosen.
    """

    changed = pyqtSignal()

    def __init__(
        self, lines: Sequence[tuple[str, str]], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.buttons = [QRadioButton(title, self) for title, _ in lines]
        self._notes = [Caption("", self) for _ in lines]
        parts = itertools.chain(*zip(self.buttons, self._notes, strict=True))
        column(*parts, of=self, gap=2)
        for place, (_, note) in enumerate(lines):
            self._notes[place].setContentsMargins(INDENT_PX, 0, 0, 3)
            self.set_note(place, note)
            self.buttons[place].toggled.connect(self._on_toggled)
        self.buttons[0].setChecked(True)

    @property
    def place(self) -> int:
        """Of the line that is chosen, from 0."""
        return [line.isChecked() for line in self.buttons].index(True)

    def set_note(self, place: int, note: str) -> None:
        """Say something below a line, or nothing."""
        self._notes[place].setText(note)
        self._notes[place].setVisible(bool(note))
        self.buttons[place].setAccessibleDescription(note)

    @pyqtSlot(bool)
    def _on_toggled(self, is_chosen: bool) -> None:
        if is_chosen:
            self.changed.emit()


class Calm:
    """Leaves the wheel to the page that it scrolls with, unless it has the focus.

    Comes before the widget's class among the bases of one.
    """

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # type: ignore[attr-defined]

    # Qt overrides

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():  # type: ignore[attr-defined]
            super().wheelEvent(event)  # type: ignore[misc]
        else:
            event.ignore()


class ChoiceBox(Calm, QComboBox):
    """A folded list; long lines do not make it wide, nor does scrolling change it.

    Args:
        name: Said on hovering, and to who cannot see it.
        letters: That it has room for at least.
    """

    def __init__(self, name: str, parent: QWidget, *, letters: int = 14) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setToolTip(name)
        policy = QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        self.setSizeAdjustPolicy(policy)
        self.setMinimumContentsLength(letters)
