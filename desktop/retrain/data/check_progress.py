"""How far a check of the films is."""

from __future__ import annotations

from typing import Final

from PyQt5.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from core.jobs.events import Noted, Progressed, StageStarted

_STAGES: Final = {
    "reading": "Reading the films",
    "comparing": "Looking for copies",
    "probing": "Looking for shortcuts",
}


class CheckProgress(QWidget):
    """How far a check is; hidden while none runs."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = QLabel("", self)
        self._words.setWordWrap(True)
        self._bar = QProgressBar(self)
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(8)
        self._bar.setAccessibleName("Progress of the check")
        self.cancel = QPushButton("&Cancel", self)
        self.cancel.setAccessibleName("Cancel the check of the films")
        line = QHBoxLayout()
        line.addWidget(self._words, 1)
        line.addWidget(self.cancel)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(line)
        column.addWidget(self._bar)
        self.hide()

    @property
    def words(self) -> str:
        """What is said of the progress."""
        return self._words.text()

    def begin(self) -> None:
        """Nothing is known yet."""
        self._bar.setRange(0, 0)
        self._words.setText("Starting the check.")
        self.cancel.setEnabled(True)

    def show_stopping(self) -> None:
        """The user cancelled; it may take some seconds."""
        self._bar.setRange(0, 0)
        self._words.setText("Stopping.")
        self.cancel.setEnabled(False)

    def set_running(self, is_running: bool) -> None:
        """Show while a check runs."""
        self.setVisible(is_running)

    def show_event(self, event: object) -> None:
        """Say what the child said."""
        if not self.cancel.isEnabled():  # it is being stopped
            return
        if isinstance(event, StageStarted):
            self._bar.setRange(0, 0)
            self._words.setText(event.detail or _STAGES.get(event.stage, event.stage))
        elif isinstance(event, Progressed):
            self._bar.setRange(0, max(event.total, 1))
            self._bar.setValue(event.done)
            stage = _STAGES.get(event.stage, event.stage.capitalize())
            words = f"{stage}: {event.done:,} of {event.total:,}"
            if event.films_per_s > 0:
                words += f", {event.films_per_s:.0f} per second"
            self._words.setText(words)
        elif isinstance(event, Noted):
            self._words.setText(event.message)
