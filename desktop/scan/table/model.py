"""The rows of a scan for a table view: a hundred thousand without a stall."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from PyQt5.QtCore import (
    QModelIndex,
    QObject,
    Qt,
    QTimer,
    pyqtSignal,
    pyqtSlot,
)

from core.model.bundle import Label
from core.scan.row import ScanRow
from desktop.scan.table.columns import columns_for, row_sentence
from desktop.scan.table.order import RowFilter, RowSort, rows_in_order
from desktop.scan.table.rows import Ids, RowStore
from desktop.widgets.figures_table import TableModel

_ROOT: Final = QModelIndex()
#: Rows are put into their places at most this often, and the more rows there are
#: the less often, so that it takes a small share of the time.
_ORDER_EVERY_S: Final = 0.5
_ORDER_SHARE: Final = 0.1


class ScanModel(TableModel):
    """Serves the rows of a scan, sorted and filtered, as they come.

    It sorts by itself: QSortFilterProxyModel asks Python twice for each comparison,
    which took 6.9 s for a hundred thousand rows, and NumPy's argsort 0.01 s.

    A row has a number, which it keeps, and a place in the table, which changes.
    Rows that come are put into place twice a second.

    Attributes:
        rows: All of them, shown or not.
        columns: What is shown of them.
        sorted_by, filter: In which order, and which of them.
        is_selected: Whether a row is, by its number; its words say so.

    Signals:
        counts_changed: rows have come, or others are shown.
    """

    counts_changed = pyqtSignal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows = RowStore()
        self.columns = columns_for(())
        self.sorted_by, self.filter = RowSort(), RowFilter()
        self.is_selected: Callable[[int], bool] = lambda row: False
        self._order: Ids = np.empty(0, np.int64)
        self._places: Ids = np.empty(0, np.int64)
        self._ordered_at, self._pause_s = -1e9, _ORDER_EVERY_S
        self._ordering = QTimer(self)
        self._ordering.setSingleShot(True)
        self._ordering.timeout.connect(self._on_ordering_timeout)

    @property
    def total(self) -> int:
        """How many rows there are, shown or not."""
        return len(self.rows)

    @property
    def order(self) -> Ids:
        """(m,) int64: the number of the row in each place; not to be changed."""
        return self._order

    @property
    def is_settled(self) -> bool:
        """Whether every row that was handed over is in its place."""
        return not self._ordering.isActive()

    def begin(self, labels: Sequence[Label]) -> None:
        """Let go of all rows; those to come are of a model with these labels."""
        self.beginResetModel()
        self._ordering.stop()
        self.rows, self.columns = RowStore(labels), columns_for(labels)
        self.sorted_by, self.filter = RowSort(), RowFilter()
        self._set_order(np.empty(0, np.int64))
        self._ordered_at, self._pause_s = -1e9, _ORDER_EVERY_S
        self.endResetModel()

    def add_rows(self, rows: Sequence[ScanRow]) -> None:
        """Take rows in; they are shown within a second."""
        self.rows.append(rows)
        if not self._ordering.isActive():
            wait_s = self._ordered_at + self._pause_s - time.monotonic()
            self._ordering.start(max(0, round(1000 * wait_s)))

    def sort_by(self, sort: RowSort) -> None:
        """Sort anew; selection and current row stay with their films."""
        if sort != self.sorted_by:
            self.sorted_by = sort
            self._on_ordering_timeout()

    @pyqtSlot(object)
    def set_filter(self, wanted: RowFilter) -> None:
        """Show the rows that pass."""
        if wanted == self.filter:
            return
        self.filter = wanted
        order = self._new_order()
        self.beginResetModel()
        self._set_order(order)
        self.endResetModel()
        self.counts_changed.emit()

    def mark_gone(self, rows: Sequence[int], words: str) -> None:
        """Say of films that they are not there any more.

        Args:
            rows: Their numbers.
            words: What became of them; no dot at its end.
        """
        self.rows.gone.update(dict.fromkeys(rows, words))
        if len(self._order):
            last = self.index(len(self._order) - 1, len(self.columns) - 1)
            self.dataChanged.emit(self.index(0, 0), last)

    def row_at(self, place: int) -> int:
        """The number of the row in a place."""
        return int(self._order[place])

    def place_of(self, row: int) -> int | None:
        """Where a row is; None while it is not shown."""
        if not 0 <= row < len(self._places) or self._places[row] < 0:
            return None
        return int(self._places[row])

    @pyqtSlot()
    def _on_ordering_timeout(self) -> None:
        self._show(self._new_order())
        self.counts_changed.emit()

    def _new_order(self) -> Ids:
        began = time.monotonic()
        order = rows_in_order(self.rows, self.sorted_by, self.filter)
        self._ordered_at = time.monotonic()
        took_s = self._ordered_at - began
        self._pause_s = max(_ORDER_EVERY_S, took_s / _ORDER_SHARE)
        self._ordering.stop()
        return order

    def _show(self, order: Ids) -> None:
        """Bring rows into a new order; it lacks none of those that are shown."""
        fresh = order[order >= len(self._places)]
        if len(fresh):
            first = len(self._order)
            self.beginInsertRows(_ROOT, first, len(order) - 1)
            self._set_order(np.concatenate([self._order, fresh]))
            self.endInsertRows()
        if np.array_equal(order, self._order):
            return
        self.layoutAboutToBeChanged.emit()
        before = self._order
        self._set_order(order)
        # A few only: the current one and the like. The selection has none.
        for index in self.persistentIndexList():
            place = self.place_of(int(before[index.row()]))
            moved = self.index(place, index.column()) if place is not None else _ROOT
            self.changePersistentIndex(index, moved)
        self.layoutChanged.emit()

    def _set_order(self, order: Ids) -> None:
        self._order = order
        self._places = np.full(len(self.rows), -1, np.int64)
        self._places[order] = np.arange(len(order))

    def row_count(self) -> int:
        return len(self._order)

    def column_count(self) -> int:
        return len(self.columns)

    def cell(self, row: int, column: int, role: int) -> object:
        rows, shown, number = self.rows, self.columns[column], self.row_at(row)
        if role == Qt.ItemDataRole.DisplayRole:
            return shown.text(rows, number)
        if role == Qt.ItemDataRole.ToolTipRole:
            return (shown.hover or shown.text)(rows, number) or None
        if role == Qt.ItemDataRole.AccessibleTextRole:
            if column > 1:
                return f"{shown.title}: {shown.text(rows, number) or 'none'}"
            selected = ", selected" if self.is_selected(number) else ""
            return row_sentence(rows, number) + selected
        return None

    def heading(self, column: int, role: int) -> object:
        shown = self.columns[column]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return shown.title
        return shown.tip if role == Qt.ItemDataRole.ToolTipRole else None
