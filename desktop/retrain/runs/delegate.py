"""How a run is drawn in the list of runs: three lines."""

from __future__ import annotations

from typing import Final

from PyQt5.QtCore import QModelIndex, QRect, QSize, Qt
from PyQt5.QtGui import QFont, QPainter, QPalette, QPen
from PyQt5.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from desktop.jobs.list_model import ROW_ROLE
from desktop.retrain.runs.model import IN_USE_ROLE, RunRow
from desktop.style.item_paint import paint_frame, paint_line
from desktop.style.severity import severity_icon
from desktop.style.theme import muted
from desktop.widgets.times import short_when

_PAD_PX: Final = 8
_GAP_PX: Final = 3
_SIGN_PX: Final = 15


class RunDelegate(QStyledItemDelegate):
    """Draws name, state with date, and what came of it."""

    # Qt overrides

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        line = option.fontMetrics.height()
        return QSize(160, 3 * line + 2 * _GAP_PX + 2 * _PAD_PX + 3)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        row: RunRow = index.data(ROW_ROLE)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ink = option.palette.color(QPalette.ColorRole.WindowText)
        _paint_ground(painter, option)
        height = option.fontMetrics.height()
        left = option.rect.left() + 4 + _PAD_PX
        width = option.rect.width() - 9 - 2 * _PAD_PX
        line = QRect(left, option.rect.top() + _PAD_PX + 1, width, height)
        bold = QFont(option.font)
        bold.setBold(True)
        badge_px = 0
        if index.data(IN_USE_ROLE):
            badge_px = _paint_badge(painter, option, line) + 6
        painter.setPen(ink)
        paint_line(painter, bold, line.adjusted(0, 0, -badge_px, 0), row.name)
        line.translate(0, height + _GAP_PX)
        painter.setPen(muted(option.palette))
        indent = 0
        if row.is_read:
            sign = QRect(line.left(), 0, _SIGN_PX, _SIGN_PX)
            sign.moveTop(line.center().y() - _SIGN_PX // 2)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            severity_icon(row.severity).paint(painter, sign)
            indent = _SIGN_PX + 5
        when = short_when(row.run.record.started)
        words = " · ".join(filter(None, (row.state, when)))
        paint_line(painter, option.font, line.adjusted(indent, 0, 0, 0), words)
        line.translate(0, height + _GAP_PX)
        paint_line(painter, option.font, line, _outcome(row))
        painter.restore()


def _outcome(row: RunRow) -> str:
    """What came of a run, as short as it gets."""
    if row.accuracy is None:
        return f"{row.preset} · {row.data}"
    accuracy = f"Accuracy {100 * row.accuracy.value:.1f} %"
    if row.macro_f1 is None:
        return accuracy
    return f"{accuracy} · F1 {100 * row.macro_f1.value:.1f} %"


def _paint_ground(painter: QPainter, option: QStyleOptionViewItem) -> None:
    frame = option.rect.adjusted(4, 1, -5, -2)
    paint_frame(painter, frame, option)
    if option.state & QStyle.StateFlag.State_HasFocus:
        ink = option.palette.color(QPalette.ColorRole.WindowText)
        painter.setPen(QPen(ink, 1, Qt.PenStyle.DotLine))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(frame.adjusted(2, 2, -2, -2), 4, 4)


def _paint_badge(painter: QPainter, option: QStyleOptionViewItem, line: QRect) -> int:
    """Say at the right end that the model is in use; the width of that."""
    painter.setFont(option.font)
    words = "In use"
    width = painter.fontMetrics().horizontalAdvance(words) + 12
    place = QRect(line.right() - width + 1, line.top(), width, line.height())
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(option.palette.color(QPalette.ColorRole.Highlight))
    painter.drawRoundedRect(place, place.height() / 2, place.height() / 2)
    painter.setPen(option.palette.color(QPalette.ColorRole.HighlightedText))
    painter.drawText(place, Qt.AlignmentFlag.AlignCenter, words)
    return width
