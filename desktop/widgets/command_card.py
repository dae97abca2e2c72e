"""The commands that do in a terminal what the window does."""

from __future__ import annotations

from PyQt5.QtCore import Qt, pyqtSlot
from PyQt5.QtGui import QFontDatabase, QGuiApplication
from PyQt5.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from core import paths
from desktop.widgets.disclosure import Disclosure
from desktop.widgets.labels import Caption


class CommandCard(Disclosure):
    """Shows commands and copies them; folded from the start."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("The same in a terminal", parent)
        self._text = ""
        self._label = QLabel(self.body)
        self._label.setObjectName("commandText")
        self._label.setFont(
            QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        )
        self._label.setWordWrap(True)
        self._label.setTextFormat(Qt.TextFormat.PlainText)
        self._label.setAccessibleName("The same in a terminal")
        self._label.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.copy = QPushButton("C&opy", self.body)
        self.copy.setAccessibleName("Copy the commands")
        self.copy.clicked.connect(self._on_copy_clicked)
        column = QVBoxLayout(self.body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self._label)
        line = QHBoxLayout()
        line.addWidget(self.copy)
        about = "The first checks and splits the films, the second trains."
        if not paths.is_frozen():
            about += " Type them in Hilum's folder, with its Python active."
        line.addWidget(Caption(about, self.body), 1)
        column.addLayout(line)

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
