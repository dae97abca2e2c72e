"""Dialogs that are as large as they like, where the screen is large enough."""

from __future__ import annotations

from typing import Final

from PyQt5.QtCore import QSize
from PyQt5.QtWidgets import QDialog

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
