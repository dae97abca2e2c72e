"""Several finished runs in one table."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from PyQt5.QtCore import QModelIndex, Qt, pyqtSignal, pyqtSlot
from PyQt5.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from PyQt5.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from core.evaluation.findings import findings_of
from core.model.bundle import ModelBundle
from core.runs.run import Run
from desktop.jobs.list_model import ROW_ROLE
from desktop.retrain.runs.model import COMPARE_COLUMNS, RunsModel, RunsOrder
from desktop.retrain.runs.rows import RunRow
from desktop.widgets.labels import Caption
from desktop.widgets.message_card import MessageCard
from desktop.widgets.rates import Rate

_SAME = (
    "All of these were measured on the same test films: their figures can be compared."
)
_DIFFERENT = (
    "These runs split their films differently, so they were measured on different "
    "test films. A difference between their figures may come from the films."
)
_UNKNOWN = (
    "Some of these do not say how their films were split, so nobody knows whether "
    "they were measured on the same test films."
)
_DOUBTFUL = (
    "The labels of their films can be told apart without looking at lungs, so these "
    "figures may measure that: {}. Their reports say how."
)


class ComparePage(QWidget):
    """Shows what runs were worth side by side.

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
        self._order = RunsOrder(self.model)
        title = QLabel("Runs side by side", self)
        title.setObjectName("pageTitle")
        self._sign = MessageCard("note", self)
        self._doubt = MessageCard("warn", self)
        self.table = self._make_table()
        copy = QPushButton("&Copy as CSV", self)
        copy.setToolTip("Copy the table to paste into a spreadsheet")
        copy.clicked.connect(self._on_copy_clicked)
        head = QHBoxLayout()
        head.addWidget(title, 1)
        head.addWidget(copy)
        hint = Caption(
            "Intervals hold the true figure in 95 of 100 cases. Click a heading to "
            "sort; double-click a run to see its report.",
            self,
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 16)
        column.setSpacing(10)
        column.addLayout(head)
        column.addWidget(self._sign)
        column.addWidget(self._doubt)
        column.addWidget(self.table, 1)
        column.addWidget(hint)

    @property
    def verdict(self) -> str:
        """Whether the figures can be compared, in words."""
        return self._sign.text

    @property
    def doubt(self) -> str:
        """Which figures may measure something else than lungs; empty for none."""
        return "" if self._doubt.isHidden() else self._doubt.text

    def set_runs(self, runs: Sequence[Run]) -> None:
        """Show these runs, which have finished."""
        self.model.set_runs(runs)
        self._on_model_changed()

    def set_model_in_use(self, bundle: ModelBundle | None) -> None:
        """Mark the run whose model is the one in use."""
        self.model.set_model_in_use(bundle)

    def as_csv(self) -> str:
        """The table as it is sorted, with figures split from their intervals."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(_CSV_HEAD)
        for i in range(self._order.rowCount()):
            writer.writerow(_csv_row(self._order.index(i, 0).data(ROW_ROLE)))
        return text.getvalue()

    @pyqtSlot()
    def _on_model_changed(self) -> None:
        splits = {row.split_sha256 for row in self.model.rows if row.is_read}
        if "" in splits and len(self.model.rows) > 1:
            self._say(_UNKNOWN, "warn", "Not comparable for sure")
        elif len(splits) > 1:
            self._say(_DIFFERENT, "warn", "Not comparable")
        else:
            self._say(_SAME, "good", "Comparable")
        self._sign.setVisible(len(self.model.rows) > 1)
        doubtful = [row.name for row in self.model.rows if _is_doubtful(row)]
        self._doubt.set_words(_DOUBTFUL.format(", ".join(doubtful)))
        self._doubt.setVisible(bool(doubtful))
        if not self.model.is_reading:
            self.table.resizeColumnsToContents()
            for i in range(len(COMPARE_COLUMNS)):
                wide = self.table.columnWidth(i) + 8
                self.table.setColumnWidth(i, min(wide, 260))

    def _say(self, text: str, severity: str, word: str) -> None:
        self._sign.set_severity(severity, word)
        self._sign.set_words(text)

    @pyqtSlot()
    def _on_copy_clicked(self) -> None:
        QGuiApplication.clipboard().setText(self.as_csv())
        self.status_changed.emit("The table is in the clipboard.")

    @pyqtSlot(QModelIndex)
    def _on_table_activated(self, index: QModelIndex) -> None:
        self.run_chosen.emit(index.data(ROW_ROLE).run)

    def _make_table(self) -> QTableView:
        table = _RunsTable(self)
        table.setObjectName("compareTable")
        table.copy_asked.connect(self._on_copy_clicked)
        table.setModel(self._order)
        table.setSortingEnabled(True)
        table.sortByColumn(1, Qt.SortOrder.DescendingOrder)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setAlternatingRowColors(True)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setTabKeyNavigation(False)
        table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        table.verticalHeader().hide()
        table.horizontalHeader().setHighlightSections(False)
        resize = QHeaderView.ResizeMode.Interactive
        table.horizontalHeader().setSectionResizeMode(resize)
        table.setAccessibleName("Runs side by side")
        table.activated.connect(self._on_table_activated)
        return table


class _RunsTable(QTableView):
    """Copies all of the table, not the cell that is current."""

    copy_asked = pyqtSignal()

    # Qt overrides

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_asked.emit()
        else:
            super().keyPressEvent(event)


def _is_doubtful(row: RunRow) -> bool:
    found = findings_of(row.bundle.card.data) if row.bundle is not None else None
    return found is not None and any(each.is_red for each in found.shortcuts)


_CSV_HEAD = (
    *("name", "accuracy", "accuracy_low", "accuracy_high"),
    *("macro_f1", "macro_f1_low", "macro_f1_high"),
    *("preset", "backbone", "data", "split_sha256", "seconds", "epochs", "started"),
    *("model_sha256", "folder"),
)


def _csv_row(row: RunRow) -> list[object]:
    record = row.run.record
    return [
        row.name,
        *_csv_rate(row.accuracy),
        *_csv_rate(row.macro_f1),
        record.preset,
        record.config.backbone,
        record.data,
        row.split_sha256,
        round(row.seconds),
        row.epochs,
        record.started.isoformat(timespec="seconds"),
        row.bundle.sha256 if row.bundle is not None else "",
        row.run.path,
    ]


def _csv_rate(rate: Rate | None) -> list[object]:
    return [rate.value, rate.low, rate.high] if rate is not None else ["", "", ""]
