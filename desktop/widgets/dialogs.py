"""Dialogs whose words wrap, as high as these need."""

from __future__ import annotations

from PyQt5.QtCore import QSize, Qt
from PyQt5.QtGui import QShowEvent
from PyQt5.QtWidgets import QDialog, QDialogButtonBox, QLabel, QPushButton, QWidget

from desktop.widgets.layouts import Item, PageScroll, column


def run_dialog(dialog: QDialog) -> bool:
    """Show a dialog until it is closed, and drop it; whether it was accepted."""
    fit_on_screen(dialog)
    is_accepted: bool = dialog.exec() == QDialog.DialogCode.Accepted
    dialog.deleteLater()
    return is_accepted


def fit_on_screen(dialog: QDialog) -> None:
    """Have what a dialog holds scroll where the screen is too small for it."""
    layout, room = dialog.layout(), room_for(dialog)
    if layout is None:  # one of Qt's own
        return
    # One that has no size of its own yet would be as large as Qt makes any window.
    has_size = dialog.testAttribute(Qt.WidgetAttribute.WA_Resized)
    size = (dialog.size() if has_size else dialog.sizeHint()).boundedTo(room)
    least = layout.totalMinimumSize()
    if layout.hasHeightForWidth():
        least.setHeight(layout.minimumHeightForWidth(size.width()))
    if least.width() > room.width() or least.height() > room.height():
        page, area = QWidget(), PageScroll(dialog, both_ways=True)
        page.setLayout(layout)  # which takes the widgets along
        area.setWidget(page)
        column(area, of=dialog)
        dialog.setMinimumSize(0, 0)
        size = size.expandedTo(least).boundedTo(room)
    dialog.resize(size)


def room_for(dialog: QDialog) -> QSize:
    """How large a dialog may be: its screen, less what is drawn around it."""
    return dialog.screen().availableSize() - QSize(20, 60)


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
        fit_on_screen(self)
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
    return size.boundedTo(room_for(dialog))
