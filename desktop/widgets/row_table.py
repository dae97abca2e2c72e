"""Tables of text and numbers, whole on the page or in a window of their own."""

from __future__ import annotations

import dataclasses

from PyQt5.QtCore import QSize, Qt, pyqtSlot
from PyQt5.QtGui import QGuiApplication, QWheelEvent
from PyQt5.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QTableView,
    QWidget,
)

from desktop.widgets.buttons import button
from desktop.widgets.figures_table import Cell, Cells, make_plain
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


class WholeTable(QTableView):
    """As high as its rows: it is the page that scrolls."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("wholeTable")
        make_plain(self)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self._cells = Cells(self)
        self.setModel(self._cells)

    def set_rows(self, table: Rows) -> None:
        """Show a table, the first column as wide as can be."""
        table.fill(self._cells)
        self.setAccessibleName(table.title)
        head = self.horizontalHeader()
        head.setMinimumSectionSize(64)
        mode = QHeaderView.ResizeMode
        head.setSectionResizeMode(mode.ResizeToContents)
        head.setSectionResizeMode(0, mode.Stretch)
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
        self._cells = Cells(self)
        table.fill(self._cells)
        count = len(table.rows)
        title = QLabel(f"{table.title}: {count:,}", self)
        title.setWordWrap(True)
        view = QTableView(self)
        make_plain(view)
        view.setModel(self._cells)
        # As found, until a heading is clicked.
        ascending = Qt.SortOrder.AscendingOrder
        view.horizontalHeader().setSortIndicator(-1, ascending)
        view.setSortingEnabled(True)
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
        copy = button("&Copy all", self._on_copy_clicked, self)
        copy.setAutoDefault(False)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.addButton(copy, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.reject)
        column(title, (view, 1), buttons, of=self, margins=(10, 10, 10, 10))

    @pyqtSlot()
    def _on_copy_clicked(self) -> None:
        QGuiApplication.clipboard().setText(self._cells.as_text())

    # Qt overrides

    def sizeHint(self) -> QSize:
        return QSize(720, 460)
