"""Why to doubt a verdict, each reason with a click that mends it where one can."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from core.films.film_warning import FilmWarning
from desktop.style import icons
from desktop.widgets.buttons import button

_BUTTONS: Final = {
    "rotate 90": "&Turn right and read again",
    "rotate 180": "&Turn round and read again",
    "rotate 270": "&Turn left and read again",
    "flip": "&Flip and read again",
    "invert": "&Invert and read again",
}


class FilmWarnings(QWidget):
    """Sentences, each with a sign, and a button where the film can be mended.

    Attributes:
        sentences: As they are shown.

    Signals:
        mend_asked: str. One of `core.films.film_warning.MENDS`.
    """

    mend_asked = pyqtSignal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 2, 0, 2)
        self._column.setSpacing(5)
        self._rows: list[QWidget] = []
        self.sentences: tuple[str, ...] = ()
        self.setAccessibleName("Warnings")

    def set_sentences(self, sentences: Sequence[str]) -> None:
        """Show these, instead of those that are there."""
        self.sentences = tuple(sentences)
        for row in self._rows:
            self._column.removeWidget(row)
            row.hide()
            row.deleteLater()
        self._rows = [self._row(text) for text in sentences]
        for row in self._rows:
            self._column.addWidget(row)
        self.setAccessibleDescription(" ".join(sentences))
        self.setVisible(bool(sentences))

    def _row(self, text: str) -> QWidget:
        row = QWidget(self)
        row.setObjectName("warningRow")
        row.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        sign, words = QLabel(row), QLabel(text, row)
        sign.setPixmap(icons.icon("warning").pixmap(18, 18))
        words.setWordWrap(True)
        words.setTextFormat(Qt.TextFormat.PlainText)
        line = QHBoxLayout(row)
        line.setContentsMargins(8, 6, 8, 6)
        line.setSpacing(8)
        line.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout()
        column.setSpacing(6)
        column.addWidget(words)
        if isinstance(text, FilmWarning) and text.mend:
            asked = partial(self.mend_asked.emit, text.mend)
            tip = "The file stays as it is"
            mend = button(_BUTTONS[text.mend], asked, row, tip=tip)
            column.addWidget(mend, 0, Qt.AlignmentFlag.AlignLeft)
        line.addLayout(column, 1)
        return row
