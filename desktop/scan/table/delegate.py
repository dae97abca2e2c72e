"""How the cells of a scan's table are drawn."""

from __future__ import annotations

from typing import Final

from PyQt5.QtCore import QModelIndex, QRect, QRectF, QSize, Qt, pyqtSlot
from PyQt5.QtGui import QColor, QFont, QIcon, QPainter, QPalette, QPen
from PyQt5.QtWidgets import QAbstractItemView, QStyle, QStyledItemDelegate
from PyQt5.QtWidgets import QStyleOptionViewItem as Option

from core.model.classifier import percent
from desktop.film.thumbnails import Thumbnails
from desktop.scan.table.columns import FILE, FINDING, PICTURE, on_one_line
from desktop.scan.table.model import ScanModel
from desktop.style.finding_icons import finding_icons
from desktop.style.icons import icon
from desktop.style.item_paint import paint_film
from desktop.style.overlay_text import SOFT_INK
from desktop.style.severity import severity_icon
from desktop.style.theme import muted

#: Side of a film's picture, and the room around it, logical pixels.
PICTURE_PX: Final = 42
PAD_PX: Final = 8
_GAP_PX: Final = 2
_SIGN_PX: Final = 15
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
        self._findings: list[QIcon] = []
        self._signs = {name: severity_icon(name) for name in ("warn", "stop")}
        faint = QColor(SOFT_INK)
        faint.setAlpha(70)
        self._no_picture = icon("film", colour=faint)
        model.modelReset.connect(self._on_model_reset)

    @pyqtSlot()
    def _on_model_reset(self) -> None:
        names = [label.name for label in self._model.rows.labels]
        self._findings = finding_icons(names)

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
        is_current = index.row() == self._view.currentIndex().row()
        if is_current and self._view.hasFocus():
            painter.setPen(QPen(accent, 2))
            top, bottom = option.rect.top() + 1, option.rect.bottom()
            for y in (top, bottom):
                painter.drawLine(option.rect.left(), y, option.rect.right() + 1, y)

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
        inner = option.rect.adjusted(PAD_PX, 0, -PAD_PX, 0)
        top = inner.center().y() - (line + _GAP_PX + _BAR_PX) // 2
        is_stated = self._model.rows.findings[row] == label
        font = QFont(option.font)
        font.setBold(bool(is_stated))
        painter.setFont(font)
        painter.setPen(option.palette.color(QPalette.ColorRole.Text))
        place = QRect(inner.left(), top, inner.width(), line)
        middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.drawText(place, middle, percent(share))
        bar = QRectF(inner.left(), place.bottom() + 1 + _GAP_PX, inner.width(), _BAR_PX)
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
        metrics = option.fontMetrics
        inner = option.rect.adjusted(PAD_PX, 0, -PAD_PX, 0)
        lines = [name, gone or folder] if gone or folder else [name]
        place = QRect(inner.left(), 0, inner.width(), metrics.height())
        high = len(lines) * metrics.height() + (len(lines) - 1) * _GAP_PX
        place.moveTop(inner.center().y() - high // 2 + 1)
        font = QFont(option.font)
        font.setStrikeOut(bool(gone))  # the name; the line below says why
        painter.setPen(option.palette.color(QPalette.ColorRole.Text))
        for line in lines:
            painter.setFont(font)
            text = metrics.elidedText(line, Qt.TextElideMode.ElideMiddle, place.width())
            painter.drawText(place, Qt.AlignmentFlag.AlignLeft, text)
            place.translate(0, metrics.height() + _GAP_PX)
            painter.setPen(muted(option.palette))
            font.setStrikeOut(False)

    def _paint_words(
        self, painter: QPainter, option: Option, text: str, sign: QIcon | None
    ) -> None:
        """Have the style draw at most two lines, the last one elided."""
        if not text:
            return
        high = 2 * option.fontMetrics.lineSpacing()
        spare = max(0, option.rect.height() - high) // 2
        feature = Option.ViewItemFeature
        words = Option(option)
        left = _INSET_PX if sign is None else PAD_PX
        words.rect = option.rect.adjusted(left, spare, -_INSET_PX, -spare)
        state = QStyle.StateFlag  # which the ground shows already
        words.state &= ~(state.State_Selected | state.State_HasFocus)
        words.features |= feature.HasDisplay | feature.WrapText
        # A number stays with its sign.
        words.text = text.replace(" %", "\N{NO-BREAK SPACE}%")
        words.textElideMode = Qt.TextElideMode.ElideRight
        middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        words.displayAlignment = words.decorationAlignment = middle
        if sign is not None:
            words.features |= feature.HasDecoration
            words.icon = sign
            words.decorationSize = QSize(_SIGN_PX, _SIGN_PX)
        control = QStyle.ControlElement.CE_ItemViewItem
        self._view.style().drawControl(control, words, painter, self._view)

    # Qt overrides

    def sizeHint(self, option: Option, index: QModelIndex) -> QSize:
        return QSize(80, max(PICTURE_PX + 6, least_row_px(option)))

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
        else:
            sign = self._signs.get(column.severity)
            if column is FINDING:
                sign = self._findings[self._model.rows.findings[row]]
            text = column.text(self._model.rows, row)
            self._paint_words(painter, option, text, sign)
        painter.restore()


def least_row_px(option: Option) -> int:
    """Height of a row that has room for two lines of text and no more."""
    return 2 * option.fontMetrics.height() + _GAP_PX + 4
