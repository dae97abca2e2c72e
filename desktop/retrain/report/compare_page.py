"""Several finished runs in one table."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from typing import Final

from PyQt5.QtCore import QModelIndex, Qt, pyqtSignal, pyqtSlot
from PyQt5.QtGui import QGuiApplication, QKeySequence
from PyQt5.QtWidgets import QLabel, QTableView, QWidget

from core.evaluation.findings import findings_of
from core.runs.run import Run
from desktop.jobs.list_model import ROW_ROLE
from desktop.retrain.runs.model import COMPARE_COLUMNS, RunRow, RunsModel
from desktop.widgets.buttons import action, button
from desktop.widgets.figures_table import make_plain
from desktop.widgets.labels import Caption
from desktop.widgets.layouts import row, scrolling_column
from desktop.widgets.message_card import MessageCard

_SAME: Final = (
    "All of these were measured on the same test films: their figures can be compared."
)
_DIFFERENT: Final = (
    "These runs split their films differently, so they were measured on different "
    "test films. A difference between their figures may come from the films."
)
_UNKNOWN: Final = (
    "Some of these do not say how their films were split, so nobody knows whether "
    "they were measured on the same test films."
)
_DOUBTFUL: Final = (
    "The labels of their films can be told apart without looking at lungs, so these "
    "figures may measure that: {}. Their reports say how."
)
_HINT: Final = (
    "Intervals hold the true figure in 95 of 100 cases. Click a heading to sort; "
    "double-click a run to see its report."
)
_WIDEST_PX: Final = 260
#: Column of the CSV file -> what it says of a run.
_CSV: Final[dict[str, Callable[[RunRow], object]]] = {
    "name": lambda row: row.name,
    "accuracy": lambda row: row.accuracy and row.accuracy.value,
    "accuracy_low": lambda row: row.accuracy and row.accuracy.low,
    "accuracy_high": lambda row: row.accuracy and row.accuracy.high,
    "macro_f1": lambda row: row.macro_f1 and row.macro_f1.value,
    "macro_f1_low": lambda row: row.macro_f1 and row.macro_f1.low,
    "macro_f1_high": lambda row: row.macro_f1 and row.macro_f1.high,
    "preset": lambda row: row.run.record.preset,
    "backbone": lambda row: row.run.record.config.backbone,
    "data": lambda row: row.run.record.data,
    "split_sha256": lambda row: row.split_sha256,
    "seconds": lambda row: round(row.seconds),
    "epochs": lambda row: row.epochs,
    "started": lambda row: row.run.record.started.isoformat(timespec="seconds"),
    "model_sha256": lambda row: row.bundle and row.bundle.sha256,
    "folder": lambda row: row.path,
}


class ComparePage(QWidget):
    """Shows what runs were worth side by side.

    Attributes:
        doubt: Which figures may measure something else than lungs.

    Signals:
        run_chosen: Run. Its row was opened by double click or Enter.
        status_changed: str. For the status line.
    """

    run_chosen = pyqtSignal(object)
    status_changed = pyqtSignal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("comparePage")
        self.model = RunsModel(COMPARE_COLUMNS, self)
        self.model.dataChanged.connect(self._on_model_changed)
        title = QLabel("Runs side by side", self)
        title.setObjectName("pageTitle")
        self.verdict = MessageCard("note", self)
        self.doubt = MessageCard("warn", self)
        self.table = self._make_table()
        tip = "Copy the table to paste into a spreadsheet"
        copy = button("&Copy as CSV", self._copy, self, tip=tip)
        scrolling_column(
            row((title, 1), copy),
            *(self.verdict, self.doubt, (self.table, 1), Caption(_HINT, self)),
            of=self,
            gap=10,
            margins=(18, 16, 18, 16),
        )

    def set_runs(self, runs: Sequence[Run]) -> None:
        """Show these runs, which have finished."""
        self.model.set_runs(runs)
        self._on_model_changed()

    def as_csv(self) -> str:
        """The table as it is sorted, with figures split from their intervals."""
        order, text = self.model.order, io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(_CSV)
        for i in range(order.rowCount()):
            of_run: RunRow = order.index(i, 0).data(ROW_ROLE)
            writer.writerow([say(of_run) for say in _CSV.values()])
        return text.getvalue()

    @pyqtSlot()
    def _on_model_changed(self) -> None:
        rows = self.model.rows
        splits = {each.split_sha256 for each in rows if each.is_read}
        if "" in splits and len(rows) > 1:
            self._say(_UNKNOWN, "warn", "Not comparable for sure")
        elif len(splits) > 1:
            self._say(_DIFFERENT, "warn", "Not comparable")
        else:
            self._say(_SAME, "good", "Comparable")
        self.verdict.setVisible(len(rows) > 1)
        doubtful = [each.name for each in rows if _is_doubtful(each)]
        self.doubt.set_words(_DOUBTFUL.format(", ".join(doubtful)))
        self.doubt.setVisible(bool(doubtful))
        if not self.model.is_reading:
            self.table.resizeColumnsToContents()
            for i in range(len(COMPARE_COLUMNS)):
                wide = self.table.columnWidth(i) + 8
                self.table.setColumnWidth(i, min(wide, _WIDEST_PX))

    def _say(self, text: str, severity: str, word: str) -> None:
        self.verdict.set_severity(severity, word)
        self.verdict.set_words(text)

    @pyqtSlot()
    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.as_csv())
        self.status_changed.emit("The table is in the clipboard.")

    @pyqtSlot(QModelIndex)
    def _on_table_activated(self, index: QModelIndex) -> None:
        self.run_chosen.emit(index.data(ROW_ROLE).run)

    def _make_table(self) -> QTableView:
        table = QTableView(self)
        make_plain(table)
        table.setObjectName("compareTable")
        # All of the table, not the cell that is current.
        keys = QKeySequence.StandardKey.Copy
        copy = action("&Copy as CSV", self._copy, table, keys)
        copy.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        table.addAction(copy)
        table.setModel(self.model.order)
        table.setSortingEnabled(True)
        table.sortByColumn(1, Qt.SortOrder.DescendingOrder)
        table.setAccessibleName("Runs side by side")
        table.activated.connect(self._on_table_activated)
        return table


def _is_doubtful(row: RunRow) -> bool:
    found = findings_of(row.bundle.card.data) if row.bundle is not None else None
    return found is not None and any(each.is_red for each in found.probes().values())
