"""The trials of a search as a table, and as charts."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from PyQt5.QtWidgets import QTableView, QWidget

from core.reports.search_charts import history_chart, importance_chart, parallel_chart
from core.search.record import (
    FAILED,
    FINISHED,
    MEASURES,
    PRUNED,
    RUNNING,
    SearchTable,
    TrialRow,
    labels_of,
    rates_text,
    setting_text,
)
from core.words import duration_in_words
from desktop.jobs.list_model import ROW_ROLE, Column, JobListModel
from desktop.widgets.chart_view import ChartGrid
from desktop.widgets.figures_table import make_plain

_SEVERITIES: Final = {FINISHED: "good", RUNNING: "note", FAILED: "stop"}
_STATES: Final = {PRUNED: "Given up"}
_CHARTS: Final = {
    "history": ("History", "Each trial, and the best so far."),
    "importance": ("What matters", "How much each setting decides."),
    "parallel": ("Settings and values", "A line for each trial; the best stands out."),
}


@dataclasses.dataclass(frozen=True)
class _Line:
    """A trial as a list of jobs has it."""

    row: TrialRow
    path: Path


class TrialTable(QTableView):
    """Trials in rows, the best first unless asked otherwise."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.trials = JobListModel((), self)
        self._order = self.trials.order
        make_plain(self)
        self.setObjectName("compareTable")  # looks like one
        self.setModel(self._order)
        self.setSortingEnabled(True)
        self.horizontalHeader().setSortIndicator(-1, self._order.sortOrder())
        self.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        self.setAccessibleName("Trials, the best first")
        self.setMinimumHeight(220)

    @property
    def chosen(self) -> TrialRow | None:
        """The trial that is selected."""
        rows = self.selectionModel().selectedRows()
        return rows[0].data(ROW_ROLE).row if rows else None

    def set_trials(self, names: Sequence[str], table: SearchTable) -> None:
        """Show these; what is selected stays so.

        Args:
            names: Of the settings that vary.
        """
        chosen, model = self.chosen, self.trials
        columns = _columns(names, labels_of(table), table.measure)
        if [x.title for x in model.columns] != [x.title for x in columns]:
            model.beginResetModel()
            model.columns, model.rows = columns, []
            model.endResetModel()
        model.set_rows([_Line(x, Path(str(x.number))) for x in table.rows])
        for place in range(self._order.rowCount()):
            line = self._order.index(place, 0).data(ROW_ROLE)
            if chosen is not None and line.row.number == chosen.number:
                self.selectRow(place)
        self.resizeColumnsToContents()


class SearchCharts(ChartGrid):
    """Three charts of the trials."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tuple(_CHARTS), 3, _CHARTS, parent)
        self.set_sizes(300, 240)
        self.show_only(tuple(_CHARTS))

    def set_trials(self, names: Sequence[str], table: SearchTable) -> None:
        """Show these; `names` are of the settings that vary."""
        title = MEASURES.get(table.measure, table.measure)
        low = {"is_lower_better": table.measure == "loss"}
        points = [
            (x.number, x.value, x.state == FINISHED)
            for x in table.rows
            if x.value is not None and x.state in (FINISHED, PRUNED)
        ]
        trials = [
            ([x.params.get(name) for name in names], x.value)
            for x in table.rows
            if x.state == FINISHED and x.value is not None
        ]
        drawn = {
            "history": partial(history_chart, points, title, **low),
            "importance": partial(importance_chart, table.importance),
            "parallel": partial(parallel_chart, names, trials, title, **low),
        }
        best = table.best
        said = f"the best is {best.value:.3f}" if best and best.value else "none yet"
        for name, draw in drawn.items():
            heading, note = _CHARTS[name]
            words = f"{heading}: {note} {len(points)} trials have ended; {said}."
            self.views[name].set_drawing(draw, words)


def _columns(
    names: Sequence[str], labels: Sequence[str], measure: str
) -> tuple[Column, ...]:
    """Columns of the table of trials."""

    def setting(name: str) -> Column:
        def key(line: _Line) -> float | str | None:
            value = line.row.params.get(name)
            return value if isinstance(value, int | float | str) else None

        text = lambda line: setting_text(name, line.row.params.get(name))  # noqa: E731
        return Column(name, text, key, is_number=True)

    def label(name: str) -> Column:
        def text(line: _Line) -> str:
            return (
                rates_text(line.row.result.labels.get(name)) if line.row.result else ""
            )

        def key(line: _Line) -> float | None:
            rates = line.row.result.labels.get(name) if line.row.result else None
            return rates.sensitivity if rates else None

        tip = "Sensitivity / specificity on the validation films"
        return Column(name, text, key, is_number=True, tip=tip)

    title = MEASURES.get(measure, measure)
    return (
        Column(
            "Trial",
            lambda line: str(line.row.number),
            lambda line: line.row.number,
            is_number=True,
        ),
        Column(
            title[:1].upper() + title[1:],
            lambda line: "" if line.row.value is None else f"{line.row.value:.4f}",
            lambda line: line.row.value,
            is_number=True,
            tip="On the validation films, of the epoch that is kept",
        ),
        Column(
            "State",
            lambda line: _STATES.get(line.row.state, line.row.state.capitalize()),
            lambda line: line.row.state,
            severity=lambda line: _SEVERITIES.get(line.row.state, ""),
            hover=lambda line: line.row.reason or line.row.state,
        ),
        *map(setting, names),
        *map(label, labels),
        Column(
            "Time",
            lambda line: duration_in_words(line.row.seconds or 0),
            lambda line: line.row.seconds,
            is_number=True,
        ),
    )
