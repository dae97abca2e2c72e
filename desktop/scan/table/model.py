"""The rows of a scan for a table view: a hundred thousand without a stall."""

from __future__ import annotations

import collections
import time
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from PyQt5.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    Qt,
    QTimer,
    pyqtSignal,
    pyqtSlot,
)

from core.model.bundle import Label
from desktop.scan.table.cells import (
    Column,
    cell_text,
    cell_tip,
    columns_for,
    row_sentence,
)
from desktop.scan.table.columns import Ids, RowBlock, ScanColumns
from desktop.scan.table.order import RowFilter, RowSort, rows_in_order

_ROOT: Final = QModelIndex()
#: Rows taken in at a stretch, and how long that may go on.
_PART: Final = 250
_TAKING_S: Final = 0.008
#: Rows are put into their places at most this often, and the more rows there are
#: the less often, so that it takes a small share of the time.
_ORDER_EVERY_S: Final = 0.5
_ORDER_SHARE: Final = 0.1


class ScanModel(QAbstractTableModel):
    """Serves the rows of a scan, sorted and filtered, as they come.

    It sorts by itself: QSortFilterProxyModel asks Python twice for each comparison,
    which took 6.9 s for a hundred thousand rows, and NumPy's argsort 0.01 s.

    A row has a number, which it keeps, and a place in the table, which changes.
    Blocks are taken in little by little, and put into place twice a second.

    Signals:
        counts_changed: rows have come, or others are shown.
    """

    counts_changed = pyqtSignal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.labels: tuple[Label, ...] = ()
        self.columns: tuple[Column, ...] = columns_for(())
        self.rows = ScanColumns(0)
        self.sorted_by = RowSort()
        self.filter = RowFilter()
        self._is_selected: Callable[[int], bool] | None = None
        self._order: Ids = np.empty(0, np.int64)
        self._places: Ids = np.empty(0, np.int64)
        self._waiting: collections.deque[RowBlock] = collections.deque()
        self._ordered_at = -1e9
        self._pause_s = _ORDER_EVERY_S
        self._taking = _once(self, self._on_taking_timeout)
        self._ordering = _once(self, self._on_ordering_timeout)

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
        return not (self._waiting or self._ordering.isActive())

    def begin(self, labels: Sequence[Label]) -> None:
        """Let go of all rows; those to come are of a model with these labels."""
        self.beginResetModel()
        self._taking.stop()
        self._ordering.stop()
        self._waiting.clear()
        self.labels = tuple(labels)
        self.columns = columns_for(self.labels)
        self.rows = ScanColumns(len(self.labels))
        self.sorted_by, self.filter = RowSort(), RowFilter()
        self._set_order(np.empty(0, np.int64))
        self._ordered_at, self._pause_s = -1e9, _ORDER_EVERY_S
        self.endResetModel()
        self.counts_changed.emit()

    def add_block(self, block: RowBlock) -> None:
        """Take rows in; they are shown within a second."""
        if len(block):
            self._waiting.append(block)
            self._taking.start(0)

    def sort_by(self, sort: RowSort) -> None:
        """Sort anew; selection and current row stay with their films."""
        if sort != self.sorted_by:
            self.sorted_by = sort
            self._show(self._new_order())
            self.counts_changed.emit()

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

    def tell_selected(self, is_selected: Callable[[int], bool]) -> None:
        """Have the words of a row say whether it is selected.

        Args:
            is_selected: Asked with the number of a row.
        """
        self._is_selected = is_selected

    def row_at(self, place: int) -> int:
        """The number of the row in a place."""
        return int(self._order[place])

    def place_of(self, row: int) -> int | None:
        """Where a row is; None while it is not shown."""
        if not 0 <= row < len(self._places) or self._places[row] < 0:
            return None
        return int(self._places[row])

    @pyqtSlot()
    def _on_taking_timeout(self) -> None:
        began = time.monotonic()
        while self._waiting and time.monotonic() - began < _TAKING_S:
            block = self._waiting.popleft()
            self.rows.append(block.part(0, _PART))
            if len(block) > _PART:
                self._waiting.appendleft(block.part(_PART, len(block)))
        if self._waiting:
            self._taking.start(0)
        if not self._ordering.isActive():
            wait_s = self._ordered_at + self._pause_s - time.monotonic()
            self._ordering.start(max(0, round(1000 * wait_s)))

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
        hidden = len(order) - len(self._order) - len(fresh)
        if hidden:
            raise ValueError(f"expected all rows shown. Received: {-hidden} less")
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

    # Qt overrides

    def rowCount(self, parent: QModelIndex = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._order)

    def columnCount(self, parent: QModelIndex = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.columns)

    def data(
        self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if not index.isValid():
            return None
        column = self.columns[index.column()]
        row = int(self._order[index.row()])
        if role == Qt.ItemDataRole.DisplayRole:
            return cell_text(self.rows, self.labels, row, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return cell_tip(self.rows, self.labels, row, column)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            if index.column() <= 1:
                words = row_sentence(self.rows, self.labels, row)
                is_in = self._is_selected is not None and self._is_selected(row)
                return f"{words}, selected" if is_in else words
            text = cell_text(self.rows, self.labels, row, column)
            return f"{column.title}: {text or 'none'}"
        return None

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> object:
        if orientation != Qt.Orientation.Horizontal or section >= len(self.columns):
            return None
        column = self.columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.title
        if role == Qt.ItemDataRole.ToolTipRole:
            return column.tip
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return column.title or column.tip
        return None


def _once(parent: QObject, slot: Callable[[], None]) -> QTimer:
    timer = QTimer(parent)
    timer.setSingleShot(True)
    timer.timeout.connect(slot)
    return timer
