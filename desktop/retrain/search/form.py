"""Asks what a search may vary, and how many trials it has."""

from __future__ import annotations

from typing import Any, Final

from PyQt5.QtCore import QSignalBlocker, pyqtSignal, pyqtSlot
from PyQt5.QtGui import QFontDatabase
from PyQt5.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QFormLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QSpinBox,
    QWidget,
)

from core.errors import CoreError
from core.json_file import parse_json
from core.search.record import MEASURES, SAMPLERS
from core.search.space import grid_of, space_from_json
from desktop.retrain.runs.kind import RunRequest
from desktop.retrain.search.kind import SearchRequest
from desktop.widgets.buttons import ChoiceBox, button
from desktop.widgets.labels import Caption
from desktop.widgets.layouts import column, row, scrolling_column

#: A space to begin with: what a head on frozen features learns by.
_EXAMPLE: Final = """{
 "head_rate": {"low": 0.0001, "high": 0.01, "log": true},
 "head_optimiser": ["adam", "sgd"],
 "dropout": [0, 0.3, 0.5],
 "head": ["linear", "64"]
}"""
_HELP: Final = (
    "Each line names a setting, as under Settings in the steps before, and a list of "
    "values or a range of numbers to try. All else stays as it was chosen there. Where "
    "the backbone stays frozen (0 epochs of the second phase), its features are "
    "computed once for all trials, and a trial takes seconds."
)
_MOST_TRIALS: Final = 10_000
_LARGEST_FILE: Final = 1 << 20


class SearchForm(QWidget):
    """What a search of a prepared training varies.

    Attributes:
        error: Why it cannot start; empty if it can.
        back_button: The user does not want a search after all.

    Signals:
        start_asked: SearchRequest.
    """

    start_asked = pyqtSignal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._run: RunRequest | None = None
        self.error = ""
        self.title = QLabel("Search for settings", self)
        self.title.setObjectName("pageTitle")
        self.facts = Caption("", self)
        self.space = QPlainTextEdit(_EXAMPLE, self)
        self.space.setAccessibleName("What may vary, as JSON")
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        self.space.setFont(font)
        self.space.setTabChangesFocus(True)
        self.space.setMinimumHeight(160)
        self.sampler = _choices("How settings are drawn", SAMPLERS, self)
        self.measure = _choices("What trials are ranked by", MEASURES, self)
        self.trials = QSpinBox(self)
        self.trials.setRange(1, _MOST_TRIALS)
        self.trials.setValue(30)
        self.trials.setAccessibleName("Number of trials")
        self.pruning = QCheckBox("Give hopeless trials &up early", self)
        self.pruning.setChecked(True)
        self.why = Caption("", self)
        self.open_button = button("&Open a file…", self._on_open_clicked, self)
        self.back_button = QPushButton("&Back", self)
        self.start_button = button(
            "S&tart the search", self._on_start_clicked, self, style="startButton"
        )
        self._lay_out()
        self.space.textChanged.connect(self._check)
        self.sampler.currentIndexChanged[int].connect(self._check)

    def set_run(self, run: RunRequest) -> None:
        """Vary the settings of this training."""
        self._run = run
        self.facts.setText(
            f"{run.config.name}  ·  {run.data.name}  ·  every trial is ranked on the "
            "same validation films; the test films stay closed until one is chosen."
        )
        self._check()

    @pyqtSlot()
    def _check(self) -> None:
        self.error = ""
        try:
            self._fields()
        except CoreError as error:
            self.error = f"{error} {error.hint}".strip()
        self.why.setText(self.error)
        self.start_button.setEnabled(not self.error)
        self.start_button.setAccessibleDescription(self.error)

    def _fields(self) -> dict[str, Any]:
        """The space as it is written.

        Raises:
            CoreError: No training can be so.
        """
        assert self._run is not None
        try:
            fields = parse_json(self.space.toPlainText())
        except ValueError as error:
            raise CoreError(f"This is not JSON: {error}.") from error
        space = space_from_json(fields, self._run.config)
        is_grid = self.sampler.currentData() == "grid"
        self.trials.setSuffix("")
        if is_grid:
            count = len(grid_of(space))
            self.trials.setSuffix(f" of {count:,}")
            with QSignalBlocker(self.trials):
                self.trials.setValue(count)
        checked: dict[str, Any] = fields
        return checked

    @pyqtSlot()
    def _on_start_clicked(self) -> None:
        assert self._run is not None
        self.start_asked.emit(
            SearchRequest(
                run=self._run,
                space=self._fields(),
                trials=self.trials.value(),
                sampler=self.sampler.currentData(),
                measure=self.measure.currentData(),
                is_pruned=self.pruning.isChecked(),
            )
        )

    @pyqtSlot()
    def _on_open_clicked(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self, "What may vary", "", "Spaces (*.json);;All files (*)"
        )
        if not path:
            return
        try:
            with open(path, encoding="utf-8") as file:
                self.space.setPlainText(file.read(_LARGEST_FILE))
        except (OSError, ValueError) as error:
            self.why.setText(f"The file cannot be read: {error}.")

    def _lay_out(self) -> None:
        choices = QFormLayout()
        choices.addRow("Draw settings", self.sampler)
        choices.addRow("Trials", self.trials)
        choices.addRow("Rank by", self.measure)
        buttons = row(self.back_button, (self.why, 1), self.start_button, gap=10)
        scrolling_column(
            column(self.title, self.facts, gap=2),
            row((QLabel("What may vary", self), 1), self.open_button),
            (self.space, 1),
            Caption(_HELP, self),
            *(choices, self.pruning, buttons),
            of=self,
            gap=10,
            margins=(22, 18, 22, 18),
        )


def _choices(name: str, texts: dict[str, str], parent: QWidget) -> ChoiceBox:
    box = ChoiceBox(name, parent, letters=24)
    for value, text in texts.items():
        box.addItem(text[:1].upper() + text[1:], value)
    return box
