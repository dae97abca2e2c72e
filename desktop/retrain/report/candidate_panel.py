"""A new model against the one in use, and the buttons that change which that is."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from PyQt5.QtCore import Qt, QTimer, pyqtSignal, pyqtSlot
from PyQt5.QtGui import QShowEvent
from PyQt5.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from core.errors import CoreError
from core.jobs.channel import Outcome
from core.jobs.events import JobStopped
from core.jobs.failures import Failure
from core.model.bundle import ModelBundle
from core.runs.run import Run
from desktop.jobs.progress import JobProgress
from desktop.models.choice import Advice, ModelChoice
from desktop.retrain.report.allowed_drop import AllowedDrop
from desktop.retrain.report.comparison_file import compare_command, read_comparison
from desktop.retrain.report.comparison_view import ComparisonView
from desktop.widgets.confirm import choose
from desktop.widgets.message_card import MessageCard
from desktop.work.background import Background
from desktop.work.command import Command, CommandKind
from desktop.work.jobs import JobController

#: A run that is only passed by in the list is not compared.
_DWELL_MS: Final = 700
_QUESTION: Final = "The comparison with the model in use has not finished."
_ADVICE: Final = (
    "If you wait, the model is used as soon as it has, unless the comparison advises "
    "against it."
)
_ANSWERS: Final = ("&Wait for it", "&Use without comparing", "&Cancel")
_WAIT, _USE, _CANCEL = range(3)
_NOT_USED: Final = "Not put to use: read the comparison first."


class CandidatePanel(QFrame):
    """Compares a run's model with the one in use and offers to change.

    The comparison is made on the run's own test films, in a child process, and
    kept in the run's folder until either model is another. A model that is wanted
    before it has ended is asked about: it can wait for the comparison, and is then
    used unless that advises against it.

    Signals:
        use_asked: Path. This bundle is to be the one in use.
        back_asked: the model before the present one is wanted again.
        held_back: a model that was wanted is not used, for the reason on screen.
        compared: dict. A comparison came on screen.
        status_changed: str. For the status line.
    """

    use_asked = pyqtSignal(object)
    back_asked = pyqtSignal()
    held_back = pyqtSignal()
    compared = pyqtSignal(object)
    status_changed = pyqtSignal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("candidatePanel")
        self._run: Run | None = None
        self._bundle: ModelBundle | None = None
        self._in_use: ModelBundle | None = None
        self._result: Mapping[str, Any] | None = None
        self._jobs = JobController(CommandKind(), self)
        self._files = Background(self, "comparison")
        self._dwell = QTimer(self)
        self._dwell.setSingleShot(True)
        self._dwell.setInterval(_DWELL_MS)
        self._dwell.timeout.connect(self._on_dwell_timeout)
        self._is_due = self._is_pending = self._is_waiting = False
        self._make_widgets()
        self._lay_out()
        self._connect()
        self._show_state()

    @property
    def result(self) -> Mapping[str, Any] | None:
        """The comparison on screen."""
        return self._result

    @property
    def is_advised_against(self) -> bool:
        """Whether the comparison on screen speaks against the model."""
        result = self._result
        return result is not None and (
            result["verdict"] in ("worse", "not comparable") or bool(result["dropped"])
        )

    @property
    def is_in_use(self) -> bool:
        """Whether the run's model is the one in use."""
        return (
            self._bundle is not None
            and self._in_use is not None
            and self._bundle.sha256 == self._in_use.sha256
        )

    def set_run(self, run: Run | None, bundle: ModelBundle | None) -> None:
        """Show another run; its comparison is looked for, or made.

        Args:
            run: A finished run; None for nothing.
            bundle: Its model, verified.
        """
        self._run, self._bundle = run, bundle
        self._begin()

    def set_model_in_use(self, bundle: ModelBundle | None) -> None:
        """Another model is in use: what was compared with the old one is past."""
        is_same = bundle is not None and self._in_use == bundle
        self._in_use = bundle
        if not is_same:
            self._begin()

    @pyqtSlot()
    def compare(self) -> None:
        """Compare the two models, in a child; the result is kept in the run."""
        self._dwell.stop()
        self._is_due = False
        if self._run is None or self._bundle is None or self._in_use is None:
            return
        self._failure.hide()
        self._is_pending = True
        self._show_progress("Starting…")
        models = self._bundle, self._in_use
        words = compare_command(self._run, *models, self._drop.share)
        self._jobs.start(Command(tuple(words), self._run.path / "comparing"))

    def shut_down(self) -> None:
        """Stop a comparison that runs and end the threads."""
        self._dwell.stop()
        self._jobs.shut_down(waits=True)
        self._files.shut_down()

    # What is known

    def _begin(self) -> None:
        self._dwell.stop()
        self._is_due = self._is_pending = self._is_waiting = False
        self._jobs.stop()
        self._files.forget()
        self._result = None
        self.view.hide()
        self._failure.hide()
        self._progress.hide()
        run, bundle, in_use = self._run, self._bundle, self._in_use
        if run is None or bundle is None or in_use is None or self.is_in_use:
            self._show_state()
            return
        self._is_pending = True
        self._show_state()
        read = partial(read_comparison, run.comparison, bundle, in_use)
        self._files.ask(read, self._on_file_read, self._on_file_failed)

    def _on_file_read(self, result: Mapping[str, Any] | None) -> None:
        if result is None:
            self._show_progress("Waiting…")
            self._dwell.start()
            return
        self._result = result
        self._drop.setValue(round(100 * result["allowed_drop"]))
        self.view.set_comparison(result)
        self.view.show()
        was_waiting = self._is_waiting
        self._end()
        self.compared.emit(result)
        if was_waiting:
            self._settle(is_sure=False)

    def _on_file_failed(self, error: CoreError, command: object = None) -> None:
        self._fail(str(error), error.hint)

    # The child

    @pyqtSlot(object, object)
    def _on_job_ended(self, command: Command, outcome: Outcome) -> None:
        if isinstance(outcome, Failure):
            self._fail(outcome.message, outcome.hint)
        elif isinstance(outcome, JobStopped):
            self._end()
        else:
            self._read_result(Path(outcome.result))

    def _read_result(self, file: Path) -> None:
        run, bundle, in_use = self._run, self._bundle, self._in_use
        if run is not None and bundle is not None and in_use is not None:
            read = partial(read_comparison, file, bundle, in_use)
            self._files.ask(read, self._on_file_made, self._on_file_failed)

    def _on_file_made(self, result: Mapping[str, Any] | None) -> None:
        if result is None:  # the models have changed meanwhile
            self._end()
        else:
            self._on_file_read(result)

    def _fail(self, text: str, hint: str) -> None:
        if self._is_waiting:
            self.status_changed.emit(_NOT_USED)
        self._failure.set_words(text, hint)
        self._failure.show()
        self._end()

    @pyqtSlot()
    def _end(self) -> None:
        """There is no comparison under way any more."""
        self._is_pending = self._is_waiting = False
        self._progress.hide()
        self._show_state()

    # What is shown

    def _show_progress(self, text: str) -> None:
        self._progress.begin(text)
        self._show_state()

    def _show_state(self) -> None:
        name = self._in_use.card.name if self._in_use is not None else ""
        has_model = self._bundle is not None
        self.choice.show_state(is_in_use=self.is_in_use, has_model=has_model, name=name)
        can_compare = bool(name) and has_model and not self.is_in_use
        self.choice.set_advice(self._advice(can_compare))
        self.compare_button.setVisible(can_compare and not self._is_pending)
        again = "again" if self._result is not None else "with the model in use"
        self.compare_button.setText(f"&Compare {again}")
        for widget in (self._drop, self._drop_label):
            widget.setVisible(can_compare)

    def _advice(self, can_compare: bool) -> Advice:
        if self._is_waiting:
            return Advice.WAITING
        if self._is_pending:
            return Advice.PENDING
        if self._result is None and can_compare:
            return Advice.UNKNOWN
        return Advice.AGAINST if self.is_advised_against else Advice.NONE

    @pyqtSlot()
    def _on_dwell_timeout(self) -> None:
        if self.isVisible() or self._is_waiting:
            self.compare()
        else:  # nobody waits for it
            self._is_due = True

    @pyqtSlot()
    def _on_use_asked(self) -> None:
        bundle = self._bundle
        if self._is_waiting:  # no longer wanted
            self._is_waiting = False
            self._show_state()
            return
        was_pending = self._is_pending
        answer = choose(self, _QUESTION, _ADVICE, _ANSWERS) if was_pending else _USE
        if answer == _CANCEL or bundle is None or bundle is not self._bundle:
            return
        if was_pending and not self._is_pending:  # it ended behind the question
            self._settle(is_sure=answer == _USE)
        elif was_pending and answer == _WAIT:
            self._is_waiting = True
            if self._dwell.isActive():
                self.compare()
            self._show_state()
        else:
            self.use_asked.emit(bundle.path)

    def _settle(self, *, is_sure: bool) -> None:
        """Use the model that was wanted, unless the comparison speaks against it.

        Args:
            is_sure: Whether it is wanted without a comparison too.
        """
        if self.is_advised_against or (self._result is None and not is_sure):
            self.status_changed.emit(_NOT_USED)
            self.choice.use_button.setFocus(Qt.FocusReason.OtherFocusReason)
            self.held_back.emit()
        elif self._bundle is not None:
            self.use_asked.emit(self._bundle.path)

    @pyqtSlot()
    def _on_stop_clicked(self) -> None:
        self._dwell.stop()
        if self._jobs.is_running:
            self._progress.show_stopping()
            self._jobs.stop()
        else:
            self._end()

    # Making

    def _make_widgets(self) -> None:
        self.choice = ModelChoice(self)
        self.compare_button = QPushButton("&Compare with the model in use", self)
        self._drop_label = QLabel("Allo&wed fall", self)
        self._drop = AllowedDrop(self)
        self._drop_label.setBuddy(self._drop)
        self._progress = JobProgress("Comparison", "S&top comparing", {}, self)
        self.stop_button = self._progress.stop_button
        self._failure = MessageCard("warn", self)
        self._failure.set_severity("warn", "Not compared")
        self.view = ComparisonView(self)
        self._failure.hide()
        self.view.hide()

    def _lay_out(self) -> None:
        tools = QHBoxLayout()
        tools.setSpacing(8)
        tools.addWidget(self.compare_button)
        tools.addStretch(1)
        tools.addWidget(self._drop_label)
        tools.addWidget(self._drop)
        page = QVBoxLayout(self)
        page.setContentsMargins(14, 12, 14, 12)
        page.setSpacing(10)
        page.addWidget(self.choice)
        page.addWidget(self._progress)
        page.addWidget(self._failure)
        page.addWidget(self.view)
        page.addLayout(tools)

    def _connect(self) -> None:
        self.choice.use_asked.connect(self._on_use_asked)
        self.choice.back_asked.connect(self.back_asked)
        self.compare_button.clicked.connect(self.compare)
        self.stop_button.clicked.connect(self._on_stop_clicked)
        self._jobs.progressed.connect(self._progress.show_event)
        self._jobs.ended.connect(self._on_job_ended)
        self._jobs.refused.connect(self._on_file_failed)

    # Qt overrides

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._is_due:
            self._dwell.start()
