"""Jobs in rows, for lists of any kind of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from PyQt5.QtCore import QModelIndex, QObject, QSortFilterProxyModel, Qt

from desktop.style.severity import severity_icon
from desktop.widgets.figures_table import TableModel, cell_alignment

#: The row of an index.
ROW_ROLE: Final = Qt.ItemDataRole.UserRole + 1
#: What an index sorts by.
SORT_ROLE: Final = Qt.ItemDataRole.UserRole + 2

SortKey = tuple[bool, float, str]


@dataclasses.dataclass(frozen=True)
class Column:
    """A column of a list of jobs.

    Attributes:
        title: Its heading.
        text: What a cell shows of a row.
        key: What it sorts by; None for what is not known.
        is_number: Whether it is aligned like one.
        tip: What the heading explains; may be empty.
        severity: How grave a cell is, for its icon; empty for none.
        hover: What a cell explains; else its text.
    """

    title: str
    text: Callable[[Any], str]
    key: Callable[[Any], float | str | None] = lambda row: None
    is_number: bool = False
    tip: str = ""
    severity: Callable[[Any], str] = lambda row: ""
    hover: Callable[[Any], str] | None = None


class JobListModel(TableModel):
    """Jobs in rows; each has a `path`, its folder.

    Attributes:
        rows: In the order they were given.
        order: The same as it is sorted.
    """

    def __init__(
        self, columns: Sequence[Column], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.columns = tuple(columns)
        self.rows: list[Any] = []
        self.order = JobOrder(self)

    def set_rows(self, rows: Sequence[Any]) -> None:
        """Replace the rows; where they are of the same jobs, selections stay."""
        if [row.path for row in rows] == [row.path for row in self.rows]:
            self.rows = list(rows)
            self.announce(0, len(rows) - 1)
        else:
            self.beginResetModel()
            self.rows = list(rows)
            self.endResetModel()

    def row_of(self, path: Path) -> int | None:
        """Where a job is."""
        paths = [row.path for row in self.rows]
        return paths.index(path) if path in paths else None

    def announce(self, first: int, last: int) -> None:
        """Rows have changed, the last one included."""
        if last >= first:
            end = self.index(last, len(self.columns) - 1)
            self.dataChanged.emit(self.index(first, 0), end)

    def text(self, row: Any, column: Column) -> str:
        """What a cell shows."""
        return column.text(row)

    def row_count(self) -> int:
        return len(self.rows)

    def column_count(self) -> int:
        return len(self.columns)

    def cell(self, row: int, column: int, role: int) -> object:
        job, shown = self.rows[row], self.columns[column]
        if role == Qt.ItemDataRole.DisplayRole:
            return self.text(job, shown)
        if role == SORT_ROLE:
            return _sortable(shown.key(job))
        if role == ROW_ROLE:
            return job
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return cell_alignment(is_number=shown.is_number)
        if role == Qt.ItemDataRole.DecorationRole:
            severity = shown.severity(job)
            return severity_icon(severity) if severity else None
        if role == Qt.ItemDataRole.ToolTipRole:
            return shown.hover(job) if shown.hover else shown.text(job)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{shown.title}: {shown.text(job)}"
        return None

    def heading(self, column: int, role: int) -> object:
        shown = self.columns[column]
        if role == Qt.ItemDataRole.DisplayRole:
            return shown.title
        if role == Qt.ItemDataRole.ToolTipRole:
            return shown.tip or None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return cell_alignment(is_number=shown.is_number)
        return None


class JobOrder(QSortFilterProxyModel):
    """The jobs in the order of a column; what is not known always comes last."""

    def __init__(self, model: JobListModel) -> None:
        super().__init__(model)
        self.setSourceModel(model)
        self.setSortRole(SORT_ROLE)
        self.setDynamicSortFilter(True)

    # Qt overrides

    def lessThan(self, left: QModelIndex, right: QModelIndex) -> bool:
        a, b = left.data(SORT_ROLE), right.data(SORT_ROLE)
        if a[0] != b[0]:  # only one of them is known
            is_ascending = self.sortOrder() == Qt.SortOrder.AscendingOrder
            return bool(b[0]) if is_ascending else bool(a[0])
        return bool(a < b)


def _sortable(key: float | str | None) -> SortKey:
    """A key that compares with any other of its column: (unknown, number, text)."""
    if key is None:
        return True, 0.0, ""
    return (False, 0.0, key) if isinstance(key, str) else (False, float(key), "")
