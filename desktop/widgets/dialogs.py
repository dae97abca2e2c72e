"""Dialogs whose words wrap, as high as these need."""

from __future__ import annotations

from PyQt5.QtCore import QSize
from PyQt5.QtGui import QShowEvent
from PyQt5.QtWidgets import QDialog, QDialogButtonBox, QLabel, QPushButton, QWidget

from desktop.widgets.layouts import Item, column


def run_dialog(dialog: QDialog) -> bool:
    """Show a dialog until it is closed, and drop it; whether it was accepted."""
    is_accepted: bool = dialog.exec() == QDialog.DialogCode.Accepted
    dialog.deleteLater()
    return is_accepted


def close_buttons(dialog: QDialog, *others: QPushButton) -> QDialogButtonBox:
    """A button that closes a dialog, beside others."""
    box = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, dialog)
    for each in others:
        box.addButton(each, QDialogButtonBox.ButtonRole.ActionRole)
    if others:  # the Enter key is the page's
        for each in box.buttons():
            each.setAutoDefault(False)
    box.rejected.connect(dialog.reject)
    return box


def dialog_title(text: str, parent: QWidget) -> QLabel:
    """The heading of a dialog."""
    label = QLabel(text, parent)
    label.setObjectName("dialogTitle")
    label.setWordWrap(True)
    return label


class FittedDialog(QDialog):
    """A page under a title, with a button that does it and one that does not."""

    def __init__(self, width: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._width = width

    def lay_out(self, title: str, *items: Item, does: QPushButton) -> None:
        """Put a title above all else; below, what does it, and what cancels."""
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


def resize_within_screen(dialog: QDialog, width: int, height: int) -> None:
    """Give a dialog a size, less where the screen is small.

    `sizeHint` is not enough: a layout with wrapped text has its own idea of height.
    """
    dialog.resize(_within_screen(dialog, QSize(width, height)))


def size_for(dialog: QDialog, width: int) -> QSize:
    """How large a dialog of wrapped text is best, less where the screen is small."""
    layout = dialog.layout()
    width = max(width, layout.totalMinimumSize().width())
    height = layout.totalSizeHint().height()
    if layout.hasHeightForWidth():
        height = layout.totalHeightForWidth(width)
    return _within_screen(dialog, QSize(width, height))


def grow_to_fit(dialog: QDialog) -> None:
    """Make a dialog larger where what it holds has grown; never smaller."""
    wish = size_for(dialog, dialog.width())
    dialog.resize(dialog.size().expandedTo(wish))


def _within_screen(dialog: QDialog, size: QSize) -> QSize:
    # Less what the window system draws around it.
    return size.boundedTo(dialog.screen().availableSize() - QSize(20, 60))
