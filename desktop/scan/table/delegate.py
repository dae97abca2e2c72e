"""How the cells of a scan's table are drawn."""

from __future__ import annotations

from typing import Final

from PyQt5.QtCore import QModelIndex, QRect, QRectF, QSize, Qt
from PyQt5.QtGui import QColor, QFont, QPainter, QPalette, QPen
from PyQt5.QtWidgets import QAbstractItemView, QStyle, QStyledItemDelegate
from PyQt5.QtWidgets import QStyleOptionViewItem as Option

from desktop.film.thumbnails import Thumbnails
from desktop.scan.table.columns import FILE, PICTURE, on_one_line
from desktop.scan.table.model import RowSort, ScanModel
from desktop.style.icons import icon
from desktop.style.item_paint import paint_film, paint_line
from desktop.style.overlay_text import SOFT_INK
from desktop.style.theme import muted

#: Side of a film's picture, and the room around it, logical pixels.
PICTURE_PX: Final = 42
PAD_PX: Final = 8
_GAP_PX: Final = 2
_BAR_PX: Final = 5
#: What the style leaves free beside texts by itself.
_INSET_PX: Final = PAD_PX - 3


class ScanDelegate(QStyledItemDelegate):
    """Draws pictures, signs, bars and texts of at most two lines."""

    def __init__(
        self, view: QAbstractItemView, model: ScanModel, thumbnails: Thumbnails
    ) -> None:
        super().__init__(view)
        self._view = view
        self._model = model
        self._thumbnails = thumbnails
        faint = QColor(SOFT_INK)
        faint.setAlpha(70)
        self._no_picture = icon("film", colour=faint)

    def _paint_ground(
        self, painter: QPainter, option: Option, index: QModelIndex, row: int
    ) -> None:
        accent = option.palette.color(QPalette.ColorRole.Highlight)
        if self._model.is_selected(row):
            tint = QColor(accent)
            tint.setAlpha(64)
            painter.fillRect(option.rect, tint)
            if index.column() == 0:
                edge = QRect(option.rect.topLeft(), QSize(3, option.rect.height()))
                painter.fillRect(edge, accent)
        elif option.state & QStyle.StateFlag.State_MouseOver:
            tint = QColor(option.palette.color(QPalette.ColorRole.Text))
            tint.setAlpha(18)
            painter.fillRect(option.rect, tint)
        if self._begins_group(index.row(), row):
            painter.setPen(QPen(option.palette.color(QPalette.ColorRole.Mid), 3))
            painter.drawLine(option.rect.topLeft(), option.rect.topRight())
        is_current = index.row() == self._view.currentIndex().row()
        if is_current and self._view.hasFocus():
            painter.setPen(QPen(accent, 2))
            top, bottom = option.rect.top() + 1, option.rect.bottom()
            for y in (top, bottom):
                painter.drawLine(option.rect.left(), y, option.rect.right() + 1, y)

    def _begins_group(self, place: int, row: int) -> bool:
        """Whether a row is the first of its group in triage order."""
        if not place or self._model.sorted_by != RowSort():
            return False
        groups = self._model.rows.numbers["triage"][:, 0]
        return bool(groups[row] != groups[self._model.row_at(place - 1)])

    def _paint_picture(self, painter: QPainter, option: Option, row: int) -> None:
        side = min(PICTURE_PX, option.rect.height() - 4)
        place = QRect(0, 0, side, side)
        place.moveCenter(option.rect.center())
        picture = self._thumbnails.picture(row)
        paint_film(painter, place, picture)
        if picture is not None:
            return
        self._no_picture.paint(painter, place.adjusted(5, 5, -5, -5))
        if self._model.rows.errors[row] or self._thumbnails.is_broken(row):
            painter.setPen(QPen(SOFT_INK, 2))
            inner = QRectF(place).adjusted(8, 8, -8, -8)
            painter.drawLine(inner.topLeft(), inner.bottomRight())
            painter.drawLine(inner.topRight(), inner.bottomLeft())

    def _paint_share(
        self, painter: QPainter, option: Option, row: int, label: int
    ) -> None:
        share = self._model.rows.share(row, label)
        if share is None:
            return
        line = option.fontMetrics.height()
        place = option.rect.adjusted(PAD_PX, 0, -PAD_PX, 0)
        place.setTop(place.center().y() - (line + _GAP_PX + _BAR_PX) // 2)
        place.setHeight(line)
        is_stated = self._model.rows.findings[row] == label
        font = QFont(option.font)
        font.setBold(bool(is_stated))
        painter.setPen(option.palette.color(QPalette.ColorRole.Text))
        paint_line(painter, font, place, self._model.rows.percent(row, label))
        bar = QRectF(place.left(), place.bottom() + 1 + _GAP_PX, place.width(), _BAR_PX)
        groove = QColor(option.palette.color(QPalette.ColorRole.Text))
        groove.setAlpha(40)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(groove)
        painter.drawRoundedRect(bar, 2, 2)
        fill = QColor(option.palette.color(QPalette.ColorRole.Highlight))
        fill.setAlpha(255 if is_stated else 150)
        painter.setBrush(fill)
        bar.setWidth(max(2.0, bar.width() * share))
        painter.drawRoundedRect(bar, 2, 2)

    def _paint_file(self, painter: QPainter, option: Option, row: int) -> None:
        folder, _, name = on_one_line(self._model.rows.files[row]).rpartition("/")
        gone = self._model.rows.gone.get(row)
        line = option.fontMetrics.height()
        place = option.rect.adjusted(PAD_PX, 0, -PAD_PX, 0)
        high = 2 * line + _GAP_PX if gone or folder else line
        place.setTop(place.center().y() - high // 2 + 1)
        place.setHeight(line)
        font = QFont(option.font)
        font.setStrikeOut(bool(gone))  # the name; the line below says why
        middle = Qt.TextElideMode.ElideMiddle
        painter.setPen(option.palette.color(QPalette.ColorRole.Text))
        paint_line(painter, font, place, name, middle)
        painter.setPen(muted(option.palette))
        place.translate(0, line + _GAP_PX)
        paint_line(painter, option.font, place, gone or folder, middle)

    # Qt overrides

    def sizeHint(self, option: Option, index: QModelIndex) -> QSize:
        return QSize(80, max(PICTURE_PX + 6, least_row_px(option)))

    def initStyleOption(self, option: Option, index: QModelIndex) -> None:
        super().initStyleOption(option, index)
        # A number stays with its sign.
        option.text = option.text.replace(" %", "\N{NO-BREAK SPACE}%")
        option.state &= ~QStyle.StateFlag.State_HasFocus  # which the ground shows

    def paint(self, painter: QPainter, option: Option, index: QModelIndex) -> None:
        row = self._model.row_at(index.row())
        column = self._model.columns[index.column()]
        painter.save()
        painter.setClipRect(option.rect)
        self._paint_ground(painter, option, index, row)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if column is PICTURE:
            self._paint_picture(painter, option, row)
        elif column is FILE:
            self._paint_file(painter, option, row)
        elif column.label is not None:
            self._paint_share(painter, option, row, column.label)
        else:  # at most two lines, the last one elided
            words = Option(option)
            spare = max(0, option.rect.height() - 2 * option.fontMetrics.lineSpacing())
            words.rect.adjust(_INSET_PX, spare // 2, -_INSET_PX, -(spare // 2))
            super().paint(painter, words, index)
        painter.restore()


def least_row_px(option: Option) -> int:
    """Height of a row that has room for two lines of text and no more."""
    return 2 * option.fontMetrics.height() + _GAP_PX + 4
