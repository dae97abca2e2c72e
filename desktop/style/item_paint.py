"""What the items of lists have in common when they are drawn."""

from __future__ import annotations

from PyQt5.QtCore import QRect, Qt
from PyQt5.QtGui import QColor, QFont, QImage, QPainter, QPalette, QPen
from PyQt5.QtWidgets import QStyle, QStyleOptionViewItem

from desktop.style.overlay_text import GROUND

_RADIUS_PX = 6


def paint_frame(painter: QPainter, frame: QRect, option: QStyleOptionViewItem) -> None:
    """Draw the ground of an item: chosen, under the mouse, or neither."""
    accent = option.palette.color(QPalette.ColorRole.Highlight)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if option.state & QStyle.StateFlag.State_Selected:
        tint = QColor(accent)
        tint.setAlpha(36)
        painter.setBrush(tint)
        painter.setPen(QPen(accent, 1.6))
    elif option.state & QStyle.StateFlag.State_MouseOver:
        tint = QColor(option.palette.color(QPalette.ColorRole.WindowText))
        tint.setAlpha(18)
        painter.setBrush(tint)
    painter.drawRoundedRect(frame, _RADIUS_PX, _RADIUS_PX)


def paint_line(
    painter: QPainter,
    font: QFont,
    place: QRect,
    text: str,
    cut: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
) -> None:
    """Write one line, cut where there is no room."""
    painter.setFont(font)
    shown = painter.fontMetrics().elidedText(text, cut, place.width())
    alignment = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
    painter.drawText(place, alignment, shown)


def paint_film(painter: QPainter, place: QRect, picture: QImage | None) -> None:
    """Draw a film in the middle of its black ground; the ground alone without one."""
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.fillRect(place, GROUND)
    if picture is None:
        return
    size = picture.size().scaled(place.size(), Qt.AspectRatioMode.KeepAspectRatio)
    inner = QRect(place.topLeft(), size)
    inner.moveCenter(place.center())
    painter.drawImage(inner, picture)
