"""A long table with a line to search it by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from PyQt5.QtCore import Qt, pyqtSlot
from PyQt5.QtGui import QGuiApplication, QKeySequence
from PyQt5.QtWidgets import QLineEdit, QTableView, QToolButton, QWidget

from desktop.widgets.buttons import action
from desktop.widgets.figures_table import Cells, make_plain
from desktop.widgets.labels import Caption
from desktop.widgets.layouts import column, row


class SearchLine(NamedTuple):
    """A row of the table.

    Attributes:
        depth: How many heads it stands under, each a row above it of less depth.
        cells: As many as there are columns.
        is_bold: Whether it stands out.
    """

    depth: int
    cells: tuple[str, ...]
    is_bold: bool = False


class SearchTable(QWidget):
    """Shows the rows that hold what is typed, with their heads and all under them.

    Attributes:
        text: What is looked for; several words must all be there.
        view: The table.
    """

    def __init__(
        self, name: str, head: tuple[str, ...], widths: Sequence[int], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._head = head
        self._lines: Sequence[SearchLine] = ()
        self._words: list[str] = []
        self.text = QLineEdit(self)
        self.text.setPlaceholderText("Search")
        self.text.setAccessibleName(f"Search {name}")
        self.text.setClearButtonEnabled(True)
        self.text.findChild(QToolButton).setAccessibleName("Clear")
        self.text.textChanged.connect(self._filter)
        self._count = Caption("", self)
        self._cells = Cells(self)
        self.view = QTableView(self)
        make_plain(self.view)
        self.view.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.view.setModel(self._cells)
        self.view.setAccessibleName(name)
        self.view.verticalHeader().setDefaultSectionSize(
            self.fontMetrics().height() + 8
        )
        self._cells.set_cells(head, ())
        self.view.horizontalHeader().setStretchLastSection(True)
        for place, width in enumerate(widths):
            self.view.setColumnWidth(place, width)
        key = QKeySequence.StandardKey
        copy = action("&Copy rows", self.copy_selected, self.view, key.Copy)
        copy.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self.view.addAction(copy)
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        find = action("Find", self.text.setFocus, self, key.Find)
        find.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        self.addAction(find)
        column(row((self.text, 1), self._count), (self.view, 1), of=self, gap=8)

    def set_lines(self, lines: Sequence[SearchLine]) -> None:
        """Replace the rows; what is looked for stays."""
        self._lines = lines
        joined = (" ".join(line.cells).casefold() for line in lines)
        # A tag is found with its comma and without.
        self._words = [f"{words} {words.replace(',', '')}" for words in joined]
        self._filter()

    def as_text(self) -> str:
        """All rows that are shown, with tabs between the cells."""
        return self._cells.as_text()

    @pyqtSlot()
    def copy_selected(self) -> None:
        """Put the rows that are marked into the clipboard."""
        rows = sorted(
            index.row() for index in self.view.selectionModel().selectedRows()
        )
        lines = ["\t".join(map(str, self._cells.rows[place])) for place in rows]
        if lines:
            QGuiApplication.clipboard().setText("\n".join(lines))

    @pyqtSlot()
    def _filter(self) -> None:
        wanted = self.text.text().casefold().split()
        kept: set[int] = set()
        heads: list[int] = []
        found_at: int | None = None  # depth of a row that was found, while under it
        for place, line in enumerate(self._lines):
            while heads and self._lines[heads[-1]].depth >= line.depth:
                heads.pop()
            if found_at is not None and line.depth <= found_at:
                found_at = None
            if found_at is None and all(w in self._words[place] for w in wanted):
                found_at = line.depth
            if found_at is not None:
                kept.update(heads, [place])
            heads.append(place)
        shown = [self._lines[place] for place in sorted(kept)]
        self._cells.set_cells(
            self._head,
            [line.cells for line in shown],
            bold=[place for place, line in enumerate(shown) if line.is_bold],
        )
        total = len(self._lines)
        self._count.setText(
            f"{len(shown):,} of {total:,}" if wanted else f"{total:,} rows"
        )
        self._count.setVisible(bool(total))
