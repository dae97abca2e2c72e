"""Films that leak between the splits, and the two ways out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PyQt5.QtCore import Qt, pyqtSignal, pyqtSlot
from PyQt5.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from desktop.retrain.data.audit_result import Finding
from desktop.widgets.labels import Caption
from desktop.widgets.message_card import MessageCard

#: Letters of a reason that says something.
LEAST_REASON: Final = 10


class LeakCard(MessageCard):
    """Blocks the start until the films are grouped or the leaks are accepted.

    Hidden while nothing leaks.

    Signals:
        group_asked: films that belong together are to stay in one split.
        acceptance_changed: the user wrote why, or changed it.
        details_asked: Rows. The films of one leak.
    """

    group_asked = pyqtSignal()
    acceptance_changed = pyqtSignal()
    details_asked = pyqtSignal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("stop", parent)
        self._leaks: tuple[Finding, ...] = ()
        self._rows = QWidget(self)
        self._list = QVBoxLayout(self._rows)
        self._list.setContentsMargins(0, 0, 0, 0)
        self._list.setSpacing(4)
        self._shown: list[QWidget] = []
        self.group = QPushButton("&Group them", self)
        self.group.setToolTip("Check again, and keep what belongs together together")
        self.group.clicked.connect(self.group_asked)
        self.reason = QLineEdit(self)
        self.reason.setPlaceholderText("Why these leaks do no harm here")
        self.reason.setAccessibleName("Accept the leaks in writing")
        self.reason.setAccessibleDescription(
            "Your words go into the record of the run; at least 10 letters"
        )
        self.reason.textChanged.connect(self._on_reason_changed)
        self._count = Caption("", self)
        self._lay_out()
        self.hide()

    @property
    def acceptance(self) -> str:
        """Why the leaks are accepted; empty while they are not."""
        text = self.reason.text().strip()
        return text if self._leaks and len(text) >= LEAST_REASON else ""

    @property
    def is_blocking(self) -> bool:
        """Whether a training may not start."""
        return bool(self._leaks) and not self.acceptance

    def set_leaks(self, leaks: Sequence[Finding]) -> None:
        """Show what leaks; the words of an acceptance stay."""
        self._leaks = tuple(leaks)
        for row in self._shown:
            self._list.removeWidget(row)
            row.hide()
            row.deleteLater()
        self._shown = [_LeakRow(leak, self._rows) for leak in leaks]
        for row in self._shown:
            row.details_asked.connect(self.details_asked)
            self._list.addWidget(row)
        self.setVisible(bool(leaks))
        self._on_reason_changed()

    @pyqtSlot()
    def _on_reason_changed(self) -> None:
        length = len(self.reason.text().strip())
        accepted = bool(self.acceptance)
        self.set_severity("warn" if accepted else "stop", self._state())
        self.set_words(
            "Some films are in two splits, as themselves or as a copy. Figures on "
            "the test films would be better than the model is.",
        )
        if accepted:
            self._count.setText("Accepted. Your words go into the record of the run.")
        elif length:
            missing = LEAST_REASON - length
            plural = "s" if missing != 1 else ""
            self._count.setText(f"{missing} more letter{plural}.")
        else:
            self._count.setText("Your words go into the record of the run.")
        self.acceptance_changed.emit()

    def _state(self) -> str:
        return "Leaks, accepted" if self.acceptance else "Leaks: resolve or accept"

    def _lay_out(self) -> None:
        first = QHBoxLayout()
        first.setSpacing(10)
        first.addWidget(self.group)
        first.addWidget(
            Caption("Puts films that belong together into one split.", self), 1
        )
        second = QLabel("Or accept them in writing:", self)
        second.setBuddy(self.reason)
        self.column.addWidget(self._rows)
        self.column.addSpacing(4)
        self.column.addLayout(first)
        self.column.addSpacing(4)
        self.column.addWidget(second)
        self.column.addWidget(self.reason)
        self.column.addWidget(self._count)


class _LeakRow(QWidget):
    details_asked = pyqtSignal(object)

    def __init__(self, leak: Finding, parent: QWidget) -> None:
        super().__init__(parent)
        self._leak = leak
        words = QLabel(f"•  {leak.text}", self)
        words.setWordWrap(True)
        words.setTextFormat(Qt.TextFormat.PlainText)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(words, 1)
        if leak.details is not None:
            button = QPushButton("Show…", self)
            button.setAccessibleName(f"Show the films: {leak.text}")
            button.clicked.connect(self._on_button_clicked)
            line.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)

    @pyqtSlot()
    def _on_button_clicked(self) -> None:
        self.details_asked.emit(self._leak.details)
