"""Buttons and actions, with what they do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PyQt5.QtCore import pyqtBoundSignal
from PyQt5.QtGui import QKeySequence
from PyQt5.QtWidgets import QAction, QPushButton, QWidget

#: A method without an argument, or a signal that carries none.
Slot = Callable[[], Any] | pyqtBoundSignal


def button(
    text: str, slot: Slot, parent: QWidget, *, tip: str = "", style: str = ""
) -> QPushButton:
    """A push button.

    Args:
        text: With & before the letter of its key.
        slot: What pressing it does.
        tip: Shown on hovering.
        style: Name in the style sheet.
    """
    made = QPushButton(text, parent)
    made.setToolTip(tip)
    made.setObjectName(style)
    made.clicked.connect(slot)
    return made


def action(
    text: str, slot: Slot, parent: QWidget, keys: QKeySequence.StandardKey | str = ""
) -> QAction:
    """An entry of a menu, or a key of its parent's.

    Args:
        text: With & before the letter of its key.
        slot: What choosing it does.
        keys: Its shortcut.
    """
    made = QAction(text, parent)
    made.setShortcut(QKeySequence(keys))
    made.triggered.connect(slot)
    return made
