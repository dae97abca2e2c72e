"""Long tables of text and numbers, in a window of their own."""

from __future__ import annotations

import dataclasses

from PyQt5.QtCore import QSize, Qt
from PyQt5.QtWidgets import QAbstractItemView, QDialog, QTableView, QWidget

from desktop.widgets.buttons import copy_button
from desktop.widgets.dialogs import close_buttons
from desktop.widgets.figures_table import Cell, Cells, make_plain
from desktop.widgets.labels import PlainText
from desktop.widgets.layouts import column


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
