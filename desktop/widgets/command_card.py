"""The commands that do in a terminal what the window does."""

from __future__ import annotations

from PyQt5.QtGui import QFontDatabase
from PyQt5.QtWidgets import QWidget

from core import paths
from desktop.widgets.buttons import copy_button
from desktop.widgets.disclosure import Disclosure
from desktop.widgets.labels import Caption, PlainText
from desktop.widgets.layouts import column, row


class CommandCard(Disclosure):
    """Shows commands and copies them; folded from the start.

    Attributes:
        text: The commands, one per line.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("The same in a terminal", parent)
        self.text = ""
        self._label = PlainText("", self.body, by_keyboard=True)
        self._label.setObjectName("commandText")
        self._label.setFont(
            QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        )
        self._label.setAccessibleName("The same in a terminal")
        self.copy = copy_button("C&opy", lambda: self.text, self.body)
        self.copy.setAccessibleName("Copy the commands")
        about = "The first checks and splits the films, the second trains."
        if not paths.is_frozen():
            about += " Type them in Hilum's folder, with its Python active."
        line = row(self.copy, (Caption(about, self.body), 1))
        column(self._label, line, of=self.body, gap=6)

    def set_commands(self, text: str) -> None:
        """Show commands, one per line."""
        self.text = text
        # A label breaks lines at spaces only; paths are longer than the window.
        breakable = text.replace("/", "/\u200b").replace("\\", "\\\u200b")
        self._label.setText(breakable.replace("\n", "\n\n"))
        self.copy.setText("C&opy")
