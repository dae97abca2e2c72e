"""The rows of a scan for a table view: a hundred thousand without a stall."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
from PyQt5.QtCore import QModelIndex, QObject, Qt, QTimer, pyqtSignal, pyqtSlot

from core.scan.row import ScanRow
from desktop.scan.table.columns import FINDING, Column, columns_for, row_sentence
from desktop.scan.table.rows import Ids, Mask, RowStore
from desktop.style.finding_icons import finding_icons
from desktop.style.severity import severity_icon
from desktop.widgets.figures_table import TableModel

#: Which label to compare with: any that is a disease.
ANY_DISEASE: Final = -1
#: Which true label to show: any, where the finding is another.
WRONG: Final = -2
#: Rows are put into their places at most this often, and the more rows there are
#: the less often, so that it takes a small share of the time.
_ORDER_EVERY_S: Final = 0.5
_ORDER_SHARE: Final = 0.1


@dataclasses.dataclass(frozen=True)
class RowSort:
    """What to sort by.

    Attributes:
        column: By what it says; None for triage, which knows one direction only.
        is_descending: Whether the greatest comes first. Rows without a value
            come last either way.
    """

    column: Column | None = None
    is_descending: bool = False

    @classmethod
    def first(cls, column: Column) -> RowSort:
        """How a column is sorted at first; triage order for one without a key."""
        return cls(column, column.descends) if column.key is not None else cls()


@dataclasses.dataclass(frozen=True)
class RowFilter:
    """What a row must have to be shown.

    Attributes:
        finding: A number as in `RowStore`; None for any.
        with_warnings: Whether it must have a warning.
        truth: A number of a true label as in `RowStore`; `WRONG`, or None for any.
        text: Part of its file, verdict, warnings or error; empty for any.
        label: Whose probability must reach `minimum`; `ANY_DISEASE`, or None for
            any.
        minimum: In per cent, 0 to 100.
    """

    finding: int | None = None
    with_warnings: bool = False
    truth: int | None = None
    text: str = ""
    label: int | None = None
    minimum: int = 50

    @property
    def is_filtering(self) -> bool:
        """Whether anything may be hidden."""
        return self != RowFilter(minimum=self.minimum)


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
        order: (m,) int64: the number of the row in each place; not to be changed.
        is_selected: Whether a row is, by its number; its words say so.

    Signals:
        counts_changed: rows have come, or others are shown.
    """

    counts_changed = pyqtSignal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.is_selected: Callable[[int], bool] = lambda row: False
        self._ordering = QTimer(self, singleShot=True, timeout=self._arrange)
        self.begin(RowStore())

    @property
    def total(self) -> int:
        """How many rows there are, shown or not."""
        return len(self.rows)

    @property
    def is_settled(self) -> bool:
        """Whether every row that was handed over is in its place."""
        return not self._ordering.isActive()

    def begin(self, rows: RowStore) -> None:
        """Let go of all rows; those to come are kept in another store."""
        self.beginResetModel()
        self._ordering.stop()
        self._next_at = 0.0
        self.rows = rows
        self.columns = columns_for(rows.labels)
        self._signs = finding_icons([label.name for label in rows.labels])
        self.sorted_by, self.filter = RowSort(), RowFilter()
        self._set_order(np.empty(0, np.int64))
        self.endResetModel()

    def add_rows(self, rows: Sequence[ScanRow]) -> None:
        """Take rows in; they are shown within a second."""
        self.rows.append(rows)
        if not self._ordering.isActive():
            wait_s = self._next_at - time.monotonic()
            self._ordering.start(max(0, round(1000 * wait_s)))

    def set_corrections(self, corrections: Mapping[str, str]) -> None:
        """Show what a person says of films: file -> label."""
        if corrections != self.rows.corrections:
            self.rows.set_corrections(corrections)
            self._arrange()
            self._tell_changed()

    def sort_by(self, sort: RowSort) -> None:
        """Sort anew; selection and current row stay with their films."""
        if sort != self.sorted_by:
            self.sorted_by = sort
            self._arrange()

    @pyqtSlot(object)
    def set_filter(self, wanted: RowFilter) -> None:
        """Show the rows that pass; what is hidden is not selected any more."""
        if wanted != self.filter:
            self.filter = wanted
            self._arrange()

    def mark_gone(self, rows: Sequence[int], words: str) -> None:
        """Say of films that they are not there any more.

        Args:
            rows: Their numbers.
            words: What became of them; no dot at its end.
        """
        self.rows.gone.update(dict.fromkeys(rows, words))
        self._tell_changed()

    def _tell_changed(self) -> None:
        if len(self.order):
            last = self.index(len(self.order) - 1, len(self.columns) - 1)
            self.dataChanged.emit(self.index(0, 0), last)

    def row_at(self, place: int) -> int:
        """The number of the row in a place."""
        return int(self.order[place])

    def place_of(self, row: int) -> int | None:
        """Where a row is; None while it is not shown."""
        shown = row < len(self._places) and self._places[row] >= 0
        return int(self._places[row]) if shown else None

    @pyqtSlot()
    def _arrange(self) -> None:
        began = time.monotonic()
        order = rows_in_order(self.rows, self.sorted_by, self.filter)
        ended = time.monotonic()
        self._next_at = ended + max(_ORDER_EVERY_S, (ended - began) / _ORDER_SHARE)
        self._ordering.stop()
        if not np.array_equal(order, self.order):
            self.layoutAboutToBeChanged.emit()
            before = self.order
            self._set_order(order)
            # A few only: the current one and the like. The selection has none.
            for index in self.persistentIndexList():
                place = self.place_of(int(before[index.row()]))
                column = index.column()
                moved = QModelIndex() if place is None else self.index(place, column)
                self.changePersistentIndex(index, moved)
            self.layoutChanged.emit()
        self.counts_changed.emit()

    def _set_order(self, order: Ids) -> None:
        self.order = order
        self._places = np.full(len(self.rows), -1, np.int64)
        self._places[order] = np.arange(len(order))

    def row_count(self) -> int:
        return len(self.order)

    def column_count(self) -> int:
        return len(self.columns)

    def cell(self, row: int, column: int, role: int) -> object:
        rows, shown, number = self.rows, self.columns[column], self.row_at(row)
        if role == Qt.ItemDataRole.DisplayRole:
            return shown.text(rows, number)
        if role == Qt.ItemDataRole.DecorationRole:
            if shown is FINDING:
                return self._signs[rows.findings[number]]
            is_grave = shown.severity and shown.text(rows, number)
            return severity_icon(shown.severity) if is_grave else None
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


def rows_in_order(rows: RowStore, sort: RowSort, wanted: RowFilter) -> Ids:
    """(m,) int64: numbers of the rows to show, from first to last."""
    order = triage_order(rows)
    if sort.column is not None and sort.column.key is not None:
        values = sort.column.key(rows)[order]
        # Equal ones stay in triage order; NaN is last either way.
        signed = -values if sort.is_descending else values
        order = order[np.argsort(signed, kind="stable")]
    return order[_shown(rows, wanted)[order]] if wanted.is_filtering else order


def triage_order(rows: RowStore) -> Ids:
    """(n,) int64: as `sorted(rows, key=triage_key)` would have them."""
    order = rows.by_name.ids
    triage = rows.numbers["triage"]
    order = order[np.argsort(triage[order, 2], kind="stable")]
    # Whole per cents: small numbers are sorted without comparing them.
    parts = 1000 * triage[order, 0] + 100 * triage[order, 1]
    return order[np.argsort(np.rint(parts).astype(np.int16), kind="stable")]


def _shown(rows: RowStore, wanted: RowFilter) -> Mask:
    shown = np.ones(len(rows), bool)
    if wanted.finding is not None:
        shown &= rows.findings == wanted.finding
    if wanted.with_warnings:
        shown &= rows.numbers["warnings"] > 0
    if wanted.truth is not None:
        is_so = rows.truths == wanted.truth
        shown &= rows.wrong if wanted.truth == WRONG else is_so
    if wanted.label is not None:
        is_any = wanted.label == ANY_DISEASE
        shares = rows.numbers["shares"]
        share = rows.numbers["disease"] if is_any else shares[:, wanted.label]
        shown &= share >= wanted.minimum / 100  # not for NaN: it was not read
    if wanted.text:
        shown &= rows.holding(wanted.text)
    return shown
