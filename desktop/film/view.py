"""The film under the mouse and the keys."""

from __future__ import annotations

from typing import Final

from PyQt5.QtCore import (
    QEvent,
    QPoint,
    QPointF,
    QRect,
    QRectF,
    Qt,
    pyqtSignal,
    pyqtSlot,
)
from PyQt5.QtGui import (
    QContextMenuEvent,
    QCursor,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPen,
    QWheelEvent,
)
from PyQt5.QtWidgets import QApplication, QGestureEvent, QPinchGesture, QWidget

from desktop.film.canvas import FilmCanvas
from desktop.film.painter import magnifier_area
from desktop.film.pyramid import FilmPyramid
from desktop.film.ruler import Ruler
from desktop.style.overlay_text import INK

_PAN_STEP_PX: Final = 60
#: Steps of the keys while they move the pointer; the small one with Shift.
_POINTER_STEP_PX, _SMALL_STEP_PX = 10, 1
#: A ruler that is shorter was a click.
_SHORTEST_PX: Final = 3
#: Where the value under the pointer stands, from below: a few lines of text.
_TEXT_PX: Final = 110
_DIRECTIONS: Final = {
    Qt.Key.Key_Left: QPointF(-1, 0),
    Qt.Key.Key_Right: QPointF(1, 0),
    Qt.Key.Key_Up: QPointF(0, -1),
    Qt.Key.Key_Down: QPointF(0, 1),
}


class FilmView(FilmCanvas):
    """Shows a film; wheel zooms, left drag pans, right drag sets the window.

    With the ruler a left drag measures. While a ruler or the magnifier is on, the
    arrow keys move the pointer, and Return begins and ends a line, so that both can
    do without a mouse.

    Signals:
        focused: the keys go to this film now.
        menu_asked: QPoint. The menu of the film is wanted, at a place of the screen.
        measured: str. The length of the line that has just been drawn.
    """

    focused = pyqtSignal()
    menu_asked = pyqtSignal(QPoint)
    measured = pyqtSignal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pointer: QPointF | None = None
        self._pressed_at = self._drag_from = QPoint()
        self._is_dragging = False
        self._is_measuring = self._has_ruler = self._has_magnifier = False
        self._is_by_keys = False  # the pointer was moved by them, not by the mouse
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.grabGesture(Qt.GestureType.PinchGesture)
        self.setAccessibleName("Film")

    def set_film(self, film: FilmPyramid | None, *, keep_view: bool = False) -> None:
        super().set_film(film, keep_view=keep_view)
        self._is_measuring = self._is_measuring and keep_view

    # Tools

    @pyqtSlot(bool)
    def set_magnifier(self, is_on: bool) -> None:
        """Show what lies under the pointer larger."""
        self._has_magnifier = is_on
        self._show_tools()

    @pyqtSlot(bool)
    def set_ruler(self, is_on: bool) -> None:
        """Let a left drag measure a distance, and not move the film."""
        self._has_ruler = is_on
        if self._is_measuring:
            self._end_ruler()
        self._show_cursor()
        self._show_tools()

    @pyqtSlot()
    def remove_rulers(self) -> None:
        """Take all distances off the film."""
        self._is_measuring = False
        self.rulers.clear()
        self.update()

    @pyqtSlot()
    def ask_for_menu(self) -> None:
        """Want the menu of the film in its middle."""
        self.menu_asked.emit(self.mapToGlobal(self.rect().center()))

    @property
    def _uses_pointer(self) -> bool:
        """Whether the keys move the pointer, not the film."""
        return self.film is not None and (self._has_ruler or self._has_magnifier)

    def _show_tools(self) -> None:
        """A tool shows at once where it would be used."""
        if self._is_by_keys and not self._uses_pointer:
            self._pointer = None
        elif self.underMouse() or self.hasFocus():
            self._find_pointer()
        self.update()

    def _find_pointer(self) -> None:
        """Have one for the keys where the mouse is elsewhere."""
        if self._pointer is None and self._uses_pointer:
            under = self.mapFromGlobal(QCursor.pos())
            is_here = self.underMouse() and self.rect().contains(under)
            self._pointer = QPointF(under if is_here else self.rect().center())
            self._is_by_keys = not is_here

    def _move_pointer(self, place: QPointF | None) -> None:
        for at in (self._pointer, place):
            if at is not None and self._has_magnifier:
                self.update(magnifier_area(at))
        self._pointer = place
        if self._is_measuring and place is not None:
            self.rulers[-1] = Ruler(self.rulers[-1].start, self._on_film(place))
            self.update()
        elif self._is_by_keys:
            self.update()
        # Else nothing but what is said of the pointer is painted anew.
        self.update(QRect(0, self.height() - _TEXT_PX, self.width(), _TEXT_PX))

    def _on_film(self, place: QPointF) -> QPointF:
        assert self.film is not None
        point, (height, width) = self.viewport.film_point(place), self.film.size
        return QPointF(
            min(max(point.x(), 0.0), width), min(max(point.y(), 0.0), height)
        )

    def _begin_ruler(self, place: QPointF) -> None:
        start = self._on_film(place)
        self.rulers.append(Ruler(start, start))
        self._is_measuring = True

    def _end_ruler(self) -> None:
        assert self.film is not None
        self._is_measuring = False
        ruler = self.rulers[-1]
        length = (ruler.end - ruler.start).manhattanLength() * self.viewport.zoom
        if length < _SHORTEST_PX:
            self.rulers.pop()
        else:
            self.measured.emit(f"Measured: {ruler.text(self.film.spacing)}")
        self.update()

    # Painting

    def _paint_over(self, painter: QPainter, film: FilmPyramid) -> None:
        if self._pointer is not None and self._has_magnifier:
            self._picture.paint_magnified(painter, self.viewport, self._pointer)
        if self._pointer is not None and self._is_by_keys and self._uses_pointer:
            painter.setPen(QPen(INK, 1.0))
            for way in (QPointF(7, 0), QPointF(0, 7)):
                painter.drawLine(self._pointer - way, self._pointer + way)
        super()._paint_over(painter, film)

    def overlay_parts(self) -> list[str]:
        parts = super().overlay_parts()
        if self._pointer is None or self.film is None:
            return parts
        point, (height, width) = self.viewport.film_point(self._pointer), self.film.size
        if not QRectF(0, 0, width, height).contains(point):
            return parts
        x, y = min(int(point.x()), width - 1), min(int(point.y()), height - 1)
        value = self._in_words(self.film.value_at(x, y))
        return [*parts, f"x {x}, y {y}: {value}"]

    # Qt overrides

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QNativeGestureEvent):
            if event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
                zoom = self.viewport.zoom * (1.0 + event.value())
                self.zoom_to(zoom, event.localPos())
                return True
        elif isinstance(event, QGestureEvent):
            pinch = event.gesture(Qt.GestureType.PinchGesture)
            if isinstance(pinch, QPinchGesture):
                at = QPointF(self.mapFromGlobal(pinch.hotSpot().toPoint()))
                self.zoom_to(self.viewport.zoom * pinch.scaleFactor(), at)
                return True
        return super().event(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.focused.emit()

    def leaveEvent(self, event: QEvent) -> None:
        self._move_pointer(None)

    def wheelEvent(self, event: QWheelEvent) -> None:
        turns = event.angleDelta().y() / 120.0
        if turns:
            self.zoom_by(turns, event.position())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pressed_at = self._drag_from = event.pos()
        self._is_dragging = False
        if event.button() == Qt.MouseButton.LeftButton and self.film is not None:
            if self._has_ruler:
                self._begin_ruler(event.localPos())
            else:
                self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._is_by_keys:
            self._is_by_keys = False
            self.update()
        self._move_pointer(event.localPos())
        far = QApplication.startDragDistance()
        if event.buttons() & Qt.MouseButton.RightButton:
            # Until it has gone so far it may become a click, which asks for the menu.
            moved = (event.pos() - self._pressed_at).manhattanLength()
            self._is_dragging = self._is_dragging or moved >= far
            if self._is_dragging:
                self._drag_window(self._dragged_by(event))
        elif event.buttons() & Qt.MouseButton.LeftButton and not self._is_measuring:
            moved_by = self._dragged_by(event)
            self.pan_by(moved_by.x(), moved_by.y())

    def _dragged_by(self, event: QMouseEvent) -> QPoint:
        moved, self._drag_from = event.pos() - self._drag_from, event.pos()
        return moved

    def _drag_window(self, moved: QPoint) -> None:
        # As workstations have it: right widens the window, down lightens.
        reach = max(200.0, 0.6 * min(self.width(), self.height()))
        self.change_window(-moved.x() / reach, moved.y() / reach)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._show_cursor()
        is_click = self.film is not None and not self._is_dragging
        if event.button() == Qt.MouseButton.RightButton and is_click:
            self.menu_asked.emit(event.globalPos())
        elif event.button() == Qt.MouseButton.LeftButton and self._is_measuring:
            self._end_ruler()

    def _show_cursor(self) -> None:
        cross = Qt.CursorShape.CrossCursor
        self.setCursor(cross if self._has_ruler else Qt.CursorShape.ArrowCursor)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and not self._has_ruler:
            self.fit()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        # That of the mouse comes when the button is let go: a drag sets the window.
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            self.ask_for_menu()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        way, key = _DIRECTIONS.get(event.key()), event.key()
        if way is not None and self._uses_pointer:
            is_small = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            self._step_pointer(way * (_SMALL_STEP_PX if is_small else _POINTER_STEP_PX))
        elif way is not None:
            self.pan_by(-way.x() * _PAN_STEP_PX, -way.y() * _PAN_STEP_PX)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._has_ruler:
            self._step_pointer(QPointF())
            if self._is_measuring:
                self._end_ruler()
            elif self._pointer is not None and self.film is not None:
                self._begin_ruler(self._pointer)
        elif key == Qt.Key.Key_Escape and self._is_measuring:
            self._is_measuring = False
            self.rulers.pop()
            self.update()
        else:
            super().keyPressEvent(event)

    def _step_pointer(self, by: QPointF) -> None:
        self._find_pointer()
        self._is_by_keys = True
        if self._pointer is not None:
            place = self._pointer + by
            self._move_pointer(
                QPointF(
                    min(max(place.x(), 0.0), self.width() - 1.0),
                    min(max(place.y(), 0.0), self.height() - 1.0),
                )
            )
