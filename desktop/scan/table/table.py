"""The films of a scan: filters above, the table below, and what to do with rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from PyQt5.QtCore import QPoint, Qt, QUrl, pyqtSignal, pyqtSlot
from PyQt5.QtGui import QDesktopServices, QGuiApplication, QKeySequence
from PyQt5.QtWidgets import QAction, QMenu, QShortcut, QVBoxLayout, QWidget

from core.errors import CoreError
from core.model.bundle import Label
from desktop.film.thumbnails import Thumbnails
from desktop.scan.table.cells import PICTURE, rows_as_text
from desktop.scan.table.columns import RowBlock
from desktop.scan.table.filters import ScanFilters, first_sort
from desktop.scan.table.model import ScanModel
from desktop.scan.table.order import TRIAGE, RowFilter, RowSort
from desktop.scan.table.view import ScanView
from desktop.widgets.labels import printable
from desktop.work.background import Background

_GONE: Final = "Not there any more"
_NO_FILM: Final = "Films appear here as they are read."
_NONE: Final = "This scan lists no film."
_NO_MATCH: Final = "No film matches these filters. Clear filters shows all of them."


class ScanTable(QWidget):
    """Shows the rows of a scan as they come; sorts, filters, selects and copies.

    Signals:
        film_activated: Path. To be opened in the Diagnose tab.
        selection_changed: other rows are selected.
        shown_changed: int, int. How many rows are shown, and how many there are.
        status_changed: str. What has just been done.
    """

    film_activated = pyqtSignal(object)
    selection_changed = pyqtSignal()
    shown_changed = pyqtSignal(int, int)
    status_changed = pyqtSignal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._folder = Path()
        self._told = (0, 0)
        self._is_over = False
        self.model = ScanModel(self)
        self.thumbnails = Thumbnails(self)
        self.filters = ScanFilters(self)
        self.view = ScanView(self.model, self.thumbnails, self)
        self.view.set_message(_NO_FILM)
        self._copying = Background(self, "copy rows")
        self._make_actions()
        self.thumbnails.missed.connect(self._on_film_missed)
        self.model.counts_changed.connect(self._on_counts_changed)
        self.filters.filter_changed.connect(self._on_filter_changed)
        self.filters.sort_changed.connect(self._sort)
        self.view.row_activated.connect(self._on_row_activated)
        self.view.column_clicked.connect(self._on_column_clicked)
        self.view.text_typed.connect(self.filters.type_text)
        self.view.selection.rows_changed.connect(self._on_rows_changed)
        self.view.selection.currentRowChanged.connect(self._show_actions)
        self.view.customContextMenuRequested.connect(self._on_menu_asked)
        find = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self)
        find.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        find.activated.connect(self._on_find_asked)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.filters)
        column.addWidget(self.view, 1)
        self._show_actions()

    def begin(self, folder: Path, labels: Sequence[Label]) -> None:
        """Show the rows to come, instead of those that are there.

        Args:
            folder: The rows' files are relative to it.
            labels: Of the model, in output order.
        """
        self._folder, self._is_over = folder, False
        self.thumbnails.clear()
        self.filters.begin(labels)
        self.model.begin(labels)
        self.view.begin(folder)
        self.view.show_sort(-1, is_descending=False)
        self.view.scrollToTop()

    def end(self) -> None:
        """No more rows are to come, as far as is known."""
        self._is_over = True
        self._show_message()

    def clear(self) -> None:
        """Show nothing."""
        self.begin(Path(), ())

    def add_block(self, block: RowBlock) -> None:
        """Add rows. Those of a scan without `begin` are refused.

        Raises:
            ValueError: The block is of a model with other labels.
        """
        count = block.numbers["shares"].shape[1]
        if count != len(self.model.labels):
            raise ValueError(
                f"expected {len(self.model.labels)} labels. Received: {count}"
            )
        self.model.add_block(block)

    def mark_moved(self, files: Iterable[str], target: Path) -> None:
        """Say of films that they were moved; the rest is left as it is.

        Args:
            files: As the scan names them.
            target: Folder that they are below now.
        """
        moved = frozenset(files)
        rows = [row for row, file in enumerate(self.model.rows.files) if file in moved]
        self.model.mark_gone(rows, f"Moved to {printable(target)}")

    def selected_files(self) -> list[str]:
        """Files of the selected rows, in the order shown, relative to the folder."""
        files = self.model.rows.files
        return [files[row] for row in self.view.selection.numbers().tolist()]

    def shown_files(self) -> list[str]:
        """Files of all rows that are shown, in that order."""
        files = self.model.rows.files
        return [files[row] for row in self.model.order.tolist()]

    def shut_down(self) -> None:
        """End the threads that read pictures and make text."""
        self.thumbnails.shut_down()
        self._copying.shut_down()

    # What the parts tell

    @pyqtSlot()
    def _on_counts_changed(self) -> None:
        rows = self.model.rows
        warned = int((rows.numbers["warnings"] > 0).sum())
        self.filters.set_counts(rows.counts(), warned)
        told = (len(self.model.order), self.model.total)
        self._show_message()
        self.filters.set_shown(*told, self.view.selection.count)
        if told != self._told:
            self._told = told
            self.shown_changed.emit(*told)

    def _show_message(self) -> None:
        none = _NONE if self._is_over else _NO_FILM
        self.view.set_message(_NO_MATCH if self.model.total else none)

    @pyqtSlot(object)
    def _on_filter_changed(self, wanted: RowFilter) -> None:
        self.model.set_filter(wanted)

    @pyqtSlot(object)
    def _sort(self, sort: RowSort) -> None:
        self.model.sort_by(sort)
        self.filters.show_sort(sort)
        sorts = [(column.kind, column.label) for column in self.model.columns]
        wanted = (sort.by, sort.label)
        column = sorts.index(wanted) if wanted in sorts else -1
        self.view.show_sort(column, is_descending=sort.is_descending)
        self.view.scrollToTop()

    @pyqtSlot(int)
    def _on_column_clicked(self, number: int) -> None:
        column = self.model.columns[number]
        first = first_sort(column.kind, column.label)
        now = self.model.sorted_by
        if column.kind == PICTURE:
            self._sort(RowSort(TRIAGE))
        elif (now.by, now.label) != (first.by, first.label):
            self._sort(first)
        else:
            self._sort(RowSort(now.by, now.label, not now.is_descending))

    @pyqtSlot(int)
    def _on_row_activated(self, row: int) -> None:
        self._open(row)

    @pyqtSlot(int)
    def _on_film_missed(self, row: int) -> None:
        if row not in self.model.rows.gone:
            self.model.mark_gone([row], _GONE)

    @pyqtSlot()
    def _on_rows_changed(self) -> None:
        self._show_actions()
        shown, total = len(self.model.order), self.model.total
        self.filters.set_shown(shown, total, self.view.selection.count)
        self.selection_changed.emit()

    @pyqtSlot()
    def _on_find_asked(self) -> None:
        self.filters.text.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.filters.text.selectAll()

    def _path_of(self, row: int) -> Path:
        return self._folder / self.model.rows.files[row]

    # What is done with rows

    @pyqtSlot()
    def _on_open_triggered(self) -> None:
        row = self.view.current_row()
        if row is not None:
            self._open(row)

    def _open(self, row: int) -> None:
        gone = self.model.rows.gone.get(row, _GONE)
        if gone == _GONE:  # it may be back
            self.film_activated.emit(self._path_of(row))
        else:
            self.status_changed.emit(f"{gone}; it can be opened there.")

    @pyqtSlot()
    def _on_copy_triggered(self) -> None:
        numbers = self.view.selection.numbers().tolist()
        if numbers:
            count = len(numbers)
            text = partial(rows_as_text, self.model.rows, self.model.labels, numbers)
            rows = "1 row" if count == 1 else f"{count:,} rows"
            self._copying.ask(
                text, partial(self._on_text_made, f"Copied {rows}."), self._on_failed
            )

    @pyqtSlot()
    def _on_copy_path_triggered(self) -> None:
        row = self.view.current_row()
        if row is not None:
            self._on_text_made("Copied the path.", printable(self._path_of(row)))

    @pyqtSlot()
    def _on_folder_triggered(self) -> None:
        row = self.view.current_row()
        if row is not None:
            folder = str(self._path_of(row).parent)
            QDesktopServices.openUrl(QUrl.fromLocalFile(folder))

    @pyqtSlot(QPoint)
    def _on_menu_asked(self, place: QPoint) -> None:
        menu = QMenu(self)
        menu.addAction(self.open_action)
        menu.addSeparator()
        menu.addActions([self.copy_action, self.copy_path_action, self.folder_action])
        menu.addSeparator()
        menu.addAction(self.select_action)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        current = self.view.currentIndex()
        if self.view.indexAt(place).row() != current.row():  # asked by a key
            place = self.view.visualRect(current).center()
        menu.popup(self.view.viewport().mapToGlobal(place))

    def _on_text_made(self, said: str, text: str) -> None:
        QGuiApplication.clipboard().setText(text)
        self.status_changed.emit(said)

    def _on_failed(self, error: CoreError) -> None:
        self.status_changed.emit(str(error))

    @pyqtSlot()
    def _show_actions(self) -> None:
        row = self.view.current_row()
        for action in (self.open_action, self.copy_path_action, self.folder_action):
            action.setEnabled(row is not None)
        self.copy_action.setEnabled(self.view.selection.count > 0)

    def _make_actions(self) -> None:
        self.open_action = self._action("&Open in Diagnose", self._on_open_triggered)
        self.copy_action = self._action("&Copy rows", self._on_copy_triggered)
        self.copy_action.setShortcut(QKeySequence(QKeySequence.StandardKey.Copy))
        self.copy_path_action = self._action("Copy &path", self._on_copy_path_triggered)
        self.folder_action = self._action("Show in &folder", self._on_folder_triggered)
        self.select_action = self._action("Select &all", self.view.selectAll)
        self.select_action.setShortcut(QKeySequence(QKeySequence.StandardKey.SelectAll))

    def _action(self, text: str, slot: Callable[[], None]) -> QAction:
        action = QAction(text, self.view)
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        action.triggered.connect(slot)
        self.view.addAction(action)
        return action
