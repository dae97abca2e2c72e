"""A run that is under way, was interrupted, or failed."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import Final

from PyQt5.QtCore import pyqtSignal, pyqtSlot
from PyQt5.QtGui import QResizeEvent
from PyQt5.QtWidgets import QWidget

from core.errors import RESUME
from core.jobs.events import EpochEnded, JobFailed
from core.jobs.failures import Failure
from core.runs.progress import RunProgress
from core.runs.run import FAILED, RUNNING, Run
from core.words import duration_in_words
from desktop.retrain.runs.kind import TrainingKind
from desktop.retrain.runs.learning_charts import LearningCharts
from desktop.retrain.runs.model import RunRow
from desktop.retrain.runs.status import RunStatus, stage_in_words, waited_for
from desktop.widgets.buttons import button
from desktop.widgets.failure_panel import FailurePanel
from desktop.widgets.labels import Caption, ElidedLabel, Rule
from desktop.widgets.layouts import PageScroll, column, row
from desktop.widgets.log_view import RunLog
from desktop.widgets.message_card import NoteRow, NotesCard
from desktop.widgets.stage_stepper import BROKEN, GOING, HALTED, StageStepper
from desktop.widgets.times import time_in_words, when_in_words

#: Height below which the tips of the buttons must do.
_ROOMY_PX: Final = 460
_RESUME: Final = ("Res&ume", "Go on from the last checkpoint")
_AGAIN: Final = ("Start a&gain", "It ended before there was anything to go on from")
#: What can be asked for -> the words of its button, and what they mean.
_BUTTONS: Final = {
    "finish": (
        "Stop and &keep the best",
        "Ends the training now, then exports and measures the model of the best epoch",
    ),
    "pause": (
        "&Pause",
        "Stops; the run goes on from its last checkpoint when you resume",
    ),
    "resume": _RESUME,
    "discard": (
        "Cancel and d&iscard…",
        "Stops, and deletes the run with everything it made",
    ),
}
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
    "finish": "Ending the training. Waiting for {}; then the best model is exported "
    "and measured.",
    "pause": "Pausing. Waiting for {}; after {} seconds it is ended there. What was "
    "done until the last checkpoint is kept.",
    "discard": "Stopping. Waiting for {}; after {} seconds it is ended there. Then "
    "the run is deleted.",
    "resume": "Starting; this takes a few seconds.",
}


class RunPage(QWidget):
    """Watches a run, and goes on with it or gives it up.

    Knows no process: it is given a run and its progress, and says what is wanted.

    Signals:
        asked: str, Run. "finish": make a model of the best epoch so far; "pause":
            stop, keeping everything; "resume": go on; "discard": stop, and delete
            it, which is to be confirmed.
    """

    asked = pyqtSignal(str, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("runPage")
        self._run: Run | None = None
        self._progress: RunProgress | None = None
        self._state = ""
        self._asked = ""
        self._drawn_epochs: list[EpochEnded] | None = None
        self.title = ElidedLabel("", self)
        self.title.setObjectName("runTitle")
        self.facts = Caption("", self)
        self.stepper = StageStepper(self)
        self.sentence = NoteRow(self)
        self.status = RunStatus(self)
        self.failure = FailurePanel(self)
        self.charts = LearningCharts(self)
        self.no_charts = Caption("Charts appear when the first epoch has ended.", self)
        self.notes = NotesCard("Notes", "in the run's folder", self)
        self.log = RunLog(self)
        buttons = [
            button(text, partial(self._ask, what), self, tip=tip)
            for what, (text, tip) in _BUTTONS.items()
        ]
        for each in buttons:
            each.setAccessibleDescription(each.toolTip())
        self.finish_button, self.pause_button = buttons[:2]
        self.resume_button, self.discard_button = buttons[2:]
        self.explanation = Caption(_EARLY, self)
        self._lay_out()

    def show_run(
        self,
        run: Run,
        progress: RunProgress,
        state: str,
        failure: Failure | None = None,
    ) -> None:
        """Show a run.

        Args:
            progress: What it has told; `refresh` after more has come.
            state: Of `core.runs.run`, but not finished.
            failure: Why it is not running, where it should be.
        """
        if self._run is None or run.path != self._run.path:
            self._scroll.verticalScrollBar().setValue(0)
            self.log.set_open(False)
        self._run, self._progress, self._state = run, progress, state
        self._asked = ""
        self._drawn_epochs = None
        of_run = RunRow(run)
        self.title.set_text(of_run.name)
        facts = [of_run.preset, of_run.backbone, of_run.data]
        facts += [when_in_words(run.record.started)] if not run.damage else []
        if state == RUNNING and run.record.minutes:
            took = duration_in_words(60 * run.record.minutes)
            facts.append(f"{took} in all, as reckoned before the start")
        seconds = time_in_words(run.times.seconds()) if state != RUNNING else ""
        facts += [f"ran for {seconds}"] if seconds else []
        self.facts.setText("  ·  ".join(filter(None, facts)))
        self.log.set_path(run.log)
        end = ("stop", "Failed") if state == FAILED else ("warn", "Interrupted")
        if failure is not None and failure.code == RESUME:
            hint = f"{failure.hint} Then press Resume."
            failure = dataclasses.replace(failure, hint=hint)
        self.failure.set_failure(failure, *end)
        self.log.setVisible(failure is None)
        self.refresh()

    def show_asked(self, what: str) -> None:
        """Say that something of `_BUTTONS`, or nothing, is still to happen."""
        self._asked = what
        self.refresh()

    @pyqtSlot()
    def refresh(self) -> None:
        """Show how far the run is now."""
        run, progress = self._run, self._progress
        if run is None or progress is None:
            return
        is_running = self._state == RUNNING
        mood = GOING if is_running else BROKEN if self._state == FAILED else HALTED
        self.stepper.setVisible(not run.damage)
        self.stepper.set_stages(progress.stages, progress.stage, mood)
        self.status.setVisible(is_running)
        if is_running:
            self.status.set_progress(progress)
        self.sentence.set_text(self._sentence(run, progress), "note")
        epochs = progress.epochs
        if self._drawn_epochs is not epochs:
            self._drawn_epochs = epochs
            self.charts.set_history(epochs)
        self.charts.setVisible(bool(epochs))
        self.no_charts.setVisible(is_running and not epochs)
        self.notes.set_notes(progress.notes)
        self._draw_buttons(run, progress)

    def _sentence(self, run: Run, progress: RunProgress) -> str:
        if self._state == RUNNING or self._asked:
            after = round(TrainingKind.kill_after_s)
            return _ASKED.get(self._asked, "").format(waited_for(progress), after)
        if self._state == FAILED or not self.failure.isHidden():
            return _KEPT if self._state != FAILED and run.can_resume() else ""
        where = f" during {stage_in_words(progress)}" if progress.stage else ""
        return f"Paused{where}. What was done is kept: resume it when you like."

    def _draw_buttons(self, run: Run, progress: RunProgress) -> None:
        is_running, is_free = self._state == RUNNING, not self._asked
        is_late = progress.stage in _LATE_STAGES
        self.finish_button.setVisible(is_running)
        has_best = bool(progress.epochs) and not is_late
        self.finish_button.setEnabled(is_free and has_best)
        self.pause_button.setVisible(is_running)
        self.pause_button.setEnabled(self._asked not in ("pause", "discard"))
        can_resume = not is_running and not run.damage
        self.resume_button.setVisible(can_resume)
        self.resume_button.setEnabled(is_free)
        text, tip = _RESUME if run.can_resume() else _AGAIN
        self.resume_button.setText(text)
        self.resume_button.setToolTip(tip)
        has_failed = isinstance(progress.end, JobFailed)
        self.resume_button.setDefault(can_resume and not has_failed)
        words = "Cancel and d&iscard…" if is_running else "D&iscard…"
        self.discard_button.setText(words)
        self.discard_button.setEnabled(self._asked != "discard")
        self.explanation.setText(_LATE if is_late else _EARLY)
        has_room = self.height() >= _ROOMY_PX
        self.explanation.setVisible(is_running and is_free and has_room)

    def _ask(self, what: str) -> None:
        if what != "discard":  # which may still be thought better of
            self.show_asked(what)
        self.asked.emit(what, self._run)

    def _lay_out(self) -> None:
        body = QWidget(self)
        body.setObjectName("runPageBody")
        column(
            column(self.title, self.facts, gap=2),
            *(self.stepper, self.sentence, self.status, self.failure),
            *(self.charts, self.no_charts, self.notes, self.log, None),
            of=body,
            gap=12,
            margins=(22, 18, 22, 18),
        )
        self._scroll = PageScroll(self)
        self._scroll.setObjectName("runScroll")
        self._scroll.setWidget(body)
        self.setFocusProxy(self._scroll)  # whose keys scroll
        footer = QWidget(self)
        footer.setObjectName("runFooter")
        left = (self.finish_button, self.pause_button, self.resume_button)
        buttons = row(*left, None, self.discard_button)
        column(self.explanation, buttons, of=footer, gap=6, margins=(22, 8, 22, 12))
        column((self._scroll, 1), Rule(self), footer, of=self, gap=0)

    # Qt overrides

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.refresh()
