"""The first step of a training: films, checked and split."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PyQt5.QtCore import pyqtSignal, pyqtSlot
from PyQt5.QtWidgets import (
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from core.errors import CoreError
from core.jobs.channel import Outcome
from core.jobs.events import JobStopped
from core.jobs.failures import Failure
from desktop.jobs.progress import JobProgress
from desktop.retrain.data.audit_file import read_audit
from desktop.retrain.data.audit_result import AuditResult
from desktop.retrain.data.audit_view import AuditView
from desktop.retrain.data.check_folder import CheckFolder, copy_manifest
from desktop.retrain.data.chooser import DataChooser
from desktop.retrain.data.options import DataOptions, SplitOptions, audit_words
from desktop.widgets.failure_panel import FailurePanel
from desktop.widgets.labels import Caption
from desktop.widgets.layouts import order_focus
from desktop.work.command import Command, CommandKind
from desktop.work.jobs import JobController

_GIVEN = "given-split.csv"
_STAGES: Final = {
    "reading": "Reading the films",
    "comparing": "Looking for copies",
    "probing": "Looking for shortcuts",
}


class DataPanel(QWidget):
    """Has the films that were chosen checked in a child, and shows the result.

    A check that fails or is cancelled leaves the last result on screen.

    Signals:
        data_changed: Path. Other films were chosen.
        state_changed: a check began or ended, or something was decided.
    """

    data_changed = pyqtSignal(object)
    state_changed = pyqtSignal()

    def __init__(self, folder: CheckFolder, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._folder = folder
        self._data: Path | None = None
        self._asked: tuple[Path, SplitOptions, Path] | None = None
        self._checked: tuple[Path, SplitOptions, Path] | None = None
        self._grouped = False
        self._jobs = JobController(CommandKind(), self)
        self._jobs.ended.connect(self._on_job_ended)
        self._jobs.refused.connect(self._on_job_refused)
        self._jobs.running_changed.connect(self._on_running_changed)
        self.chooser = DataChooser(self)
        self.chooser.data_chosen.connect(self.set_data)
        self.chooser.refused.connect(self._on_chooser_refused)
        self.options = DataOptions(self)
        self.options.options_changed.connect(self._on_options_changed)
        self.failure = FailurePanel(self, is_folded=True)
        self.view = AuditView(self)
        self.view.group_asked.connect(self._on_group_asked)
        self.view.acceptance_changed.connect(self.state_changed)
        self.progress = JobProgress("Progress of the check", "&Cancel", _STAGES, self)
        self.progress.stop_button.setAccessibleName("Cancel the check of the films")
        self.progress.stop_button.clicked.connect(self._on_cancel_clicked)
        self._jobs.progressed.connect(self.progress.show_event)
        self._stale = Caption("", self)
        self.again = QPushButton("Check &again", self)
        self.again.clicked.connect(self.check)
        self._lay_out()
        self._show()

    @property
    def data(self) -> Path | None:
        """What the user chose."""
        return self._data

    @property
    def result(self) -> AuditResult | None:
        """What the last check that succeeded found."""
        return self.view.result

    @property
    def split_options(self) -> SplitOptions:
        """How the films are to be checked and split."""
        return dataclasses.replace(self.options.options, grouped=self._grouped)

    @property
    def checked_options(self) -> SplitOptions:
        """How those of the result were."""
        return self._checked[1] if self._checked else self.split_options

    @property
    def split(self) -> Path | None:
        """The manifest to train on; None while there is none that may be used.

        Where leaks are accepted, it is a copy of the user's own: its splits are
        used as they are.
        """
        if self.reason or self.result is None or self._checked is None:
            return None
        return self.result.split or self._checked[2] / _GIVEN

    @property
    def acceptance(self) -> str:
        """Why leaks are accepted; empty while they are not."""
        return self.view.leaks.acceptance

    @property
    def is_checking(self) -> bool:
        """Whether a check runs."""
        return self._jobs.is_running

    @property
    def reason(self) -> str:
        """Why no training can start with these films; empty if one can."""
        if self._data is None:
            return "Choose the films to learn from first."
        if self.is_checking:
            return "The films are being checked."
        if self.options.error:
            return self.options.error
        if self.result is None or self._checked is None:
            return "The films have not been checked."
        if self._is_stale:
            return "Check the films again: something was changed since."
        if self.result.problem is not None:
            return self.result.problem.text
        if self.view.leaks.is_blocking:
            return "Films leak between the splits: group them, or accept it in writing."
        return ""

    @pyqtSlot(object)
    def set_data(self, data: Path) -> None:
        """Take other films, and check them at once."""
        is_other = data != self._data
        self._data = data
        self.chooser.set_data(data)
        if is_other:
            self._grouped = False
            self.options.set_known_labels(())
            self.data_changed.emit(data)
        self.check()

    def set_examples(self, films: Sequence[Path]) -> None:
        """Tell a few films of the user's."""
        self.options.set_examples(films)

    def set_shares(self, validation: float, test: float) -> None:
        """Split with other shares; checks again when that changes anything."""
        now = self.options.options
        changed = dataclasses.replace(now, validation=validation, test=test)
        if changed != now:
            self.options.set_options(changed)
            self.check()

    @pyqtSlot()
    def check(self) -> None:
        """Check the films; a check that runs begins anew."""
        if self._data is None or self.options.error:
            self._show()
            return
        self.failure.set_failure(None)
        try:
            place = self._folder.make()
        except CoreError as error:
            self._fail(Failure(str(error), error.hint, "", Path()))
            return
        options = self.split_options
        self._asked = (self._data, options, place)
        words = audit_words(
            self._data.absolute(), options, place / "audit.json", place / "split.csv"
        )
        self.progress.begin("Starting the check.")
        self._jobs.start(Command(tuple(words), place))
        self._show()

    def shut_down(self) -> None:
        """Stop a check and wait for its end."""
        self._jobs.shut_down(waits=True)

    @property
    def _is_stale(self) -> bool:
        now = (self._data, self.split_options)
        return self._checked is not None and self._checked[:2] != now

    @pyqtSlot()
    def _on_cancel_clicked(self) -> None:
        self.progress.show_stopping()
        self._jobs.stop()

    @pyqtSlot(object, object)
    def _on_job_ended(self, command: Command, outcome: Outcome) -> None:
        if isinstance(outcome, Failure):
            self._fail(outcome)
        elif isinstance(outcome, JobStopped):
            self._discard_asked()
        else:
            self._take_result()

    def _take_result(self) -> None:
        assert self._asked is not None
        data, options, place = self._asked
        try:
            found = read_audit(place / "audit.json", place / "split.csv")
            if found.leaks:  # which only a manifest can have
                copy_manifest(data, place / _GIVEN)
        except CoreError as error:
            self._fail(Failure(str(error), error.hint, "", place / "log.txt"))
            return
        old, self._checked = self._checked, self._asked
        self._folder.discard(old[2] if old else None)
        if not options.labels:
            self.options.set_known_labels(tuple(found.labels))
        self.view.set_result(found)
        order_focus(self)  # the result brought buttons of its own

    @pyqtSlot(object, object)
    def _on_job_refused(self, error: CoreError, command: object) -> None:
        self._fail(Failure(str(error), error.hint, "", Path()))

    @pyqtSlot(bool)
    def _on_running_changed(self, is_running: bool) -> None:
        self._show()

    @pyqtSlot()
    def _on_options_changed(self) -> None:
        self._show()

    @pyqtSlot()
    def _on_group_asked(self) -> None:
        self._grouped = True
        self.check()

    @pyqtSlot(str)
    def _on_chooser_refused(self, why: str) -> None:
        self.failure.set_failure(Failure(why, "", "", Path()))

    def _fail(self, failure: Failure) -> None:
        self.failure.set_failure(failure)
        self._discard_asked(keep_log=True)
        self._show()

    def _discard_asked(self, *, keep_log: bool = False) -> None:
        if self._asked is not None and self._asked != self._checked:
            if not keep_log:
                self._folder.discard(self._asked[2])
            self._asked = None

    def _show(self) -> None:
        running = self.is_checking
        self.progress.setVisible(running)
        self.options.setVisible(self._data is not None)
        has_old = self._data is not None and not running
        is_stale = self._is_stale or self._checked is None
        self.again.setVisible(has_old and is_stale)
        self.again.setEnabled(not self.options.error)
        self._stale.setVisible(has_old and self._is_stale and self.result is not None)
        self._stale.setText("What is shown below is not of these films and options.")
        self.view.setEnabled(not self._is_stale and not running)
        self.state_changed.emit()

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.setSpacing(10)
        line.addWidget(self.again)
        line.addWidget(self._stale, 1)
        line.addStretch(0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        for widget in (self.chooser, self.options, self.progress, self.failure):
            column.addWidget(widget)
        column.addLayout(line)
        column.addWidget(self.view)
        column.addStretch(1)
