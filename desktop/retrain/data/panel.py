"""The first step of a training: films, checked and split."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Final

from PyQt5.QtCore import pyqtSignal, pyqtSlot
from PyQt5.QtWidgets import QWidget

from core.jobs.failures import Failure
from desktop.retrain.data.audit import AuditResult, read_audit
from desktop.retrain.data.audit_view import AuditView
from desktop.retrain.data.check import CheckPanel, copy_manifest
from desktop.retrain.data.chooser import DataChooser
from desktop.retrain.data.options import DataOptions, SplitOptions, audit_words
from desktop.widgets.buttons import button
from desktop.widgets.labels import Caption
from desktop.widgets.layouts import column, order_focus, row

_GIVEN = "given-split.csv"
_STAGES: Final = {
    "reading": "Reading the films",
    "comparing": "Looking for copies",
    "probing": "Looking for shortcuts",
}


class DataPanel(CheckPanel):
    """Has the films that were chosen checked, and shows the result.

    Signals:
        data_changed: Path. Other films were chosen.
    """

    data_changed = pyqtSignal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Progress of the check", parent, stages=_STAGES)
        self.data: Path | None = None
        self._grouped = False
        self.progress.stop_button.setAccessibleName("Cancel the check of the films")
        self.chooser = DataChooser(self)
        self.chooser.data_chosen.connect(self.set_data)
        self.options = DataOptions(self)
        self.options.options_changed.connect(self._show)
        self.view = AuditView(self)
        self.view.leaks.group.clicked.connect(self._on_group_clicked)
        self.view.leaks.acceptance_changed.connect(self.state_changed)
        self._stale = Caption(
            "What is shown below is not of these films and options.", self
        )
        self.again = button("Check &again", self.check, self)
        column(
            *(self.chooser, self.options, self.progress, self.failure),
            row(self.again, (self._stale, 100), None, gap=10),
            *(self.view, None),
            of=self,
            gap=10,
        )
        self._show()

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
        if self.reason or self.result is None:
            return None
        return self.result.split or self.result.audit.with_name(_GIVEN)

    @property
    def reason(self) -> str:
        """Why no training can start with these films; empty if one can."""
        if self.data is None:
            return "Choose the films to learn from first."
        if self.is_checking:
            return "The films are being checked."
        if self.options.error:
            return self.options.error
        if self.result is None:
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
        is_other = data != self.data
        self.data = data
        self.chooser.set_data(data)
        if is_other:
            self._grouped = False
            self.view.leaks.reason.clear()  # it was about leaks of the others
            self.options.set_known_labels(())
            self.data_changed.emit(data)
        self.check()

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
        if self.data is None or self.options.error:
            self._show()
            return
        data, options = subject = (self.data, self.split_options)
        self._begin(
            subject,
            lambda place: audit_words(
                data.absolute(), options, place / "audit.json", place / "split.csv"
            ),
        )

    def _take_result(self, place: Path) -> None:
        data, options = self._asked
        found = read_audit(place / "audit.json", place / "split.csv")
        if found.leaks:  # which only a manifest can have
            copy_manifest(data, place / _GIVEN)
        if not options.labels:
            self.options.set_known_labels(tuple(found.labels))
        self.view.set_result(found)
        order_focus(self)  # the result brought buttons of its own

    @property
    def _is_stale(self) -> bool:
        now = (self.data, self.split_options)
        return self._checked is not None and self._checked != now

    @pyqtSlot()
    def _on_group_clicked(self) -> None:
        self._grouped = True
        self.check()

    def refuse(self, why: str) -> None:
        """Say why what was dropped cannot be taken."""
        self.failure.set_failure(Failure(why))

    @pyqtSlot()
    def _show(self) -> None:
        running = self.is_checking
        self.options.setVisible(self.data is not None)
        has_old = self.data is not None and not running
        self.again.setVisible(has_old and (self._is_stale or self._checked is None))
        self.again.setEnabled(not self.options.error)
        self._stale.setVisible(has_old and self._is_stale)
        self.view.setEnabled(not self._is_stale and not running)
        super()._show()
