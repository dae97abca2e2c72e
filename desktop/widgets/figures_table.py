"""Tables: small ones within a page, and long ones in a window of their own."""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from collections.abc import Sequence
from typing import Final

from PyQt5.QtCore import QAbstractTableModel, QModelIndex, QObject, QSize, Qt
from PyQt5.QtGui import QFont, QGuiApplication, QKeyEvent, QKeySequence
from PyQt5.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QFrame,
    QHeaderView,
    QSizePolicy,
    QTableView,
    QWidget,
)

from desktop.widgets.buttons import copy_button
from desktop.widgets.dialogs import close_buttons
from desktop.widgets.labels import PlainText
from desktop.widgets.layouts import column

_ROOT: Final = QModelIndex()

Cell = str | int | float


class TableModel(QAbstractTableModel):
    """Rows and columns by their numbers; a subclass says what they hold."""

    @abstractmethod
    def row_count(self) -> int:
        """How many rows there are."""

    @abstractmethod
    def column_count(self) -> int:
        """How many columns there are."""

    @abstractmethod
    def cell(self, row: int, column: int, role: int) -> object:
        """What a cell has for a role."""

    @abstractmethod
    def heading(self, column: int, role: int) -> object:
        """What a heading has for a role."""

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
        """Replace everything: a heading per column, and rows of a cell for each.

        Args:
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
    """`Cells`, as high as its rows; scrolls sideways only when the page is narrow."""

    def __init__(
        self, name: str, parent: QWidget | None = None, *, are_figures: bool = True
    ) -> None:
        super().__init__(parent)
        self.setObjectName("figuresTable")
        self.cells = Cells(self, are_figures=are_figures)
        self.set_cells = self.cells.set_cells
        self.setModel(self.cells)
        self.cells.modelReset.connect(self.updateGeometry)
        self.setAccessibleName(name)
        make_plain(self)
        self.setAlternatingRowColors(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 8)
        header = self.horizontalHeader()
        header.setSectionsClickable(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

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


@dataclasses.dataclass(frozen=True)
class Rows:
    """A table.

    Attributes:
        title: What it lists.
        headers: Of the columns.
        rows: As many cells each as there are headers.
        has_total: Whether the last row sums up the others.
    """

    title: str
    headers: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    has_total: bool = False

    def fill(self, cells: Cells) -> None:
        """Put it in the place of what a view shows."""
        bold = [len(self.rows) - 1] if self.has_total else []
        cells.set_cells(self.headers, self.rows, bold=bold)


class RowsDialog(QDialog):
    """A long table: sorted by a click, copied as a whole."""

    def __init__(self, table: Rows, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(table.title)
        cells = Cells(self)
        table.fill(cells)
        count = len(table.rows)
        title = PlainText(f"{table.title}: {count:,}", self)
        view = QTableView(self)
        make_plain(view)
        view.setModel(cells)
        # As found, until a heading is clicked.
        ascending = Qt.SortOrder.AscendingOrder
        view.horizontalHeader().setSortIndicator(-1, ascending)
        view.setSortingEnabled(True)
        view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        view.setAccessibleName(table.title)
        view.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 8)
        head = view.horizontalHeader()
        head.setStretchLastSection(True)
        # Of a hundred rows only: measuring thousands would hold the window up.
        head.setResizeContentsPrecision(100)
        for place in range(len(table.headers) - 1):
            width = min(max(view.sizeHintForColumn(place) + 24, 90), 330)
            view.setColumnWidth(place, width)
        self.view = view
        copy = copy_button("&Copy all", cells.as_text, self)
        buttons = close_buttons(self, copy)
        column(title, (view, 1), buttons, of=self, margins=(10, 10, 10, 10))

    # Qt overrides

    def sizeHint(self) -> QSize:
        return QSize(720, 460)


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
