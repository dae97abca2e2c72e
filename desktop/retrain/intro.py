"""What stands in the Retrain tab before a run is chosen."""

from __future__ import annotations

from PyQt5.QtCore import QSize, Qt
from PyQt5.QtWidgets import QLabel, QPushButton, QWidget

from core.program import edition
from desktop.style import icons
from desktop.widgets.labels import Caption, PlainText
from desktop.widgets.layouts import column, row, scrolling_column

_WHAT = (
    "Retraining teaches a model with labelled films of your own, on this computer; "
    "nothing is sent anywhere. What comes of it is measured on films it has never "
    "seen and compared with the model in use, and only you put it to use."
)


class RetrainIntro(QWidget):
    """Says what retraining does, and invites to it or says how to get it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("retrainIntro")
        picture = QLabel(self)
        picture.setPixmap(icons.icon("samples").pixmap(QSize(64, 64)))
        title = PlainText("Train a model on your own films", self)
        title.setObjectName("pageTitle")
        words = PlainText(_WHAT, self)
        words.setMaximumWidth(560)
        self.new_button = QPushButton("New model…", self)
        self.new_button.setObjectName("introButton")
        self.new_button.setDefault(True)
        hint = Caption("A folder with one subfolder per label, or a CSV file.", self)
        if not edition.can_train():
            words.setText(f"{edition.READER_ONLY} {edition.HOW_TO_TRAIN}")
            self.new_button.hide()
            hint.hide()
        for label in (picture, title, words, hint):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        # Beside stretches, and not merely aligned: only so is its height right.
        what = row(None, (words, 12), None)
        what.setContentsMargins(0, 0, 0, 6)
        start = row(None, self.new_button, None)
        parts = column(picture, title, what, start, hint, gap=12)
        scrolling_column(None, parts, None, of=self, gap=8, margins=(24, 24, 24, 24))
