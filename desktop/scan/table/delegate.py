"""How the cells of a scan's table are drawn."""

from __future__ import annotations

from typing import Final

from PyQt5.QtCore import QModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PyQt5.QtGui import QColor, QFont, QIcon, QPainter, QPalette, QPen
from PyQt5.QtWidgets import QAbstractItemView, QStyle, QStyledItemDelegate
from PyQt5.QtWidgets import QStyleOptionViewItem as Option

from core.model.classifier import percent
from desktop.film.thumbnails import Thumbnails
from desktop.scan.table.cells import PICTURE, SHARE, Column, cell_text, on_one_line
from desktop.scan.table.model import ScanModel
from desktop.scan.table.order import ERROR, FILE, FINDING, WARNINGS
from desktop.scan.table.selection import RowSelection
from desktop.style.finding_icons import finding_icons
from desktop.style.icons import icon
from desktop.style.item_paint import paint_film
from desktop.style.overlay_text import SOFT_INK
from desktop.style.severity import severity_icon
from desktop.widgets.labels import muted

#: Side of a film's picture, and the room around it, logical pixels.
PICTURE_PX: Final = 42
PAD_PX: Final = 8
_GAP_PX: Final = 2
_SIGN_PX: Final = 15
_BAR_PX: Final = 5


class ScanDelegate(QStyledItemDelegate):
    """Draws pictures, signs, bars and texts of at most two lines."""

    def __init__(
        self, view: QAbstractItemView, model: ScanModel, thumbnails: Thumbnails
    ) -> None:
        super().__init__(view)
        self._view = view
        self._model = model
        self._thumbnails = thumbnails
        self._icons: dict[tuple[str, ...], list[QIcon]] = {}
        faint = QColor(SOFT_INK)
        faint.setAlpha(70)
        self._no_picture = icon("film", colour=faint)
        self._warning = severity_icon("warn")
        self._error = severity_icon("stop")

    def _signs(self) -> list[QIcon]:
        names = tuple(label.name for label in self._model.labels)
        if names not in self._icons:
            self._icons = {names: finding_icons(names)}
        return self._icons[names]

    def _paint_ground(
        self, painter: QPainter, option: Option, index: QModelIndex, row: int
    ) -> None:
        accent = option.palette.color(QPalette.ColorRole.Highlight)
        selection = self._view.selectionModel()
        if isinstance(selection, RowSelection) and selection.is_selected(row):
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
        if self._model.rows.error(row) or self._thumbnails.is_broken(row):
            painter.setPen(QPen(SOFT_INK, 2))
            inner = QRectF(place).adjusted(8, 8, -8, -8)
            painter.drawLine(inner.topLeft(), inner.bottomRight())
            painter.drawLine(inner.topRight(), inner.bottomLeft())

    def _paint_share(
        self, painter: QPainter, option: Option, row: int, column: Column
    ) -> None:
        share = float(self._model.rows.shares[row, column.label])
        if share != share:
            return
        line = option.fontMetrics.height()
        inner = option.rect.adjusted(PAD_PX, 0, -PAD_PX, 0)
        top = inner.center().y() - (line + _GAP_PX + _BAR_PX) // 2
        is_stated = self._model.rows.findings[row] == column.label
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
        if gone:
            option.font.setStrikeOut(True)  # the name; the line below says why
        ink = option.palette.color(QPalette.ColorRole.Text)
        inner = option.rect.adjusted(PAD_PX, 0, -PAD_PX, 0)
        middle = Qt.TextElideMode.ElideMiddle
        metrics = option.fontMetrics
        lines = [metrics.elidedText(name, middle, inner.width())]
        if gone or folder:
            below = gone or folder
            lines.append(metrics.elidedText(below, middle, inner.width()))
        _draw_lines(painter, option, inner, lines, (ink, muted(option.palette)))

    def _paint_words(
        self,
        painter: QPainter,
        option: Option,
        text: str,
        sign: QIcon | None,
    ) -> None:
        if not text:
            return
        inner = option.rect.adjusted(PAD_PX, 0, -PAD_PX, 0)
        if sign is not None:
            place = QRect(inner.left(), 0, _SIGN_PX, _SIGN_PX)
            place.moveTop(inner.center().y() - _SIGN_PX // 2)
            sign.paint(painter, place)
            inner.setLeft(place.right() + 7)
        ink = option.palette.color(QPalette.ColorRole.Text)
        lines = two_lines(option, text, inner.width())
        _draw_lines(painter, option, inner, lines, (ink, ink))

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
        if column.kind == PICTURE:
            self._paint_picture(painter, option, row)
        elif column.kind == SHARE:
            self._paint_share(painter, option, row, column)
        elif column.kind == FILE:
            self._paint_file(painter, option, row)
        else:
            sign = None
            if column.kind == FINDING:
                sign = self._signs()[int(self._model.rows.findings[row])]
            elif column.kind in (WARNINGS, ERROR):
                sign = self._warning if column.kind == WARNINGS else self._error
            text = cell_text(self._model.rows, self._model.labels, row, column)
            self._paint_words(painter, option, text, sign)
        painter.restore()


def least_row_px(option: Option) -> int:
    """Height of a row that has room for two lines of text and no more."""
    return 2 * option.fontMetrics.height() + _GAP_PX + 4


def two_lines(option: Option, text: str, width: int) -> list[str]:
    """Text broken into at most two lines, the second one elided."""
    metrics = option.fontMetrics
    if metrics.horizontalAdvance(text) <= width:
        return [text]
    # A number stays with its sign.
    words = text.replace(" %", "\N{NO-BREAK SPACE}%").split(" ")
    first = words[0]
    used = 1
    while used < len(words):
        longer = f"{first} {words[used]}"
        if metrics.horizontalAdvance(longer) > width:
            break
        first, used = longer, used + 1
    right = Qt.TextElideMode.ElideRight
    lines = [metrics.elidedText(first, right, width)]
    if used < len(words):
        lines.append(metrics.elidedText(" ".join(words[used:]), right, width))
    return lines


def _draw_lines(
    painter: QPainter,
    option: Option,
    inner: QRect,
    lines: list[str],
    inks: tuple[QColor, QColor],
) -> None:
    metrics = option.fontMetrics
    high = len(lines) * metrics.height() + (len(lines) - 1) * _GAP_PX
    y = inner.center().y() - high / 2 + metrics.ascent() + 0.5
    painter.setFont(option.font)
    for number, (line, ink) in enumerate(zip(lines, inks, strict=False)):
        if number and option.font.strikeOut():
            plain = QFont(option.font)
            plain.setStrikeOut(False)
            painter.setFont(plain)
        painter.setPen(ink)
        painter.drawText(QPointF(inner.left(), y), line)
        y += metrics.height() + _GAP_PX
