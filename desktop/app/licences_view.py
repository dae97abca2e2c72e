"""The parts of the program and their licences."""

from __future__ import annotations

from typing import Final

from PyQt5.QtCore import Qt, pyqtSlot
from PyQt5.QtGui import QFontDatabase
from PyQt5.QtWidgets import (
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QSplitter,
    QWidget,
)

from core.program.licences import Part
from desktop.widgets.labels import Caption
from desktop.widgets.layouts import column

_PART: Final = Qt.ItemDataRole.UserRole
_NO_TEXT: Final = "This part does not carry the text of its licence."


class LicencesView(QWidget):
    """A list of parts beside the text of the licence of the selected one.

    Attributes:
        list: The parts.
        text: The licence.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.list = QListWidget(self)
        self.list.setAccessibleName("Parts of Hilum")
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.currentItemChanged.connect(self._on_current_changed)
        self.about = Caption("Looking for the parts of Hilum…", self)
        self.text = QPlainTextEdit(self)
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setAccessibleName("Text of the licence")
        # They are laid out with spaces, and for eighty columns.
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        # Read by keyboard too, without a cursor that could not type.
        self.text.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        right = QWidget(self)
        column(self.about, (self.text, 1), of=right, gap=6, margins=(10, 0, 0, 0))
        splitter = QSplitter(Qt.Orientation.Horizontal, self)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self.list)
        splitter.addWidget(right)
        splitter.setSizes([210, 620])
        splitter.setStretchFactor(1, 1)
        column(splitter, of=self, margins=(0, 12, 0, 0))

    def set_parts(self, parts: list[Part]) -> None:
        """Show these parts, in this order."""
        self.list.clear()
        for part in parts:
            item = QListWidgetItem(f"{part.name} {part.version}")
            item.setData(_PART, part)
            item.setToolTip(part.licence)
            self.list.addItem(item)
        self.list.setCurrentRow(0)

    def show_failure(self, text: str) -> None:
        """Say why there is no list."""
        self.about.setText(text)

    @pyqtSlot()
    def _on_current_changed(self) -> None:
        item = self.list.currentItem()
        if item is None:
            return
        part: Part = item.data(_PART)
        self.about.setText(f"{part.name} {part.version}: {part.licence}")
        self.text.setPlainText(part.text or _NO_TEXT)
