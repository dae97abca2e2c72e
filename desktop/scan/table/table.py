"""The films of a scan: filters above, the table below, and what to do with rows."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Final

from PyQt5.QtCore import Qt, QUrl, pyqtSignal, pyqtSlot
from PyQt5.QtGui import QDesktopServices, QGuiApplication, QKeySequence
from PyQt5.QtWidgets import QMenu, QSplitter, QWidget

from core.errors import CoreError
from desktop.film.thumbnails import Thumbnails
from desktop.scan.table.columns import rows_as_text
from desktop.scan.table.filters import ScanFilters
from desktop.scan.table.model import RowSort, ScanModel
from desktop.scan.table.rows import RowStore
from desktop.scan.table.view import ScanView
from desktop.widgets.buttons import action, separator
from desktop.widgets.labels import printable
from desktop.widgets.layouts import column
from desktop.work.background import Background

_GONE: Final = "Not there any more"
_NO_FILM: Final = "Films appear here as they are read."
_NONE: Final = "This scan lists no film."
_NO_MATCH: Final = "No film matches these filters. Clear filters shows all of them."


class ScanTable(QWidget):
    """Shows the rows of a scan as they come; sorts, filters, selects and copies.

    Attributes:
        splitter: Holds the table, and what is put beside it.

    Signals:
        film_activated: str. A film to be opened, as the scan names it.
        status_changed: str. What has just been done.
    """

    film_activated = pyqtSignal(str)
    status_changed = pyqtSignal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._folder = Path()
        self._is_over = False
        self.model = ScanModel(self)
        self.thumbnails = Thumbnails(self)
        self.filters = ScanFilters(self)
        self.view = ScanView(self.model, self.thumbnails, self)
        self._copying = Background(self, "copy rows")
        self.splitter = QSplitter(Qt.Orientation.Horizontal, self)
        self.splitter.setObjectName("filmSplitter")
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setHandleWidth(1)
        self.splitter.addWidget(self.view)
        self.splitter.setStretchFactor(0, 1)
        column(self.filters, (self.splitter, 1), of=self, gap=0)
        self._make_actions()
        self.thumbnails.missed.connect(self._on_film_missed)
        self.model.counts_changed.connect(self._show_counts)
        self.filters.filter_changed.connect(self.model.set_filter)
        self.filters.sort_changed.connect(self._sort)
        self.view.doubleClicked.connect(self.open_action.trigger)
        self.view.horizontalHeader().sectionClicked.connect(self._on_column_clicked)
        self.view.text_typed.connect(self.filters.type_text)
        self.view.selection.rows_changed.connect(self._show_chosen)
        self.view.selection.currentRowChanged.connect(self._show_chosen)
        self._show_counts()

    def begin(self, folder: Path, rows: RowStore) -> None:
        """Show the rows to come, whose files are relative to a folder."""
        self._folder, self._is_over = folder, False
        self.thumbnails.clear()
        self.model.begin(rows)
        self.filters.begin(rows.labels, self.model.columns)
        self._show_counts()
        self.view.begin(folder)
        self.view.show_sort(-1, is_descending=False)
        self.view.scrollToTop()

    def end(self) -> None:
        """No more rows are to come, as far as is known."""
        self._is_over = True
        self._show_counts()

    def add_menu(self, menu: QMenu) -> None:
        """Offer more of what is done with the rows selected."""
        self.view.insertAction(self.copy_action, menu.menuAction())
        self.view.insertAction(self.copy_action, separator(self.view))

    @pyqtSlot(object, object)
    def mark_moved(self, files: Iterable[str], target: Path) -> None:
        """Say of films that they were moved below a folder."""
        moved = frozenset(files)
        rows = [row for row, file in enumerate(self.model.rows.files) if file in moved]
        self.model.mark_gone(rows, f"Moved to {printable(target)}")

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
    def _show_counts(self) -> None:
        self.filters.set_counts(self.model.rows)
        none = _NONE if self._is_over else _NO_FILM
        self.view.set_message(_NO_MATCH if self.model.total else none)
        self._show_chosen()

    @pyqtSlot()
    def _show_chosen(self) -> None:
        selected = self.view.selection.count
        self.filters.set_shown(len(self.model.order), self.model.total, selected)
        for each in (self.open_action, self.copy_path_action, self.folder_action):
            each.setEnabled(self.view.current_row() is not None)
        self.copy_action.setEnabled(selected > 0)

    @pyqtSlot(object)
    def _sort(self, sort: RowSort) -> None:
        self.model.sort_by(sort)
        self.filters.show_sort(sort)
        by = sort.column
        place = self.model.columns.index(by) if by is not None else -1
        self.view.show_sort(place, is_descending=sort.is_descending)
        self.view.scrollToTop()

    @pyqtSlot(int)
    def _on_column_clicked(self, number: int) -> None:
        first, now = RowSort.first(self.model.columns[number]), self.model.sorted_by
        if first.column is not None and first.column is now.column:
            first = RowSort(now.column, not now.is_descending)
        self._sort(first)

    @pyqtSlot(int)
    def _on_film_missed(self, row: int) -> None:
        if row not in self.model.rows.gone:
            self.model.mark_gone([row], _GONE)

    @pyqtSlot()
    def _on_find_asked(self) -> None:
        self.filters.text.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.filters.text.selectAll()

    # What is done with rows

    @property
    def _current_file(self) -> str:
        """The film that the keyboard is on, which the actions need."""
        row = self.view.current_row()
        assert row is not None
        return self.model.rows.files[row]

    @pyqtSlot()
    def _on_open_triggered(self) -> None:
        gone = self.model.rows.gone.get(self.view.current_row(), _GONE)
        if gone == _GONE:  # it may be back
            self.film_activated.emit(self._current_file)
        else:
            self.status_changed.emit(f"{gone}; it can be opened there.")

    @pyqtSlot()
    def _on_copy_triggered(self) -> None:
        numbers = self.view.selection.numbers().tolist()
        count = len(numbers)
        rows = "1 row" if count == 1 else f"{count:,} rows"
        text = partial(rows_as_text, self.model.rows, self.model.columns, numbers)
        then = partial(self._on_text_made, f"Copied {rows}.")
        self._copying.ask(text, then, self._on_failed)

    @pyqtSlot()
    def _on_copy_path_triggered(self) -> None:
        path = printable(self._folder / self._current_file)
        self._on_text_made("Copied the path.", path)

    @pyqtSlot()
    def _on_folder_triggered(self) -> None:
        folder = str((self._folder / self._current_file).parent)
        QDesktopServices.openUrl(QUrl.fromLocalFile(folder))

    def _on_text_made(self, said: str, text: str) -> None:
        QGuiApplication.clipboard().setText(text)
        self.status_changed.emit(said)

    def _on_failed(self, error: CoreError) -> None:
        self.status_changed.emit(str(error))

    def _make_actions(self) -> None:
        view, keys = self.view, QKeySequence.StandardKey
        self.open_action = action("&Open in Diagnose", self._on_open_triggered, view)
        self.open_action.setShortcuts([Qt.Key.Key_Return, Qt.Key.Key_Enter])
        self.copy_action = action(
            "&Copy rows", self._on_copy_triggered, view, keys.Copy
        )
        self.copy_path_action = action("Copy &path", self._on_copy_path_triggered, view)
        self.folder_action = action("Show in &folder", self._on_folder_triggered, view)
        select_all = action("Select &all", view.selectAll, view, keys.SelectAll)
        groups = (
            [self.open_action],
            [self.copy_action, self.copy_path_action, self.folder_action],
            [select_all, view.columns_menu.menuAction()],
        )
        for group in groups:  # of the menu, and keys of the view
            view.addActions([*group, separator(view)])
            for each in group:
                each.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        find = action("Find", self._on_find_asked, self, keys.Find)
        find.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        self.addAction(find)
