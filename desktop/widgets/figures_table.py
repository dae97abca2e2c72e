"""Small tables of figures within a page that scrolls as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PyQt5.QtCore import QAbstractTableModel, QModelIndex, QObject, QSize, Qt
from PyQt5.QtGui import QFont, QGuiApplication, QKeyEvent, QKeySequence
from PyQt5.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QSizePolicy,
    QTableView,
    QWidget,
)

_ROOT: Final = QModelIndex()
_ROW_PAD_PX: Final = 8


Cell = str | int | float


class TableModel(QAbstractTableModel):
    """Rows and columns by their numbers; a subclass says what they hold."""

    def row_count(self) -> int:
        """How many rows there are."""
        raise NotImplementedError

    def column_count(self) -> int:
        """How many columns there are."""
        raise NotImplementedError

    def cell(self, row: int, column: int, role: int) -> object:
        """What a cell has for a role."""
        raise NotImplementedError

    def heading(self, column: int, role: int) -> object:
        """What a heading has for a role."""
        raise NotImplementedError

    # Qt overrides

    def rowCount(self, parent: QModelIndex = _ROOT) -> int:
        return 0 if parent.isValid() else self.row_count()

    def columnCount(self, parent: QModelIndex = _ROOT) -> int:
        return 0 if parent.isValid() else self.column_count()

    def data(
        self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if not index.isValid():
            return None
        return self.cell(index.row(), index.column(), role)

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> object:
        is_heading = 0 <= section < self.column_count()
        if orientation != Qt.Orientation.Horizontal or not is_heading:
            return None
        return self.heading(section, role)


class Cells(TableModel):
    """Texts and numbers in rows and columns; sorts by any column.

    Args:
        are_figures: Whether all but the first column, which names the row, are
            figures, though they are given as text.

    Attributes:
        head: A heading per column.
        rows: A cell per column each, as they were given.
    """

    def __init__(
        self, parent: QObject | None = None, *, are_figures: bool = False
    ) -> None:
        super().__init__(parent)
        self._are_figures = are_figures
        self.head: tuple[str, ...] = ()
        self.rows: tuple[tuple[Cell, ...], ...] = ()
        self._order: list[int] = []
        self._bold: frozenset[int] = frozenset()
        self._tips: tuple[str, ...] = ()

    def set_cells(
        self,
        head: Sequence[str],
        rows: Sequence[Sequence[Cell]],
        *,
        bold: Sequence[int] = (),
        tips: Sequence[str] = (),
    ) -> None:
        """Replace everything.

        Args:
            head: A heading per column.
            rows: A cell per column each.
            bold: Numbers of rows that stand out.
            tips: What each heading means; may be shorter than `head`.
        """
        self.beginResetModel()
        self.head = tuple(head)
        self.rows = tuple(tuple(row) for row in rows)
        self._order = list(range(len(self.rows)))
        self._bold = frozenset(bold)
        self._tips = tuple(tips)
        self.endResetModel()

    def as_text(self) -> str:
        """The whole table as it is sorted, with tabs between the cells."""
        lines = [self.head, *(map(str, self.rows[i]) for i in self._order)]
        return "\n".join("\t".join(line) for line in lines)

    def _is_number(self, row: int, column: int) -> bool:
        if self._are_figures:
            return column > 0
        return isinstance(self.rows[row][column], int | float)

    def row_count(self) -> int:
        return len(self.rows)

    def column_count(self) -> int:
        return len(self.head)

    def cell(self, row: int, column: int, role: int) -> object:
        row = self._order[row]
        cell = self.rows[row][column]
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{cell:,}" if isinstance(cell, int) else str(cell)
        if role == Qt.ItemDataRole.ToolTipRole:
            return str(cell)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{self.rows[row][0]}, {self.head[column]}: {cell}"
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return cell_alignment(is_number=self._is_number(row, column))
        if role == Qt.ItemDataRole.FontRole and row in self._bold:
            font = QFont(QGuiApplication.font())
            font.setBold(True)
            return font
        return None

    def heading(self, column: int, role: int) -> object:
        if role == Qt.ItemDataRole.DisplayRole:
            return self.head[column]
        if role == Qt.ItemDataRole.TextAlignmentRole and self.rows:
            return cell_alignment(is_number=self._is_number(0, column))
        if role == Qt.ItemDataRole.ToolTipRole and column < len(self._tips):
            return self._tips[column]
        return None

    # Qt overrides

    def sort(
        self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder
    ) -> None:
        if column < 0:
            return
        self.layoutAboutToBeChanged.emit()
        self._order.sort(
            key=lambda i: _sort_key(self.rows[i][column]),
            reverse=order == Qt.SortOrder.DescendingOrder,
        )
        self.layoutChanged.emit()


class FiguresTable(QTableView):
    """As high as its rows; scrolls sideways only when the page is narrow."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("figuresTable")
        self.cells = Cells(self, are_figures=True)
        self.setModel(self.cells)
        self.setAccessibleName(name)
        self.setFrameShape(QFrame.Shape.NoFrame)
        make_plain(self)
        self.setAlternatingRowColors(False)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        header = self.horizontalHeader()
        header.setSectionsClickable(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_cells(
        self,
        head: Sequence[str],
        rows: Sequence[Sequence[str]],
        *,
        bold: Sequence[int] = (),
        tips: Sequence[str] = (),
    ) -> None:
        """Replace everything; see `Cells.set_cells`."""
        self.cells.set_cells(head, rows, bold=bold, tips=tips)
        high = self.fontMetrics().height() + _ROW_PAD_PX
        self.verticalHeader().setDefaultSectionSize(high)
        self.updateGeometry()

    # Qt overrides

    def sizeHint(self) -> QSize:
        rows = self.cells.rowCount() * self.verticalHeader().defaultSectionSize()
        high = rows + self.horizontalHeader().sizeHint().height() + 2
        # Always room for the bar: it must not cover the last row.
        return QSize(400, high + self.horizontalScrollBar().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self.sizeHint().height())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            QGuiApplication.clipboard().setText(self.cells.as_text())
        else:
            super().keyPressEvent(event)


def make_plain(view: QTableView) -> None:
    """Let a table show whole rows to read: no grid, no numbers, nothing to edit."""
    view.verticalHeader().hide()
    view.setShowGrid(False)
    view.setAlternatingRowColors(True)
    view.setWordWrap(False)
    view.setTextElideMode(Qt.TextElideMode.ElideMiddle)
    view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    view.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    view.setTabKeyNavigation(False)  # Tab goes on to the next widget
    view.horizontalHeader().setHighlightSections(False)


def _sort_key(cell: Cell) -> tuple[int, float, str]:
    if isinstance(cell, str):
        return 1, 0.0, cell.casefold()
    return 0, float(cell), ""


def cell_alignment(*, is_number: bool) -> int:
    """Where a text stands in its cell: numbers to the right, as their heading."""
    side = Qt.AlignmentFlag.AlignRight if is_number else Qt.AlignmentFlag.AlignLeft
    return int(side | Qt.AlignmentFlag.AlignVCenter)
