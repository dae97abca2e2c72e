"""A run that is under way, was interrupted, or failed."""

from __future__ import annotations

import dataclasses
from typing import Final

from PyQt5.QtCore import QTimer, pyqtSignal, pyqtSlot
from PyQt5.QtGui import QResizeEvent
from PyQt5.QtWidgets import (
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from core.errors import RESUME
from core.jobs.events import JobFailed
from core.jobs.failures import Failure
from core.runs.progress import RunProgress
from core.runs.run import FAILED, RUNNING, Run
from desktop.retrain.runs.learning_charts import LearningCharts
from desktop.retrain.runs.rows import RunRow
from desktop.retrain.runs.status import RunStatus, stage_in_words
from desktop.widgets.failure_panel import FailurePanel
from desktop.widgets.labels import Caption, ElidedLabel, Rule, SectionTitle
from desktop.widgets.layouts import PageScroll
from desktop.widgets.log_view import RunLog
from desktop.widgets.message_card import NoteRow
from desktop.widgets.stage_stepper import BROKEN, GOING, HALTED, StageStepper
from desktop.widgets.times import time_in_words, when_in_words

_REDRAW_MS: Final = 120
#: Height below which the tips of the buttons must do.
_ROOMY_PX: Final = 460
_FINISH_TIP: Final = (
    "Ends the training now, then exports and measures the model of the best epoch"
)
_PAUSE_TIP: Final = "Stops; the run goes on from its last checkpoint when you resume"
_DISCARD_TIP: Final = "Stops, and deletes the run with everything it made"
_KEPT: Final = "What was done is kept: Resume goes on from the last checkpoint."
#: When the training itself has ended.
_LATE_STAGES: Final = ("export", "evaluation")
_EARLY: Final = (
    "Stop and keep the best ends the training and makes a model of the best epoch so "
    "far, as soon as one has ended."
)
_LATE: Final = (
    "The training has ended; the best epoch is being made into a model and measured. "
    "This may take a few minutes."
)
#: What was asked for -> what is said until it has happened.
_ASKED: Final = {
    "finish": "Ending the training; then the best model is exported and measured.",
    "pause": "Pausing; what was done is kept.",
    "discard": "Stopping; then the run is deleted.",
    "resume": "Starting; this takes a few seconds.",
}


class RunPage(QWidget):
    """Watches a run, and goes on with it or gives it up.

    Knows no process: it is given a run and its run_progress, and says what is wanted.

    Signals:
        finish_asked: Run. Make a model of the best epoch so far.
        pause_asked: Run. Stop, keeping everything.
        discard_asked: Run. Stop, and delete it; to be confirmed.
        resume_asked: Run. Go on with it.
    """

    finish_asked = pyqtSignal(object)
    pause_asked = pyqtSignal(object)
    discard_asked = pyqtSignal(object)
    resume_asked = pyqtSignal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("runPage")
        self._run: Run | None = None
        self._run_progress: RunProgress | None = None
        self._state = ""
        self._asked = ""
        self._drawn_epochs: list[object] | None = None
        self.title = ElidedLabel("", self)
        self.title.setObjectName("runTitle")
        self.facts = Caption("", self)
        self.stepper = StageStepper(self)
        self.sentence = NoteRow(self)
        self.status = RunStatus(self)
        self.failure = FailurePanel(self)
        self.charts = LearningCharts(self)
        self.no_charts = Caption("Charts appear when the first epoch has ended.", self)
        self.notes = Notes(self)
        self.log = RunLog(self)
        self._make_buttons()
        self._lay_out()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_REDRAW_MS)
        self._timer.timeout.connect(self._draw)

    @property
    def run(self) -> Run | None:
        """The run on the page."""
        return self._run

    def show_run(
        self,
        run: Run,
        run_progress: RunProgress,
        state: str,
        failure: Failure | None = None,
    ) -> None:
        """Show a run.

        Args:
            run: The run.
            run_progress: What it has told; `refresh` after more has come.
            state: Of `core.runs.run`, but not finished.
            failure: Why it is not running, where it should be.
        """
        if self._run is None or run.path != self._run.path:
            self._scroll.verticalScrollBar().setValue(0)
            self.log.set_open(False)
        self._run, self._run_progress, self._state = run, run_progress, state
        self._asked = ""
        self._drawn_epochs = None
        row = RunRow(run)
        self.title.set_text(row.name)
        facts = [row.preset, row.backbone, row.data]
        facts += [when_in_words(run.record.started)] if not run.damage else []
        seconds = time_in_words(run.times.seconds()) if state != RUNNING else ""
        facts += [f"ran for {seconds}"] if seconds else []
        self.facts.setText("  ·  ".join(fact for fact in facts if fact))
        self.log.set_path(run.log)
        end = ("stop", "Failed") if state == FAILED else ("warn", "Interrupted")
        if failure is not None and failure.code == RESUME:
            hint = f"{failure.hint} Then press Resume."
            failure = dataclasses.replace(failure, hint=hint)
        self.failure.set_failure(failure, *end)
        self.log.setVisible(failure is None)
        self._draw()

    @pyqtSlot()
    def refresh(self) -> None:
        """The run_progress has gone on; drawn a few times a second at most."""
        if not self._timer.isActive():
            self._timer.start()

    def show_asked(self, what: str) -> None:
        """Say that something was asked for and has not happened yet.

        Args:
            what: "finish", "pause" or "discard"; empty for nothing.
        """
        self._asked = what
        self._draw()

    @pyqtSlot()
    def _draw(self) -> None:
        run, run_progress = self._run, self._run_progress
        if run is None or run_progress is None:
            return
        is_running = self._state == RUNNING
        mood = GOING if is_running else BROKEN if self._state == FAILED else HALTED
        self.stepper.setVisible(not run.damage)
        self.stepper.set_stages(run_progress.stages, run_progress.stage, mood)
        self.status.setVisible(is_running)
        if is_running:
            self.status.set_progress(run_progress)
        self._draw_sentence(run, run_progress)
        if self._drawn_epochs is not run_progress.epochs:
            self._drawn_epochs = run_progress.epochs  # type: ignore[assignment]
            self.charts.set_history(run_progress.epochs)
        self.charts.setVisible(bool(run_progress.epochs))
        self.no_charts.setVisible(is_running and not run_progress.epochs)
        self.notes.set_notes(run_progress.notes)
        self._draw_buttons(run, run_progress)

    def _draw_sentence(self, run: Run, run_progress: RunProgress) -> None:
        if self._state == RUNNING or self._asked:
            self.sentence.set_text(_ASKED.get(self._asked, ""), "note")
            return
        if self._state == FAILED or not self.failure.isHidden():
            goes_on = self._state != FAILED and run.can_resume()
            self.sentence.set_text(_KEPT if goes_on else "", "note")
            return
        where = f" during {stage_in_words(run_progress)}" if run_progress.stage else ""
        text = f"Paused{where}. What was done is kept: resume it when you like."
        self.sentence.set_text(text, "note")

    def _draw_buttons(self, run: Run, run_progress: RunProgress) -> None:
        is_running, is_free = self._state == RUNNING, not self._asked
        self.finish_button.setVisible(is_running)
        has_best = bool(run_progress.epochs) and run_progress.stage not in _LATE_STAGES
        self.finish_button.setEnabled(is_free and has_best)
        self.pause_button.setVisible(is_running)
        self.pause_button.setEnabled(self._asked not in ("pause", "discard"))
        can_resume = not is_running and not run.damage
        self.resume_button.setVisible(can_resume)
        self.resume_button.setEnabled(is_free)
        goes_on = run.can_resume()
        self.resume_button.setText("Res&ume" if goes_on else "Start &again")
        self.resume_button.setToolTip(
            "Go on from the last checkpoint"
            if goes_on
            else "It ended before there was anything to go on from"
        )
        self.discard_button.setText(
            "Cancel and d&iscard…" if is_running else "D&iscard…"
        )
        self.discard_button.setEnabled(self._asked != "discard")
        has_failed = isinstance(run_progress.end, JobFailed)
        is_default = can_resume and not has_failed
        self.resume_button.setDefault(is_default)
        has_room = self.height() >= _ROOMY_PX
        self.explanation.setText(
            _LATE if run_progress.stage in _LATE_STAGES else _EARLY
        )
        self.explanation.setVisible(is_running and not self._asked and has_room)

    @pyqtSlot()
    def _on_finish_clicked(self) -> None:
        self.show_asked("finish")
        self.finish_asked.emit(self._run)

    @pyqtSlot()
    def _on_pause_clicked(self) -> None:
        self.show_asked("pause")
        self.pause_asked.emit(self._run)

    @pyqtSlot()
    def _on_discard_clicked(self) -> None:
        self.discard_asked.emit(self._run)

    @pyqtSlot()
    def _on_resume_clicked(self) -> None:
        self.show_asked("resume")
        self.resume_asked.emit(self._run)

    def _make_buttons(self) -> None:
        self.finish_button = QPushButton("Stop and &keep the best", self)
        self.finish_button.setToolTip(_FINISH_TIP)
        self.finish_button.setAccessibleDescription(_FINISH_TIP)
        self.finish_button.clicked.connect(self._on_finish_clicked)
        self.pause_button = QPushButton("&Pause", self)
        self.pause_button.setToolTip(_PAUSE_TIP)
        self.pause_button.setAccessibleDescription(_PAUSE_TIP)
        self.pause_button.clicked.connect(self._on_pause_clicked)
        self.resume_button = QPushButton("Res&ume", self)
        self.resume_button.clicked.connect(self._on_resume_clicked)
        self.discard_button = QPushButton("Cancel and d&iscard…", self)
        self.discard_button.setToolTip(_DISCARD_TIP)
        self.discard_button.setAccessibleDescription(_DISCARD_TIP)
        self.discard_button.clicked.connect(self._on_discard_clicked)
        self.explanation = Caption(_EARLY, self)

    def _lay_out(self) -> None:
        body = QWidget(self)
        body.setObjectName("runPageBody")
        column = QVBoxLayout(body)
        column.setContentsMargins(22, 18, 22, 18)
        column.setSpacing(12)
        head = QVBoxLayout()
        head.setSpacing(2)
        head.addWidget(self.title)
        head.addWidget(self.facts)
        column.addLayout(head)
        parts = (self.stepper, self.sentence, self.status, self.failure)
        for widget in (*parts, self.charts, self.no_charts, self.notes, self.log):
            column.addWidget(widget)
        column.addStretch(1)
        self._scroll = PageScroll(self)
        self._scroll.setObjectName("runScroll")
        self._scroll.setWidget(body)
        self.setFocusProxy(self._scroll)  # whose keys scroll
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        for button in (self.finish_button, self.pause_button, self.resume_button):
            buttons.addWidget(button)
        buttons.addStretch(1)
        buttons.addWidget(self.discard_button)
        footer = QWidget(self)
        footer.setObjectName("runFooter")
        foot = QVBoxLayout(footer)
        foot.setContentsMargins(22, 8, 22, 12)
        foot.setSpacing(6)
        foot.addWidget(self.explanation)
        foot.addLayout(buttons)
        page = QVBoxLayout(self)
        page.setContentsMargins(0, 0, 0, 0)
        page.setSpacing(0)
        page.addWidget(self._scroll, 1)
        page.addWidget(Rule(self))
        page.addWidget(footer)

    # Qt overrides

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.refresh()


class Notes(QWidget):
    """What the user should know about a run, one sentence each; or nothing."""

    _MOST: Final = 12

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._notes: tuple[str, ...] = ()
        self._rows: list[NoteRow] = []
        self._more = Caption("", self)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(6)
        self._column.addWidget(SectionTitle("Notes", self))
        self._column.addWidget(self._more)
        self.hide()

    @property
    def notes(self) -> tuple[str, ...]:
        """All of them."""
        return self._notes

    def set_notes(self, notes: list[str]) -> None:
        """Show the notes, the first dozen of them."""
        if tuple(notes) == self._notes:
            return
        self._notes = tuple(notes)
        while len(self._rows) < min(len(notes), self._MOST):
            self._rows.append(NoteRow(self))
            self._column.insertWidget(len(self._rows), self._rows[-1])
        for i, row in enumerate(self._rows):
            row.set_text(notes[i] if i < len(notes) else "", "warn")
        rest = len(notes) - self._MOST
        self._more.setText(f"And {rest} more, in the run's folder.")
        self._more.setVisible(rest > 0)
        self.setVisible(bool(notes))
