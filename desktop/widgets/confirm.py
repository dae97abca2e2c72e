"""Questions before something that cannot be undone, or that takes long."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QMessageBox, QProgressDialog, QPushButton, QWidget

from desktop.widgets.stage_stepper import StageBar


def choose(parent: QWidget, question: str, advice: str, answers: Sequence[str]) -> int:
    """Ask, and wait for an answer.

    Args:
        parent: Whose window it stands in front of.
        question: One sentence.
        advice: What the answers lead to.
        answers: Words of the buttons. The last one changes nothing: it has the
            focus, and Escape means it.

    Returns:
        The place of the answer.
    """
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle("Hilum")
    box.setText(question)
    box.setInformativeText(advice)
    box.setTextFormat(Qt.TextFormat.PlainText)
    roles = QMessageBox.ButtonRole
    buttons = [box.addButton(words, roles.AcceptRole) for words in answers[:-1]]
    buttons.append(box.addButton(answers[-1], roles.RejectRole))
    box.setDefaultButton(buttons[-1])
    box.setEscapeButton(buttons[-1])
    box.exec()
    clicked = box.clickedButton()
    box.deleteLater()
    return buttons.index(clicked) if clicked in buttons else len(answers) - 1


class StoppingDialog(QProgressDialog):
    """Stands in front of the window until a job has stopped, and it is accepted.

    It is rejected when the user does not want to wait for that.
    """

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(text, "", 0, 0, parent)
        self.setWindowTitle("Hilum")
        self.setMinimumWidth(380)
        self.setBar(StageBar("Waiting for the end", self))
        leave = QPushButton("&Do not wait", self)
        leave.setToolTip("Close the window; the run stops by itself")
        self.setCancelButton(leave)
