"""Looks for a learning rate, beside the setting that it is for."""

from __future__ import annotations

import dataclasses
import functools
from itertools import pairwise
from pathlib import Path
from typing import Final

import msgspec
from PyQt5.QtCore import pyqtSlot
from PyQt5.QtWidgets import QWidget

from core.reports.charts import rate_chart
from core.runs.config import TrainingConfig
from core.runs.rate_test import PHASES, epochs_of, read_rate_test
from desktop.retrain.preflight import FOUND, TrialPanel
from desktop.retrain.runs.kind import RunRequest
from desktop.retrain.settings.row import SettingRow
from desktop.widgets.buttons import button
from desktop.widgets.chart_view import ChartView
from desktop.widgets.labels import Caption, PlainText
from desktop.widgets.layouts import column, in_reading_order, row

_STAGES: Final = {
    "reading": "Reading films",
    "features": "Computing their features",
    "rate": "Raising the learning rate",
}
_CHART_PX: Final = 220
_TIP: Final = (
    "Tries rising learning rates for some hundred steps, and shows where the loss "
    "falls fastest."
)
_NO_FILMS: Final = "Choose films, have them checked, and mend what cannot be used."


class RateFinder(TrialPanel):
    """Has a range test run in a child and shows its curve, and the rate to take.

    Its button stands beside the editor of a row of the form, and the rest below.

    Args:
        setting: The row of "rate" or "head_rate".

    Attributes:
        find_button, use_button: Begin a test; take the rate that it suggests.
    """

    def __init__(self, setting: SettingRow) -> None:
        self._name = setting.field.name
        self._phase = PHASES[self._name]
        name = f"The learning rate of {self._phase} is being looked for"
        super().__init__(name, setting, stages=_STAGES)
        self._setting = setting
        self.find_button = button("Find a rate", self.find, setting)
        self.find_button.setAccessibleName(f"Find a learning rate for {self._phase}")
        cancel = f"Cancel looking for the learning rate of {self._phase}"
        self.progress.stop_button.setAccessibleName(cancel)
        self.chart = ChartView(self)
        self.chart.setMinimumHeight(_CHART_PX)
        self.words = PlainText("", self)
        self.stale = Caption("The films or settings have changed since.", self)
        self.use_button = button("Use this rate", self._on_use_clicked, self)
        self.use_button.setAccessibleName(f"Use this rate for {self._phase}")
        column(
            *(self.progress, self.failure, self.words, self.stale, self.chart),
            row(self.use_button, None),
            of=self,
            margins=(0, 4, 0, 4),
        )
        beside = setting.editor.row
        beside.insertWidget(beside.count() - 1, self.find_button)
        setting.body.insertWidget(setting.body.count() - 1, self)
        self._show()
        # As it is read, though it was made after all other rows.
        order = (setting.editor.focusProxy(), self.find_button)
        for pair in pairwise((*order, *in_reading_order(self), setting.back)):
            QWidget.setTabOrder(*pair)

    @property
    def reason(self) -> str:
        """Why no rate can be looked for; empty if one can."""
        if self._job is None:
            return _NO_FILMS
        leaves_out = not epochs_of(self._job.config, self._name)
        return f"This recipe leaves out {self._phase}." if leaves_out else ""

    def set_job(self, job: RunRequest | None) -> None:
        if job is not None:  # which rate it has does not matter, nor what it is called
            usual = TrainingConfig()
            same = {name: getattr(usual, name) for name in ("name", self._name)}
            config = msgspec.structs.replace(job.config, **same)
            job = dataclasses.replace(job, config=config)
        super().set_job(job)

    @pyqtSlot()
    def find(self) -> None:
        """Run the test; one that runs already begins anew."""
        if self._job is not None:
            self._try("--find-rate", self._name)
            self.progress.stop_button.setFocus()

    @pyqtSlot()
    def _on_use_clicked(self) -> None:
        if self.result is not None and self.result.suggestion is not None:
            self._setting.choose(self.result.suggestion)

    def _take_result(self, place: Path) -> None:
        self.result = read_rate_test(place / FOUND)
        draw = functools.partial(rate_chart, self.result)
        self.chart.set_drawing(draw, self.result.in_words())

    @pyqtSlot()
    def _show(self) -> None:
        running, found = self.is_checking, self.result
        self.find_button.setEnabled(not self.reason and not running)
        self.find_button.setToolTip(self.reason or _TIP)
        for widget in (self.words, self.chart):
            widget.setVisible(found is not None)
        can_use = found is not None and found.suggestion is not None
        self.use_button.setVisible(can_use)
        self.stale.setVisible(found is not None and not self.is_current)
        if found is not None:
            self.words.setText(found.in_words())
        has_failed = not self.failure.isHidden()
        had_focus = self.progress.stop_button.hasFocus()
        self.setVisible(running or found is not None or has_failed)
        super()._show()
        if had_focus and not running:
            (self.use_button if can_use else self.find_button).setFocus()
