"""How far a job is, in a line and a bar, and the button that stops it."""

from __future__ import annotations

from collections.abc import Mapping

from PyQt5.QtWidgets import QPushButton, QSizePolicy, QWidget

from core.jobs.events import Noted, Progressed, StageStarted
from desktop.widgets.labels import PlainText
from desktop.widgets.layouts import column, row
from desktop.widgets.stage_stepper import StageBar


class JobProgress(QWidget):
    """Hidden while no job is at work.

    Args:
        name: Of the bar, for who cannot see it.
        stop: On the button.
        stages: Stage -> what is done in it, to be told with the films that are;
            of other stages only what the job says of them is told.
    """

    def __init__(
        self, name: str, stop: str, stages: Mapping[str, str], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._stages = stages
        self._words = PlainText("", self)
        # A long path must not keep the window from becoming narrow.
        policy = QSizePolicy.Policy
        self._words.setSizePolicy(policy.Ignored, policy.Preferred)
        self._bar = StageBar(name, self)
        self.stop_button = QPushButton(stop, self)
        column(row((self._words, 1), self.stop_button), self._bar, of=self, gap=6)
        self.hide()

    @property
    def words(self) -> str:
        """What is said of the progress."""
        return self._words.text()

    def begin(self, words: str) -> None:
        """A job begins; nothing is known of how much of it is done."""
        self._tell(words)
        self.stop_button.setEnabled(True)
        self.show()

    def show_stopping(self) -> None:
        """The user wants the end; it may take some seconds."""
        at = self.words.rstrip("….")
        self._tell(f"Stopping. Waiting for the film or step in hand ({at}).")
        self.stop_button.setEnabled(False)

    def show_event(self, event: object) -> None:
        """Say what the job told."""
        if not self.stop_button.isEnabled():  # it is being stopped
            return
        if isinstance(event, StageStarted):
            self._tell(event.detail or self._stages.get(event.stage, self.words))
        elif isinstance(event, Progressed):
            self._bar.set_done(event.done, max(event.total, 1))
            if stage := self._stages.get(event.stage):
                words = f"{stage}: {event.done:,} of {event.total:,}"
                if event.films_per_s > 0:
                    words += f", {event.films_per_s:.0f} per second"
                self._words.setText(words)
        elif isinstance(event, Noted) and self._stages:
            self._words.setText(event.message)

    def _tell(self, words: str) -> None:
        self._words.setText(words)
        self._bar.set_done()
