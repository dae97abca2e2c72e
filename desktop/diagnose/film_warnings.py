"""Why to doubt a verdict, each reason with a click that mends it where one can."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtWidgets import QLabel, QWidget

from core.films.film_warning import FilmWarning
from desktop.style import icons
from desktop.widgets.buttons import button
from desktop.widgets.labels import PlainText
from desktop.widgets.layouts import WidgetList, column, row

_BUTTONS: Final = {
    "rotate 90": "&Turn right and read again",
    "rotate 180": "&Turn round and read again",
    "rotate 270": "&Turn left and read again",
    "flip": "&Flip and read again",
    "invert": "&Invert and read again",
}


class FilmWarnings(WidgetList):
    """Sentences, each with a sign, and a button where the film can be mended.

    Attributes:
        sentences: As they are shown.

    Signals:
        mend_asked: str. The film is to be turned, flipped or inverted and read
            again: one of `core.films.film_warning.MENDS`.
    """

    mend_asked = pyqtSignal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, gap=5)
        self.layout().setContentsMargins(0, 2, 0, 2)
        self.sentences: tuple[str, ...] = ()
        self.setAccessibleName("Warnings")

    def set_sentences(self, sentences: Sequence[str]) -> None:
        """Show these, instead of those that are there."""
        self.sentences = tuple(sentences)
        self.set_widgets([self._warning(text) for text in sentences])
        self.setAccessibleDescription(" ".join(sentences))

    def _warning(self, text: str) -> QWidget:
        frame = QWidget(self)
        frame.setObjectName("warningRow")
        frame.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        sign = QLabel(frame)
        sign.setPixmap(icons.icon("warning").pixmap(18, 18))
        beside = column(PlainText(text, frame), gap=6)
        if isinstance(text, FilmWarning) and text.mend:
            asked = partial(self.mend_asked.emit, text.mend)
            tip = "The file stays as it is"
            mend = button(_BUTTONS[text.mend], asked, frame, tip=tip)
            beside.addWidget(mend, 0, Qt.AlignmentFlag.AlignLeft)
        line = row(sign, (beside, 1), of=frame, margins=(8, 6, 8, 6))
        line.setAlignment(sign, Qt.AlignmentFlag.AlignTop)
        return frame
