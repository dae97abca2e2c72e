"""Tables of text and numbers, whole on the page or in a window of their own."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from PyQt5.QtCore import QAbstractTableModel, QModelIndex, QSize, Qt, pyqtSlot
from PyQt5.QtGui import QFont, QGuiApplication, QWheelEvent
from PyQt5.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from desktop.widgets.figures_table import cell_alignment, make_plain

Cell = str | int | float


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


class RowsModel(QAbstractTableModel):
    """Serves `Rows` to a view; sorts by any column."""

    def __init__(self, table: Rows, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._table = table
        self._order = list(range(len(table.rows)))

    def as_text(self) -> str:
        """The whole table, with tabs between the cells."""
        lines = [self._table.headers]
        lines += [tuple(map(str, self._table.rows[i])) for i in self._order]
        return "\n".join("\t".join(line) for line in lines)

    # Qt overrides

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._table.rows)

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._table.headers)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row = self._order[index.row()]
        cell = self._table.rows[row][index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{cell:,}" if isinstance(cell, int) else str(cell)
        if role == Qt.ItemDataRole.ToolTipRole:
            return str(cell)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return cell_alignment(is_number=isinstance(cell, int | float))
        is_total = self._table.has_total and row == len(self._table.rows) - 1
        if role == Qt.ItemDataRole.FontRole and is_total:
            font = QFont()
            font.setBold(True)
            return font
        return None

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._table.headers[section]
        if role == Qt.ItemDataRole.TextAlignmentRole and self._table.rows:
            cell = self._table.rows[0][section]
            return cell_alignment(is_number=isinstance(cell, int | float))
        return None

    def sort(
        self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder
    ) -> None:
        if column < 0:
            return
        self.layoutAboutToBeChanged.emit()
        rows = self._table.rows
        self._order.sort(
            key=lambda i: _sort_key(rows[i][column]),
            reverse=order == Qt.SortOrder.DescendingOrder,
        )
        self.layoutChanged.emit()


class WholeTable(QTableView):
    """As high as its rows: it is the page that scrolls."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("wholeTable")
        make_plain(self)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setTabKeyNavigation(False)
        self._model: RowsModel | None = None

    def set_rows(self, table: Rows) -> None:
        """Show a table, the first column as wide as can be."""
        old, self._model = self._model, RowsModel(table, self)
        self.setModel(self._model)
        if old is not None:
            old.deleteLater()
        self.setAccessibleName(table.title)
        head = self.horizontalHeader()
        head.setMinimumSectionSize(64)
        for column in range(len(table.headers)):
            mode = QHeaderView.ResizeMode
            head.setSectionResizeMode(
                column, mode.ResizeToContents if column else mode.Stretch
            )
        row_px = self.fontMetrics().height() + 8
        self.verticalHeader().setDefaultSectionSize(row_px)
        rows = row_px * len(table.rows)
        self.setFixedHeight(rows + head.sizeHint().height() + 4)

    # Qt overrides

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class RowsDialog(QDialog):
    """A long table: sorted by a click, copied as a whole."""

    def __init__(self, table: Rows, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(table.title)
        self._model = RowsModel(table, self)
        count = len(table.rows)
        title = QLabel(f"{table.title}: {count:,}", self)
        title.setWordWrap(True)
        view = QTableView(self)
        make_plain(view)
        view.setModel(self._model)
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
        for column in range(len(table.headers) - 1):
            width = min(max(view.sizeHintForColumn(column) + 24, 90), 330)
            view.setColumnWidth(column, width)
        self.view = view
        copy = QPushButton("&Copy all", self)
        copy.setAutoDefault(False)
        copy.clicked.connect(self._on_copy_clicked)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.addButton(copy, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.reject)
        page = QVBoxLayout(self)
        page.addWidget(title)
        page.addWidget(view, 1)
        page.addWidget(buttons)

    @pyqtSlot()
    def _on_copy_clicked(self) -> None:
        QGuiApplication.clipboard().setText(self._model.as_text())

    # Qt overrides

    def sizeHint(self) -> QSize:
        return QSize(720, 460)


def _sort_key(cell: Cell) -> tuple[int, float, str]:
    if isinstance(cell, str):
        return 1, 0.0, cell.casefold()
    return 0, float(cell), ""


def rows_of(title: str, headers: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Rows:
    """A table from any sequences."""
    return Rows(title, tuple(headers), tuple(tuple(row) for row in rows))
