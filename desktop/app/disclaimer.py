"""What Hilum is not, said before the first film."""

from __future__ import annotations

from typing import Final

from PyQt5.QtCore import QSize, Qt
from PyQt5.QtWidgets import QDialog, QDialogButtonBox, QLabel, QWidget

from desktop.style.icons import app_icon
from desktop.widgets.dialogs import dialog_title, size_for
from desktop.widgets.layouts import column, row

#: Raised when the text changes in substance; it is then shown again.
DISCLAIMER_VERSION: Final = 1

RESEARCH_LINE: Final = "Research and teaching tool, not a medical device."
#: Where there is no room for it.
SHORT_RESEARCH_LINE: Final = "Not a medical device."

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
        title = dialog_title("Hilum is not a medical device", self)
        words = QLabel("".join(f"<p>{text}</p>" for text in _DISCLAIMER), self)
        words.setWordWrap(True)
        words.setTextFormat(Qt.TextFormat.RichText)
        buttons, roles = QDialogButtonBox(self), QDialogButtonBox.ButtonRole
        self.decline_button = buttons.addButton("&Close Hilum", roles.RejectRole)
        self.accept_button = buttons.addButton("I &understand", roles.AcceptRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.accept_button.setDefault(True)
        body = column(title, words, None, buttons, gap=10)
        icon = column(icon_label(self, 72), None)
        row(icon, (body, 1), of=self, gap=20, margins=(24, 22, 24, 20))
        self.setAccessibleDescription(RESEARCH_LINE)

    # Qt overrides

    def sizeHint(self) -> QSize:
        return size_for(self, 580)


def icon_label(parent: QWidget, side: int) -> QLabel:
    """The program's icon, so many pixels wide, as a widget."""
    label = QLabel(parent)
    label.setPixmap(app_icon().pixmap(QSize(side, side)))
    return label
