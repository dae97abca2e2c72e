"""Dialogs whose words wrap, as high as these need."""

from __future__ import annotations

from PyQt5.QtCore import QSize
from PyQt5.QtGui import QShowEvent
from PyQt5.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from desktop.widgets.dialog_size import grow_to_fit, size_for


class FittedDialog(QDialog):
    """A page under a title, with a button that does it and one that does not.

    Args:
        width: It shall have, pixels.
    """

    def __init__(self, width: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._width = width

    def begin_page(self, title: str) -> QVBoxLayout:
        """Lay out the title; the rest goes below it."""
        label = QLabel(title, self)
        label.setObjectName("dialogTitle")
        label.setWordWrap(True)
        page = QVBoxLayout(self)
        page.setContentsMargins(20, 18, 20, 16)
        page.setSpacing(6)
        page.addWidget(label)
        return page

    def end_page(self, page: QVBoxLayout, button: QPushButton) -> None:
        """Lay out the button that does it, beside the one that cancels."""
        page.addStretch(1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        buttons.addButton(button, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.reject)
        page.addWidget(buttons)

    # Qt overrides

    def sizeHint(self) -> QSize:
        return size_for(self, self._width)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        grow_to_fit(self)
