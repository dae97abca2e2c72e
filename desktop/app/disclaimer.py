"""What Hilum is not, said before the first film."""

from __future__ import annotations

from typing import Final

from PyQt5.QtCore import QSize, Qt
from PyQt5.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from desktop.style.app_icon import app_icon

#: Raised when the text changes in substance; it is then shown again.
DISCLAIMER_VERSION: Final = 1

RESEARCH_LINE: Final = "Research and teaching tool, not a medical device."

_DISCLAIMER: Final = (
    "Hilum is a tool for <b>research and teaching</b>. It is <b>not a medical "
    "device</b>: no authority has cleared it, and nobody has shown that it helps "
    "patients.",
    "Do not diagnose, treat, or withhold treatment because of what it says. Its "
    "verdicts are statistics learned from a few thousand films, and they can be "
    "wrong with great confidence, above all on films unlike those.",
    "Films you open stay on this computer. Take care of what your law and your "
    "patients ask of you when you handle them.",
)


class DisclaimerDialog(QDialog):
    """Shown before the first film; declining it closes the program."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Before you start")
        self.setWindowIcon(app_icon())
        title = QLabel("Hilum is not a medical device", self)
        title.setObjectName("dialogTitle")
        title.setWordWrap(True)
        words = QLabel("".join(f"<p>{text}</p>" for text in _DISCLAIMER), self)
        words.setWordWrap(True)
        words.setTextFormat(Qt.TextFormat.RichText)
        words.setMinimumWidth(440)
        self.accept_button = QPushButton("I &understand", self)
        self.decline_button = QPushButton("&Close Hilum", self)
        buttons = QDialogButtonBox(self)
        buttons.addButton(self.decline_button, QDialogButtonBox.ButtonRole.RejectRole)
        buttons.addButton(self.accept_button, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.accept_button.setDefault(True)
        body = QVBoxLayout()
        body.setSpacing(6)
        body.addWidget(title)
        body.addWidget(words)
        body.addStretch(1)
        body.addSpacing(10)
        body.addWidget(buttons)
        page = QHBoxLayout(self)
        page.setContentsMargins(24, 22, 24, 20)
        page.setSpacing(20)
        page.addWidget(icon_label(self, 72), 0, Qt.AlignmentFlag.AlignTop)
        page.addLayout(body, 1)
        self.setAccessibleDescription(RESEARCH_LINE)


def icon_label(parent: QWidget, side: int) -> QLabel:
    """The program's icon, so many pixels wide, as a widget."""
    label = QLabel(parent)
    label.setPixmap(app_icon().pixmap(QSize(side, side)))
    return label
