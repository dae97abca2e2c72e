"""The table of a scan on screen; what the user looks at stays in its place."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Final

from PyQt5.QtCore import (
    QEvent,
    QItemSelectionModel,
    QModelIndex,
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
    QWheelEvent,
)
from PyQt5.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from desktop.film.thumbnails import PictureRequest, Thumbnails
from desktop.scan.table.columns import FINDING, HEAT, PICTURE, finding_names
from desktop.scan.table.delegate import PAD_PX, PICTURE_PX, ScanDelegate, least_row_px
from desktop.scan.table.model import ScanModel
from desktop.scan.table.selection import RowSelection
from desktop.style.theme import muted
from desktop.widgets.figures_table import make_plain

_Flag = QItemSelectionModel.SelectionFlag
#: So long after the mouse was moved over it a row is held under it.
_ATTENTION_S: Final = 4.0
#: With room for fewer, rows are made lower.
_FEW_ROWS: Final = 5


class ScanView(QTableView):
    """Shows a `ScanModel`; selects whole rows.

    Signals:
        row_activated: int. Number of a row that was double-clicked, or on which
            Enter was pressed.
        column_clicked: int. A heading was clicked.
        text_typed: str. Letters were typed, as to look for something.
    """

    row_activated = pyqtSignal(int)
    column_clicked = pyqtSignal(int)
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
        #: The row and the column that the keyboard is on.
        self._current: tuple[int, int] | None = None
        self._attended_at = -1e9
        self._is_sized_by_user = False
        self.setModel(model)
        self.selection = RowSelection(model)
        self.setSelectionModel(self.selection)
        self.setItemDelegate(ScanDelegate(self, model, thumbnails))
        self._prepare()
        self.selection.rows_changed.connect(self.viewport().update)
        thumbnails.made.connect(self._on_thumbnail_made)
        model.layoutAboutToBeChanged.connect(self._note_place)
        model.modelAboutToBeReset.connect(self._note_place)
        model.layoutChanged.connect(self._restore_place)
        model.modelReset.connect(self._on_model_reset)

    def begin(self, folder: Path) -> None:
        """The rows to come are of films in this folder."""
        self._folder = folder
        self._is_sized_by_user = False
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
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)  # Tab goes on to the next widget
        self.setMouseTracking(True)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self.setAccessibleName("Films of the scan")
        make_plain(self)
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
        head.sectionClicked.connect(self.column_clicked)
        head.sectionResized.connect(self._on_head_section_resized)

    # Widths of the columns

    def _share_room(self) -> None:
        """Give the columns widths that suit the window, until the user sets them."""
        if self._is_sized_by_user:
            return
        letter = self.fontMetrics().averageCharWidth()
        texts = []
        room = self.viewport().width()
        with QSignalBlocker(self.horizontalHeader()):
            for number, column in enumerate(self._rows.columns):
                if column is PICTURE:
                    width = PICTURE_PX + 2 * PAD_PX
                elif column is FINDING:
                    names = finding_names(self._rows.rows.labels)
                    width = self._width_of(*names) + 24
                elif column.label is not None or column is HEAT:
                    width = max(self._width_of(column.title, "under 1 %"), 84)
                else:
                    texts.append((number, column.room))
                    continue
                self.setColumnWidth(number, width)
                room -= width
            for number, (share, letters) in texts:
                width = max(int(room * share), letters * letter)
                self.setColumnWidth(number, width)
        self.updateGeometries()
        self.viewport().update()

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

    def _width_of(self, *texts: str) -> int:
        metrics = self.fontMetrics()
        widest = max(metrics.horizontalAdvance(text) for text in texts)
        return min(widest, 24 * metrics.averageCharWidth()) + 2 * PAD_PX + 14

    @pyqtSlot(int, int, int)
    def _on_head_section_resized(self, column: int, before: int, now: int) -> None:
        self._is_sized_by_user = True

    # What stays in its place

    def _row_px(self) -> int:
        return int(self.verticalHeader().defaultSectionSize())

    @pyqtSlot()
    def _note_place(self) -> None:
        """Choose the row to hold: that which the user looks at, if any."""
        index = self.currentIndex()
        self._current = None
        self._anchor = None
        if index.isValid() and index.row() < len(self._rows.order):
            self._current = (self._rows.row_at(index.row()), index.column())
        place = self._watched_place()
        if place is not None:
            top = place * self._row_px() - self.verticalScrollBar().value()
            self._anchor = (self._rows.row_at(place), top)

    def _watched_place(self) -> int | None:
        count = len(self._rows.order)
        current = self.currentIndex().row()
        if 0 <= current < count and self._is_on_screen(current):
            return current
        if time.monotonic() - self._attended_at < _ATTENTION_S:
            under = self.rowAt(self.viewport().mapFromGlobal(self.cursor().pos()).y())
            if self.viewport().underMouse() and 0 <= under < count:
                return under
        first = self.rowAt(0)
        # At the very top it is the top that matters, whichever row comes there.
        at_top = self.verticalScrollBar().value() == 0
        return first if not at_top and 0 <= first < count else None

    def _is_on_screen(self, place: int) -> bool:
        top = place * self._row_px() - self.verticalScrollBar().value()
        return -self._row_px() < top < self.viewport().height()

    @pyqtSlot()
    def _restore_place(self) -> bool:
        anchor, self._anchor = self._anchor, None
        place = self._rows.place_of(anchor[0]) if anchor is not None else None
        if anchor is None or place is None:
            return False
        self.updateGeometries()
        self.verticalScrollBar().setValue(place * self._row_px() - anchor[1])
        return True

    @pyqtSlot()
    def _on_model_reset(self) -> None:
        if self._current is not None:
            row, column = self._current
            place = self._rows.place_of(row)
            if place is not None:
                index = self._rows.index(place, column)
                self.selection.setCurrentIndex(index, _Flag.NoUpdate)
        if not self._restore_place():
            self.scrollToTop()

    # Pictures

    def _want_pictures(self) -> None:
        rows = self._rows
        first = max(0, self.rowAt(0))
        last = self.rowAt(self.viewport().height() - 1)
        places = range(first, len(rows.order) if last < 0 else last + 1)
        self._thumbnails.set_side(math.ceil(PICTURE_PX * self.devicePixelRatioF()))
        numbers = [rows.row_at(place) for place in places]
        self._thumbnails.want(
            PictureRequest(number, self._folder / rows.rows.files[number])
            for number in numbers
            if not rows.rows.errors[number]
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

    def clearSelection(self) -> None:
        self.selection.clear_rows()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self._attended_at = time.monotonic()
        row = self.current_row()
        is_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if is_enter and row is not None:
            self.row_activated.emit(row)
        elif event.key() == Qt.Key.Key_Escape and self.selection.count:
            self.clearSelection()
        else:
            super().keyPressEvent(event)

    def keyboardSearch(self, text: str) -> None:
        self.text_typed.emit(text)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.pos())
        if index.isValid() and event.button() == Qt.MouseButton.LeftButton:
            self.row_activated.emit(self._rows.row_at(index.row()))
        else:
            super().mouseDoubleClickEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._attended_at = time.monotonic()
        super().mouseMoveEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._attended_at = time.monotonic()
        super().wheelEvent(event)

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
