"""How a training would go on this machine, before it starts."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Final

from PyQt5.QtCore import Qt, pyqtSignal, pyqtSlot
from PyQt5.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from core.errors import CoreError
from core.jobs.channel import Outcome
from core.jobs.events import DeviceFound, JobStopped, Noted, StageStarted
from core.jobs.failures import Failure
from core.runs.config import TrainingConfig, config_to_json
from desktop.retrain.data.check_folder import CheckFolder, write_text
from desktop.retrain.preflight import (
    Preflight,
    batch_in_words,
    device_in_words,
    memory_in_words,
    minutes_in_words,
    parts_in_words,
    read_preflight,
)
from desktop.widgets.failure_panel import FailurePanel
from desktop.widgets.labels import Caption
from desktop.widgets.message_card import MessageCard
from desktop.work.command import Command, CommandKind
from desktop.work.jobs import JobController

_ROWS: Final = ("Device", "Time", "Films per step", "Memory")


@dataclasses.dataclass(frozen=True)
class PreflightJob:
    """What is to be tried: a job, its split, and Keras's backend."""

    config: TrainingConfig
    split: Path
    backend: str


class PreflightPanel(QWidget):
    """Runs one dry step in a child and says what it found.

    Signals:
        state_changed: a check began or ended.
    """

    state_changed = pyqtSignal()

    def __init__(self, folder: CheckFolder, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._folder = folder
        self._job: PreflightJob | None = None
        self._checked: PreflightJob | None = None
        self._asked: PreflightJob | None = None
        self._place: Path | None = None
        self._result: Preflight | None = None
        self._jobs = JobController(CommandKind(), self)
        self._jobs.progressed.connect(self._on_job_progressed)
        self._jobs.ended.connect(self._on_job_ended)
        self._jobs.refused.connect(self._on_job_refused)
        self._jobs.running_changed.connect(self._on_running_changed)
        self._button = QPushButton("&Check the machine", self)
        self._button.clicked.connect(self.check)
        self._cancel = QPushButton("Cancel", self)
        self._cancel.setAccessibleName("Cancel the check of the machine")
        self._cancel.clicked.connect(self._jobs.stop)
        self._status = Caption("", self)
        self._bar = QProgressBar(self)
        self._bar.setRange(0, 0)
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(6)
        self._bar.setAccessibleName("The machine is being checked")
        self._failure = FailurePanel(self, is_folded=True)
        self._device = MessageCard("warn", self)
        self._facts = QWidget(self)
        self._values: dict[str, QLabel] = {}
        self._notes = QLabel(self)
        self._notes.setWordWrap(True)
        self._notes.setTextFormat(Qt.TextFormat.PlainText)
        self._lay_out()
        self._show()

    @property
    def is_checking(self) -> bool:
        """Whether a check runs."""
        return self._jobs.is_running

    @property
    def result(self) -> Preflight | None:
        """What the last check that succeeded found."""
        return self._result

    @property
    def is_current(self) -> bool:
        """Whether that is about the job as it is now."""
        return self._result is not None and self._checked == self._job

    @property
    def status(self) -> str:
        """What is said of the check itself."""
        return self._status.text()

    @property
    def facts(self) -> dict[str, str]:
        """What is shown of the machine."""
        return {name: value.text() for name, value in self._values.items()}

    @property
    def notes(self) -> str:
        """What else the check said."""
        return self._notes.text()

    @property
    def device_warning(self) -> str:
        """Why no graphics card will be used; empty where one will."""
        return "" if self._device.isHidden() else self._device.text

    @property
    def failure(self) -> str:
        """Why the last check failed; empty if it did not."""
        return "" if self._failure.isHidden() else self._failure.cause.text

    def set_job(self, job: PreflightJob | None) -> None:
        """Tell what would be trained; None while that is not known."""
        if job != self._job:
            self._job = job
            self._show()

    def check_if_needed(self) -> None:
        """Check, unless that has been done for this job, or failed for it."""
        if self._job not in (self._checked, self._asked):
            self.check()

    @pyqtSlot()
    def check(self) -> None:
        """Run the dry step; a check that runs already begins anew."""
        if self._job is None:
            return
        self._failure.set_failure(None)
        self._asked = self._job
        try:
            place = self._folder.make()
            settings = config_to_json(self._job.config)
            write_text(place / "job.json", json.dumps(settings))
        except CoreError as error:
            self._fail(Failure(str(error), error.hint, "", Path()))
            return
        self._folder.discard(self._place)
        self._place = place
        words = ["train", "--dry-run", "--data", str(self._job.split)]
        words += ["--config", str(place / "job.json"), "--out", str(place / "model")]
        words += ["--json", str(place / "preflight.json")]
        if self._job.backend:
            words += ["--backend", self._job.backend]
        self._status.setText("Starting.")
        self._jobs.start(Command(tuple(words), place))
        self._show()

    def stop(self) -> None:
        """Stop a check."""
        self._jobs.stop()

    def shut_down(self) -> None:
        """Stop a check and wait for its end."""
        self._jobs.shut_down(waits=True)

    @pyqtSlot(object)
    def _on_job_progressed(self, event: object) -> None:
        if isinstance(event, StageStarted) and event.detail:
            self._status.setText(event.detail)
        elif isinstance(event, DeviceFound):
            self._status.setText(f"Trying one step on: {event.device}.")
        elif isinstance(event, Noted):
            self._status.setText(event.message)

    @pyqtSlot(object, object)
    def _on_job_ended(self, command: Command, outcome: Outcome) -> None:
        if isinstance(outcome, Failure):
            self._fail(outcome)
        elif isinstance(outcome, JobStopped):
            self._status.setText("The check was cancelled.")
        else:
            self._take_result()

    def _take_result(self) -> None:
        assert self._place is not None
        try:
            self._result = read_preflight(self._place / "preflight.json")
            self._checked = self._asked
        except CoreError as error:
            log = self._place / "log.txt"
            self._fail(Failure(str(error), error.hint, "", log))

    @pyqtSlot(object, object)
    def _on_job_refused(self, error: CoreError, command: object) -> None:
        self._fail(Failure(str(error), error.hint, "", Path()))

    @pyqtSlot(bool)
    def _on_running_changed(self, is_running: bool) -> None:
        self._show()

    def _fail(self, failure: Failure) -> None:
        self._status.setText("The check failed.")
        self._failure.set_failure(failure)
        self._show()

    def _show(self) -> None:
        running, result = self._jobs.is_running, self._result
        had_focus = self._button.hasFocus() or self._cancel.hasFocus()
        self._button.setVisible(not running)
        self._button.setEnabled(self._job is not None)
        self._button.setText("&Check again" if result else "&Check the machine")
        self._cancel.setVisible(running)
        if had_focus:
            (self._cancel if running else self._button).setFocus()
        self._bar.setVisible(running)
        self._facts.setVisible(result is not None)
        if result is None:
            self._device.hide()
            self._notes.hide()
        else:
            self._show_result(result)
            if not running and self._failure.isHidden():
                self._status.setText(
                    "" if self.is_current else "The settings have changed since."
                )
        self._status.setVisible(bool(self._status.text()))
        self.state_changed.emit()

    def _show_result(self, found: Preflight) -> None:
        parts = parts_in_words(found)
        time = minutes_in_words(found.minutes)
        self._values["Device"].setText(device_in_words(found))
        self._values["Time"].setText(f"{time}: {parts}" if parts else time)
        self._values["Films per step"].setText(batch_in_words(found))
        self._values["Memory"].setText(memory_in_words(found))
        self._device.set_words("No graphics card will be used.", found.reason)
        self._device.setVisible(bool(found.reason))
        self._notes.setText("\n".join(f"•  {note}" for note in found.notes))
        self._notes.setVisible(bool(found.notes))

    def _lay_out(self) -> None:
        grid = QGridLayout(self._facts)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(5)
        grid.setColumnStretch(1, 1)
        for i, name in enumerate(_ROWS):
            value = QLabel(self._facts)
            value.setWordWrap(True)
            value.setTextFormat(Qt.TextFormat.PlainText)
            title = Caption(name, self._facts)
            title.setWordWrap(False)
            grid.addWidget(title, i, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(value, i, 1)
            self._values[name] = value
        line = QHBoxLayout()
        line.setSpacing(10)
        line.addWidget(self._button)
        line.addWidget(self._cancel)
        line.addWidget(self._status, 1)
        line.addStretch(0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        for widget in (self._failure, self._facts, self._device, self._notes):
            column.addWidget(widget)
        column.addLayout(line)
        column.addWidget(self._bar)
