"""Dialogs whose words wrap, as high as these need."""

from __future__ import annotations

from typing import Final

from PyQt5.QtCore import QSize
from PyQt5.QtGui import QShowEvent
from PyQt5.QtWidgets import QDialog, QDialogButtonBox, QLabel, QPushButton, QWidget

from desktop.widgets.layouts import Item, column


def dialog_title(text: str, parent: QWidget) -> QLabel:
    """The heading of a dialog."""
    label = QLabel(text, parent)
    label.setObjectName("dialogTitle")
    label.setWordWrap(True)
    return label


class FittedDialog(QDialog):
    """A page under a title, with a button that does it and one that does not.

    Args:
        width: It shall have, pixels.
    """

    def __init__(self, width: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._width = width

    def lay_out(self, title: str, *items: Item, does: QPushButton) -> None:
        """Put a title above all else, and buttons below.

        Args:
            does: The button that does it; one that cancels comes beside it.
        """
        does.setDefault(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        buttons.addButton(does, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.reject)
        page = (dialog_title(title, self), *items, None, buttons)
        column(*page, of=self, gap=6, margins=(20, 18, 20, 16))

    # Qt overrides

    def sizeHint(self) -> QSize:
        return size_for(self, self._width)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        grow_to_fit(self)


#: Left free for the frame that the window system draws.
_FRAME: Final = QSize(20, 60)


def resize_within_screen(dialog: QDialog, width: int, height: int) -> None:
    """Give a dialog a size, less where the screen is small.

    `sizeHint` is not enough: a layout with wrapped text has its own idea of height.
    """
    wish = QSize(width, height)
    screen = dialog.screen()
    if screen is not None:
        wish = wish.boundedTo(screen.availableSize() - _FRAME)
    dialog.resize(wish)


def size_for(dialog: QDialog, width: int) -> QSize:
    """How large a dialog of wrapped text is best, less where the screen is small."""
    layout = dialog.layout()
    if layout is None:
        return QSize(width, width)
    width = max(width, layout.totalMinimumSize().width())
    height = layout.totalSizeHint().height()
    if layout.hasHeightForWidth():
        height = layout.totalHeightForWidth(width)
    wish = QSize(width, height)
    screen = dialog.screen()
    return wish.boundedTo(screen.availableSize() - _FRAME) if screen else wish


def grow_to_fit(dialog: QDialog) -> None:
    """Make a dialog larger where what it holds has grown; never smaller."""
    wish = size_for(dialog, dialog.width())
    dialog.resize(dialog.size().expandedTo(wish))
