"""The commands that do in a terminal what the window does."""

from __future__ import annotations

from PyQt5.QtCore import pyqtSlot
from PyQt5.QtGui import QFontDatabase, QGuiApplication
from PyQt5.QtWidgets import QWidget

from core import paths
from desktop.widgets.buttons import button
from desktop.widgets.disclosure import Disclosure
from desktop.widgets.labels import Caption, wrapped_label
from desktop.widgets.layouts import column, row


class CommandCard(Disclosure):
    """Shows commands and copies them; folded from the start."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("The same in a terminal", parent)
        self._text = ""
        self._label = wrapped_label(self.body, style="commandText", by_keyboard=True)
        self._label.setFont(
            QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        )
        self._label.setAccessibleName("The same in a terminal")
        self.copy = button("C&opy", self._on_copy_clicked, self.body)
        self.copy.setAccessibleName("Copy the commands")
        about = "The first checks and splits the films, the second trains."
        if not paths.is_frozen():
            about += " Type them in Hilum's folder, with its Python active."
        line = row(self.copy, (Caption(about, self.body), 1))
        column(self._label, line, of=self.body, gap=6)

    @property
    def text(self) -> str:
        """The commands, one per line."""
        return self._text

    def set_commands(self, text: str) -> None:
        """Show commands, one per line."""
        self._text = text
        # A label breaks lines at spaces only; paths are longer than the window.
        breakable = text.replace("/", "/\u200b").replace("\\", "\\\u200b")
        self._label.setText(breakable.replace("\n", "\n\n"))
        self.copy.setText("C&opy")

    @pyqtSlot()
    def _on_copy_clicked(self) -> None:
        QGuiApplication.clipboard().setText(self._text)
        self.copy.setText("Copied")
