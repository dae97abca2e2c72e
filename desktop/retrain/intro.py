"""What stands in the Retrain tab before a run is chosen."""

from __future__ import annotations

from PyQt5.QtCore import QSize, Qt, pyqtSignal
from PyQt5.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from core.program import edition
from desktop.style import icons
from desktop.widgets.labels import Caption

_WHAT = (
    "Retraining teaches a model with labelled films of your own, on this computer; "
    "nothing is sent anywhere. What comes of it is measured on films it has never "
    "seen and compared with the model in use, and only you put it to use."
)


class RetrainIntro(QWidget):
    """Says what retraining does, and invites to it or says how to get it.

    Signals:
        new_asked: a new model is wanted.
    """

    new_asked = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("retrainIntro")
        picture = QLabel(self)
        picture.setPixmap(icons.icon("samples").pixmap(QSize(64, 64)))
        picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        title = QLabel("Train a model on your own films", self)
        title.setObjectName("pageTitle")
        title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        title.setWordWrap(True)
        words = QLabel(_WHAT, self)
        words.setWordWrap(True)
        words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        words.setMaximumWidth(560)
        # Beside stretches, and not merely aligned: only so is its height right.
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(words, 12)
        row.addStretch(1)
        self.new_button = QPushButton("New &model…", self)
        self.new_button.setObjectName("introButton")
        self.new_button.setDefault(True)
        self.new_button.clicked.connect(self.new_asked)
        hint = Caption("A folder with one subfolder per label, or a CSV file.", self)
        if not edition.can_train():
            words.setText(f"{edition.READER_ONLY} {edition.HOW_TO_TRAIN}")
            for control in (self.new_button, hint):
                control.hide()
        hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 24)
        column.setSpacing(12)
        column.addStretch(3)
        middle = Qt.AlignmentFlag.AlignHCenter
        for widget in (picture, title):
            column.addWidget(widget)
        column.addLayout(row)
        column.addSpacing(6)
        column.addWidget(self.new_button, 0, middle)
        column.addWidget(hint)
        column.addStretch(4)
