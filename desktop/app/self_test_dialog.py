"""Help > Self-test: whether this computer computes what the model's card promises."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt5.QtCore import pyqtSlot
from PyQt5.QtWidgets import QDialog, QWidget

from core.errors import CoreError
from core.model.golden import self_test
from desktop.models.in_use import ModelInUse
from desktop.widgets.dialogs import close_buttons, resize_within_screen
from desktop.widgets.layouts import column
from desktop.widgets.message_card import MessageCard


class SelfTestDialog(QDialog):
    """Runs the test in the thread of the model, and says how it went.

    Attributes:
        outcome: What came of it.
    """

    def __init__(self, model: ModelInUse, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Self-test")
        self.outcome = MessageCard("note", self)
        self.outcome.set_words("Reading the golden films of the model…")
        page = (self.outcome, None, close_buttons(self))
        column(*page, of=self, gap=12, margins=(18, 16, 18, 14))
        resize_within_screen(self, 560, 260)
        self._is_open = True
        self.finished.connect(self._on_finished)
        model.ask(self_test, self._on_passed, self._on_failed)

    def _on_passed(self, said: Sequence[str]) -> None:
        self._show("good", "Passed", said[-1], "\n".join(said[:-1]))

    def _on_failed(self, error: CoreError) -> None:
        self._show("stop", "Failed", str(error), error.hint)

    def _show(self, severity: str, word: str, text: str, hint: str) -> None:
        if self._is_open:
            self.outcome.set_severity(severity, word)
            self.outcome.set_words(text, hint)

    @pyqtSlot()
    def _on_finished(self) -> None:
        self._is_open = False
