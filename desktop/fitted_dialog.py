"""Dialogs whose words wrap, as high as these need."""

from __future__ import annotations

from PyQt5.QtCore import QSize
from PyQt5.QtWidgets import QDialog


def size_for(dialog: QDialog, width: int) -> QSize:
    """The size at which all words of a dialog show.

    Args:
        width: It shall have, pixels.
    """
    layout = dialog.layout()
    if layout is None:
        return QSize(width, dialog.height())
    width = max(width, layout.totalMinimumSize().width())
    if not layout.hasHeightForWidth():
        return QSize(width, layout.totalSizeHint().height())
    return QSize(width, layout.totalHeightForWidth(width))


def grow_to_fit(dialog: QDialog) -> None:
    """Make a dialog higher if its words need it; never smaller."""
    needed = size_for(dialog, dialog.width())
    if needed.height() > dialog.height():
        dialog.resize(dialog.width(), needed.height())
