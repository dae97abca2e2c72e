"""The table of a scan on screen; what the user looks at stays in its place."""

from __future__ import annotations

import math
import time
from functools import partial
from pathlib import Path
from typing import Final

from PyQt5.QtCore import (
    QEvent,
    QItemSelectionModel,
    QModelIndex,
    QPoint,
    QSignalBlocker,
    QSize,
    Qt,
    pyqtSignal,
    pyqtSlot,
)
from PyQt5.QtGui import (
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PyQt5.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QTableView, QWidget

from desktop.film.thumbnails import PictureRequest, Thumbnails
from desktop.scan.table.columns import FILE, PICTURE
from desktop.scan.table.delegate import PAD_PX, PICTURE_PX, ScanDelegate, least_row_px
from desktop.scan.table.model import ScanModel
from desktop.scan.table.selection import RowSelection
from desktop.style.theme import muted
from desktop.widgets.figures_table import make_plain

_Flag = QItemSelectionModel.SelectionFlag
#: So long after the mouse was moved over it a row is held under it.
_ATTENTION_S: Final = 20.0
#: As viewers of films have it.
_STEPS: Final = {Qt.Key.Key_J: Qt.Key.Key_Down, Qt.Key.Key_K: Qt.Key.Key_Up}
_SIGN_PX: Final = 15
#: With room for fewer, rows are made lower.
_FEW_ROWS: Final = 5


class ScanView(QTableView):
    """Shows a `ScanModel`; selects whole rows.

    Attributes:
        columns_menu: Shows and hides columns; also that of the headings.
        hidden: Titles of columns that the user does without.

    Signals:
        text_typed: str. Letters were typed, as to look for something.
    """

    text_typed = pyqtSignal(str)

    def __init__(
        self,
        model: ScanModel,
        thumbnails: Thumbnails,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("scanTable")
        self._rows = model
        self._thumbnails = thumbnails
        self._folder = Path()
        self._message = ""
        #: The row that is to stay where it is on screen, and where that is.
        self._anchor: tuple[int, int] | None = None
        self._attended_at = -1e9
        self._is_sized_by_user = False
        self._has_rows = False
        self.hidden: frozenset[str] = frozenset()
        self.columns_menu = QMenu("Col&umns", self)
        self.columns_menu.aboutToShow.connect(self._fill_columns_menu)
        self.setModel(model)
        self.selection = RowSelection(model)
        self.setSelectionModel(self.selection)
        self.setItemDelegate(ScanDelegate(self, model, thumbnails))
        self._prepare()
        self.selection.rows_changed.connect(self.viewport().update)
        thumbnails.made.connect(self._on_thumbnail_made)
        model.layoutAboutToBeChanged.connect(self._note_place)
        model.layoutChanged.connect(self._restore_place)
        model.counts_changed.connect(self._show_columns)

    def begin(self, folder: Path) -> None:
        """The rows to come are of films in this folder."""
        self._folder = folder
        self._is_sized_by_user = self._has_rows = False
        self._show_columns()
        self._share_room()

    def set_message(self, text: str) -> None:
        """Say this in place of rows."""
        self._message = text
        self.viewport().update()

    def current_row(self) -> int | None:
        """Number of the row that the keyboard is on."""
        index = self.currentIndex()
        return self._rows.row_at(index.row()) if index.isValid() else None

    def show_sort(self, column: int, *, is_descending: bool) -> None:
        """Mark the heading by which the rows are sorted; none below zero."""
        descending = Qt.SortOrder.DescendingOrder
        order = descending if is_descending else Qt.SortOrder.AscendingOrder
        self.horizontalHeader().setSortIndicator(column, order)

    def _prepare(self) -> None:
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setMouseTracking(True)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self.setAccessibleName("Films of the scan")
        make_plain(self)
        self.setWordWrap(True)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setIconSize(QSize(_SIGN_PX, _SIGN_PX))
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self._fit_rows()
        head = self.horizontalHeader()
        head.setSectionsClickable(True)
        head.setSortIndicatorShown(True)
        head.setMinimumSectionSize(48)
        head.setTextElideMode(Qt.TextElideMode.ElideRight)
        head.setDefaultAlignment(
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        )
        self.show_sort(-1, is_descending=False)
        head.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        head.customContextMenuRequested.connect(self._on_head_menu_asked)
        head.sectionResized.connect(self._on_head_section_resized)

    # Widths of the columns

    def set_hidden(self, titles: frozenset[str]) -> None:
        """Do without columns of these titles, and with all others."""
        self.hidden = titles
        self._show_columns()
        self._share_room()

    @pyqtSlot()
    def _show_columns(self) -> None:
        """Show those of which the rows have something to say."""
        rows, head = self._rows.rows, self.horizontalHeader()
        for number, column in enumerate(self._rows.columns):
            is_hidden = column.title in self.hidden or not column.has_any(rows)
            if is_hidden != self.isColumnHidden(number):
                with QSignalBlocker(head):
                    self.setColumnHidden(number, is_hidden)
                    self.setColumnWidth(number, self._least_px(number))
        # Later the others stay where they are, under the cursor.
        if bool(len(rows)) != self._has_rows:
            self._has_rows = bool(len(rows))
            self._share_room()

    def _least_px(self, number: int) -> int:
        """Width of a column with room for its heading while it is sorted by."""
        column = self._rows.columns[number]
        if column is PICTURE:
            return PICTURE_PX + 2 * PAD_PX
        letters = column.letters * self.fontMetrics().averageCharWidth()
        heading = self.horizontalHeader().sectionSizeHint(number)
        return max(heading, letters + 2 * PAD_PX)

    def _share_room(self) -> None:
        """Give the columns widths that suit the window, until the user sets them."""
        if self._is_sized_by_user:
            return
        columns = self._rows.columns
        shown = [n for n in range(len(columns)) if not self.isColumnHidden(n)]
        least = {n: self._least_px(n) for n in shown}
        spare = max(0, self.viewport().width() - sum(least.values()))
        with QSignalBlocker(self.horizontalHeader()):
            for number, width in least.items():
                more = int(spare * columns[number].share)
                self.setColumnWidth(number, width + more)
        self.updateGeometries()
        self.viewport().update()

    @pyqtSlot()
    def _fill_columns_menu(self) -> None:
        self.columns_menu.clear()
        for column in self._rows.columns:
            if column is not FILE and column.has_any(self._rows.rows):
                choose = partial(self._on_column_chosen, column.title)
                choice = self.columns_menu.addAction(column.title)
                choice.setCheckable(True)
                choice.setChecked(column.title not in self.hidden)
                choice.toggled.connect(choose)

    def _on_column_chosen(self, title: str, is_shown: bool) -> None:
        self.set_hidden(self.hidden - {title} if is_shown else self.hidden | {title})

    @pyqtSlot(QPoint)
    def _on_head_menu_asked(self, place: QPoint) -> None:
        self.columns_menu.popup(self.horizontalHeader().mapToGlobal(place))

    def _fit_rows(self) -> None:
        """Make rows lower where only a few would have room."""
        option = self.viewOptions()
        row_px = self.itemDelegate().sizeHint(option, QModelIndex()).height()
        if self.viewport().height() < _FEW_ROWS * row_px:
            row_px = least_row_px(option)
        if row_px != self._row_px():
            self._note_place()
            self.verticalHeader().setMinimumSectionSize(least_row_px(option))
            self.verticalHeader().setDefaultSectionSize(row_px)
            self._restore_place()

    @pyqtSlot(int, int, int)
    def _on_head_section_resized(self, column: int, before: int, now: int) -> None:
        self._is_sized_by_user = True

    # What stays in its place

    def _row_px(self) -> int:
        return int(self.verticalHeader().defaultSectionSize())

    @pyqtSlot()
    def _note_place(self) -> None:
        """Choose the row to hold: that which the user looks at, if any."""
        place = self._watched_place()
        self._anchor = None
        if place is not None:
            self._anchor = (self._rows.row_at(place), self._top_px(place))

    def _watched_place(self) -> int | None:
        current = self.currentIndex().row()
        if current >= 0:
            top = self._top_px(current)
            if -self._row_px() < top < self.viewport().height():
                return current
        if time.monotonic() - self._attended_at < _ATTENTION_S:
            under = self.rowAt(self.viewport().mapFromGlobal(self.cursor().pos()).y())
            if self.viewport().underMouse() and under >= 0:
                return under
        # At the very top it is the top that matters, whichever row comes there.
        first = self.rowAt(0)
        return first if self.verticalScrollBar().value() and first >= 0 else None

    def _top_px(self, place: int) -> int:
        return int(place * self._row_px() - self.verticalScrollBar().value())

    @pyqtSlot()
    def _restore_place(self) -> None:
        if self._anchor is not None:
            row, top = self._anchor
            place = self._rows.place_of(row)
            self.updateGeometries()
            bar = self.verticalScrollBar()  # to its top where the row is hidden
            bar.setValue(0 if place is None else place * self._row_px() - top)

    # Pictures

    def _want_pictures(self) -> None:
        rows, order = self._rows.rows, self._rows.order
        first = max(0, self.rowAt(0))
        last = self.rowAt(self.viewport().height() - 1)
        shown = order[first : len(order) if last < 0 else last + 1].tolist()
        self._thumbnails.set_side(math.ceil(PICTURE_PX * self.devicePixelRatioF()))
        self._thumbnails.want(
            PictureRequest(row, self._folder / rows.files[row])
            for row in shown
            if not rows.errors[row]
        )

    @pyqtSlot(int)
    def _on_thumbnail_made(self, row: int) -> None:
        place = self._rows.place_of(row)
        if place is not None:
            self.viewport().update(self.visualRect(self._rows.index(place, 0)))

    # Qt overrides

    def selectionCommand(
        self, index: QModelIndex, event: QEvent | None = None
    ) -> QItemSelectionModel.SelectionFlags:
        # Qt would ask its own, empty selection whether the row is in it.
        if isinstance(event, QMouseEvent) and index.isValid():
            is_press = event.type() == QEvent.Type.MouseButtonPress
            is_in = self.selection.is_selected(self._rows.row_at(index.row()))
            if is_press and event.button() == Qt.MouseButton.RightButton and is_in:
                return _Flag.NoUpdate
            if is_press and event.modifiers() == Qt.KeyboardModifier.ControlModifier:
                return (_Flag.Deselect if is_in else _Flag.Select) | _Flag.Rows
        return super().selectionCommand(index, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self._attended_at = time.monotonic()
        step = _STEPS.get(event.key())
        if event.key() == Qt.Key.Key_Escape and self.selection.count:
            self.selection.clear_rows()
        elif step is not None and event.text():  # without Ctrl or Alt
            super().keyPressEvent(QKeyEvent(event.type(), step, event.modifiers()))
        else:
            super().keyPressEvent(event)

    def keyboardSearch(self, text: str) -> None:
        self.text_typed.emit(text)

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.MouseMove, QEvent.Type.Wheel):
            self._attended_at = time.monotonic()
        return bool(super().viewportEvent(event))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_room()
        self._fit_rows()

    def minimumSizeHint(self) -> QSize:
        return QSize(320, 3 * self._row_px())

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not len(self._rows.order):
            painter = QPainter(self.viewport())
            painter.setPen(muted(self.palette()))
            place = self.viewport().rect().adjusted(24, 12, -24, -12)
            wrap = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(place, int(wrap), self._message)
        self._want_pictures()
