"""A new model against the one in use, and the buttons that change which that is."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from PyQt5.QtCore import QTimer, pyqtSignal, pyqtSlot
from PyQt5.QtGui import QShowEvent
from PyQt5.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from core.bundle import ModelBundle
from core.errors import CoreError
from core.events import Progressed, StageStarted
from core.failures import Failure
from core.json_file import read_json
from core.run import Run
from desktop.background import Background
from desktop.child_job import ChildJob
from desktop.comparison_view import ComparisonView
from desktop.message_card import MessageCard
from desktop.model_choice import ModelChoice

ALLOWED_DROP: Final = 5
#: A run that is only passed by in the list is not compared.
_DWELL_MS: Final = 700


class CandidatePanel(QFrame):
    """Compares a run's model with the one in use and offers to change.

    The comparison is made on the run's own test films, in a child process, and
    kept in the run's folder until either model is another.

    Signals:
        use_asked: Path. This bundle is to be the one in use.
        back_asked: the model before the present one is wanted again.
        compared: dict. A comparison came on screen.
        status_changed: str. For the status line.
    """

    use_asked = pyqtSignal(object)
    back_asked = pyqtSignal()
    compared = pyqtSignal(object)
    status_changed = pyqtSignal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("candidatePanel")
        self._run: Run | None = None
        self._bundle: ModelBundle | None = None
        self._in_use: ModelBundle | None = None
        self._result: Mapping[str, Any] | None = None
        self._job = ChildJob(self)
        self._files = Background(self, "comparison")
        self._dwell = QTimer(self)
        self._dwell.setSingleShot(True)
        self._dwell.setInterval(_DWELL_MS)
        self._dwell.timeout.connect(self._on_dwell_timeout)
        self._is_due = False
        self._make_widgets()
        self._lay_out()
        self._connect()
        self._show_state()

    @property
    def result(self) -> Mapping[str, Any] | None:
        """The comparison on screen."""
        return self._result

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
        self._show_progress("Starting…")
        arguments = [
            *("compare", str(self._bundle.path), str(self._in_use.path)),
            *("--data", str(self._run.split), "--split", "test"),
            *("--allow-drop", str(self._drop.value() / 100)),
            *("--json", str(self._run.comparison), "--overwrite", "--events"),
        ]
        self._job.start(arguments, self._run.path / "comparison-log.txt")

    def shut_down(self) -> None:
        """Stop a comparison that runs and end the threads."""
        self._dwell.stop()
        self._job.shut_down()
        self._files.shut_down()

    # What is known

    def _begin(self) -> None:
        self._dwell.stop()
        self._is_due = False
        self._job.stop()
        self._files.forget()
        self._result = None
        self.view.hide()
        self._failure.hide()
        self._progress.hide()
        self._show_state()
        run, bundle, in_use = self._run, self._bundle, self._in_use
        if run is None or bundle is None or in_use is None or self.is_in_use:
            return
        read = partial(_read_comparison, run.comparison, bundle, in_use)
        self._files.ask(read, self._on_file_read, self._on_file_failed)

    def _on_file_read(self, result: Mapping[str, Any] | None) -> None:
        if result is None:
            self._show_progress("Waiting…")
            self._dwell.start()
            return
        self._progress.hide()
        self._result = result
        self._drop.setValue(round(100 * result["allowed_drop"]))
        self.view.set_comparison(result)
        self.view.show()
        self._show_state()
        self.compared.emit(result)

    def _on_file_failed(self, error: CoreError) -> None:
        self._progress.hide()
        self._failure.set_words(str(error), error.hint)
        self._failure.show()
        self._show_state()

    # The child

    @pyqtSlot(object)
    def _on_job_progressed(self, event: object) -> None:
        if isinstance(event, StageStarted) and event.detail:
            self._show_progress(event.detail)
        elif isinstance(event, Progressed) and event.total:
            self._bar.setRange(0, event.total)
            self._bar.setValue(event.done)

    @pyqtSlot(str)
    def _on_job_succeeded(self, result: str) -> None:
        run, bundle, in_use = self._run, self._bundle, self._in_use
        if run is not None and bundle is not None and in_use is not None:
            read = partial(_read_comparison, Path(result), bundle, in_use)
            self._files.ask(read, self._on_file_made, self._on_file_failed)

    def _on_file_made(self, result: Mapping[str, Any] | None) -> None:
        if result is None:  # the models have changed meanwhile
            self._progress.hide()
            self._show_state()
        else:
            self._on_file_read(result)

    @pyqtSlot()
    def _on_job_stopped(self) -> None:
        self._progress.hide()
        self._show_state()

    @pyqtSlot(object)
    def _on_job_failed(self, failure: Failure) -> None:
        self._progress.hide()
        self._failure.set_words(failure.message, failure.hint)
        self._failure.show()
        self._show_state()

    # What is shown

    def _show_progress(self, text: str) -> None:
        self._activity.setText(text)
        self._bar.setRange(0, 0)
        self._progress.show()
        self._show_state()

    def _show_state(self) -> None:
        name = self._in_use.card.name if self._in_use is not None else ""
        has_model, result = self._bundle is not None, self._result
        self.choice.show_state(is_in_use=self.is_in_use, has_model=has_model, name=name)
        self.choice.set_doubtful(
            result is not None
            and (
                result["verdict"] in ("worse", "not comparable")
                or bool(result["dropped"])
            )
        )
        is_busy = self._progress.isVisibleTo(self)
        can_compare = bool(name) and has_model and not self.is_in_use
        self.compare_button.setVisible(can_compare and not is_busy)
        self.compare_button.setText(
            "&Compare with the model in use" if result is None else "&Compare again"
        )
        for widget in (self._drop, self._drop_label):
            widget.setVisible(can_compare)

    @pyqtSlot()
    def _on_dwell_timeout(self) -> None:
        if self.isVisible():
            self.compare()
        else:  # nobody waits for it
            self._is_due = True

    @pyqtSlot()
    def _on_use_asked(self) -> None:
        if self._bundle is not None:
            self._job.stop()
            self.use_asked.emit(self._bundle.path)

    @pyqtSlot()
    def _on_stop_clicked(self) -> None:
        self._dwell.stop()
        if self._job.is_running:
            self._activity.setText("Stopping…")
            self._job.stop()
        else:
            self._on_job_stopped()

    # Making

    def _make_widgets(self) -> None:
        self.choice = ModelChoice(self)
        self.compare_button = QPushButton("&Compare with the model in use", self)
        self._drop_label = QLabel("Allo&wed fall", self)
        self._drop = QSpinBox(self)
        self._drop.setRange(0, 100)
        self._drop.setSuffix(" %")
        self._drop.setValue(ALLOWED_DROP)
        self._drop.setKeyboardTracking(False)
        self._drop.setAccessibleName("Largest fall of a class's recall, percent")
        self._drop.setToolTip(
            "The candidate is advised against when it finds fewer films of any "
            "class by more than this. Compare again to apply a change."
        )
        self._drop_label.setBuddy(self._drop)
        self._progress = QWidget(self)
        self._activity = QLabel(self._progress)
        self._activity.setWordWrap(True)
        self._bar = QProgressBar(self._progress)
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(8)
        self._bar.setAccessibleName("Comparison")
        self.stop_button = QPushButton("S&top comparing", self._progress)
        self._failure = MessageCard("warn", self)
        self._failure.set_severity("warn", "Not compared")
        self.view = ComparisonView(self)
        for widget in (self._progress, self._failure, self.view):
            widget.hide()

    def _lay_out(self) -> None:
        progress = QHBoxLayout(self._progress)
        progress.setContentsMargins(0, 0, 0, 0)
        progress.setSpacing(10)
        column = QVBoxLayout()
        column.addWidget(self._activity)
        column.addWidget(self._bar)
        progress.addLayout(column, 1)
        progress.addWidget(self.stop_button)
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
        self._job.progressed.connect(self._on_job_progressed)
        self._job.succeeded.connect(self._on_job_succeeded)
        self._job.stopped.connect(self._on_job_stopped)
        self._job.failed.connect(self._on_job_failed)

    # Qt overrides

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._is_due:
            self._dwell.start()


def _read_comparison(
    path: Path, candidate: ModelBundle, in_use: ModelBundle
) -> Mapping[str, Any] | None:
    """The comparison that was kept; None unless it is of these two models."""
    try:
        result = read_json(path)
        hashes = result["candidate"]["sha256"], result["in_use"]["sha256"]
        is_whole = {"verdict", "sentences", "warnings", "differences", "dropped"}
        if hashes == (candidate.sha256, in_use.sha256) and is_whole <= set(result):
            return dict(result)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return None
