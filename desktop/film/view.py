"""The film on screen: zoom, pan, window and level, heat map, outline."""

from __future__ import annotations

from typing import Final

from PyQt5.QtCore import (
    QEvent,
    QPoint,
    QPointF,
    QRectF,
    QSize,
    Qt,
    pyqtSignal,
    pyqtSlot,
)
from PyQt5.QtGui import (
    QImage,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PyQt5.QtWidgets import QGestureEvent, QPinchGesture, QSizePolicy, QWidget

from desktop.film.outline import paint_outline
from desktop.film.pyramid import FilmPyramid
from desktop.film.shades import Shades
from desktop.film.viewport import Viewport
from desktop.style.overlay_text import GROUND, paint_overlay

_ZOOM_STEP: Final = 1.25
_SHARP_FROM: Final = 4.0  # from this zoom on, pixels are shown as squares
_PAN_STEP_PX: Final = 60
_CONTRAST_STEP: Final = 0.1
_BRIGHTNESS_STEP: Final = 0.05


class FilmView(QWidget):
    """Show a film; wheel zooms, left drag pans, right drag sets the window.

    Knows no model and opens no file: it is given pixels. Painting costs the
    same for a small film and a large one, as only what is visible is shaded,
    from the nearest level of the pyramid.

    Attributes:
        viewport: Where the film lies in the widget.

    Signals:
        window_changed: float, float. Film values shown as black and as white.
        inversion_changed: bool. Whether dark and light are exchanged.
    """

    window_changed = pyqtSignal(float, float)
    inversion_changed = pyqtSignal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.viewport = Viewport()
        self._film: FilmPyramid | None = None
        self._shades = Shades()
        self._heat: QImage | None = None
        self._heat_shown = True
        self._heat_opacity = 0.5
        self._outline: QPainterPath | None = None
        self._drag_from: QPoint | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        # The right button belongs to window and level.
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 120)
        self.grabGesture(Qt.GestureType.PinchGesture)
        self.setAccessibleName("Film")

    @property
    def film(self) -> FilmPyramid | None:
        """The film on screen."""
        return self._film

    @property
    def grey_window(self) -> tuple[float, float]:
        """Film values shown as black and as white."""
        return self._shades.low, self._shades.high

    @property
    def inverted(self) -> bool:
        """Whether dark and light are exchanged."""
        return self._shades.is_inverted

    def set_film(self, film: FilmPyramid | None, *, keep_view: bool = False) -> None:
        """Show a film, whole and in its own window.

        Args:
            film: What to show; None for an empty view.
            keep_view: The same film in another resolution: leave zoom, place,
                window and inversion as they are.
        """
        self._film = film
        self._forget_shades()
        if film is not None and not keep_view:
            self._heat = self._outline = None
            self.viewport.set_film(*film.size)
            self.reset_window()

    # Heat map

    def set_heatmap(self, image: QImage | None) -> None:
        """Lay a heat map over the whole film.

        Args:
            image: Colours with their transparency, of any size; stretched over
                the film. None takes it away.
        """
        self._heat = image
        self.update()

    def set_heatmap_shown(self, shown: bool) -> None:
        """Show or hide the heat map without forgetting it."""
        self._heat_shown = shown
        self.update()

    @pyqtSlot(float)
    def set_heatmap_opacity(self, opacity: float) -> None:
        """Let the film shine through: 0 hides the heat map, 1 is strongest."""
        self._heat_opacity = opacity
        self.update()

    def set_outline(self, path: QPainterPath | None) -> None:
        """Draw lines over all else, in pixels of the film; None takes them away."""
        self._outline = path
        self.update()

    # Window and level

    def set_window(self, low: float, high: float) -> None:
        """Show `low` as black and `high` as white, in film values."""
        if self._film is None:
            return
        minimum, maximum = self._film.value_range
        width = max(high - low, self._film.step)
        width = min(width, 2 * max(maximum - minimum, self._film.step))
        middle = min(max((low + high) / 2, minimum), maximum)
        self._shades.low, self._shades.high = middle - width / 2, middle + width / 2
        self._forget_shades()
        self.window_changed.emit(*self.grey_window)

    @pyqtSlot()
    def reset_window(self) -> None:
        """Back to the film's own window, not inverted."""
        if self._film is not None:
            self.set_inverted(False)
            self.set_window(self._film.low, self._film.high)

    @pyqtSlot(bool)
    def set_inverted(self, inverted: bool) -> None:
        """Exchange dark and light."""
        if inverted != self.inverted:
            self._shades.is_inverted = inverted
            self._forget_shades()
            self.inversion_changed.emit(inverted)

    def change_window(self, contrast: float, brightness: float) -> None:
        """Adjust relative to the film's own window.

        Args:
            contrast: Above 0 narrows the window; 1 is its whole preset width.
            brightness: Above 0 lightens; 1 is a whole preset width.
        """
        if self._film is None:
            return
        unit = self._film.high - self._film.low
        low, high = self.grey_window
        width = max(high - low - contrast * unit, self._film.step)
        middle = (low + high) / 2 - brightness * unit
        self.set_window(middle - width / 2, middle + width / 2)

    @pyqtSlot()
    def add_contrast(self) -> None:
        """Narrow the window by a step."""
        self.change_window(_CONTRAST_STEP, 0.0)

    @pyqtSlot()
    def reduce_contrast(self) -> None:
        """Widen the window by a step."""
        self.change_window(-_CONTRAST_STEP, 0.0)

    @pyqtSlot()
    def lighten(self) -> None:
        """Lower the level by a step."""
        self.change_window(0.0, _BRIGHTNESS_STEP)

    @pyqtSlot()
    def darken(self) -> None:
        """Raise the level by a step."""
        self.change_window(0.0, -_BRIGHTNESS_STEP)

    # Zoom and pan

    @pyqtSlot()
    def fit(self) -> None:
        """Show the whole film, and keep it whole when the window changes."""
        self.viewport.fit()
        self.update()

    @pyqtSlot()
    def show_actual_size(self) -> None:
        """One screen pixel per film pixel, around the same middle."""
        self.zoom_to(1.0)

    @pyqtSlot()
    def zoom_in(self) -> None:
        """One step closer to the middle of the view."""
        self.zoom_to(self.viewport.zoom * _ZOOM_STEP)

    @pyqtSlot()
    def zoom_out(self) -> None:
        """One step away from the middle of the view."""
        self.zoom_to(self.viewport.zoom / _ZOOM_STEP)

    def zoom_to(self, zoom: float, at: QPointF | None = None) -> None:
        """Zoom so that the film stays still under `at`; see `Viewport.zoom_to`."""
        if self._film is not None:
            self.viewport.zoom_to(zoom, at)
            self.update()

    def pan_by(self, dx: float, dy: float) -> None:
        """Move the film by so many logical pixels."""
        if self._film is not None:
            self.viewport.pan_by(dx, dy)
            self.update()

    # Painting

    def _forget_shades(self) -> None:
        self._shades.clear()
        self.update()

    def _paint_film(self, painter: QPainter, film: FilmPyramid) -> None:
        place = self.viewport.film_rect
        shown = place.intersected(QRectF(self.rect()))
        if shown.isEmpty():
            return
        visible = QRectF(
            self.viewport.film_point(shown.topLeft()),
            self.viewport.film_point(shown.bottomRight()),
        )
        patch, source = self._shades.covering(film, visible, self.viewport.zoom)
        smooth = QPainter.RenderHint.SmoothPixmapTransform
        painter.setRenderHint(smooth, self.viewport.zoom < _SHARP_FROM)
        painter.drawImage(shown, patch.image, source)
        if self._heat is not None and self._heat_shown:
            painter.setRenderHint(smooth)
            painter.setOpacity(self._heat_opacity)
            painter.drawImage(place, self._heat)
            painter.setOpacity(1.0)
        if self._outline is not None:
            paint_outline(painter, self._outline, place, film.size[1])

    def _overlay_text(self, film: FilmPyramid) -> str:
        low, high = self.grey_window
        width, level = high - low, (low + high) / 2
        places = 0 if film.step >= 0.5 else 3
        text = (
            f"{self.viewport.zoom:.0%}    "
            f"Window {width:,.{places}f}    Level {level:,.{places}f}"
        )
        return f"{text}    Inverted" if self.inverted else text

    # Qt overrides

    def sizeHint(self) -> QSize:
        return QSize(800, 700)

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

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.viewport.set_view(self.width(), self.height(), self.devicePixelRatioF())

    def wheelEvent(self, event: QWheelEvent) -> None:
        turns = event.angleDelta().y() / 120.0
        if turns:
            self.zoom_to(self.viewport.zoom * _ZOOM_STEP**turns, event.position())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._drag_from = event.pos()
        if event.button() == Qt.MouseButton.LeftButton and self._film is not None:
            self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._drag_from is None:
            return
        moved = event.pos() - self._drag_from
        self._drag_from = event.pos()
        if event.buttons() & Qt.MouseButton.RightButton:
            # As workstations have it: right widens the window, down lightens.
            reach = max(200.0, 0.6 * min(self.width(), self.height()))
            self.change_window(-moved.x() / reach, moved.y() / reach)
        elif event.buttons() & Qt.MouseButton.LeftButton:
            self.pan_by(moved.x(), moved.y())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._drag_from = None
        self.unsetCursor()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {
            Qt.Key.Key_Left: (_PAN_STEP_PX, 0),
            Qt.Key.Key_Right: (-_PAN_STEP_PX, 0),
            Qt.Key.Key_Up: (0, _PAN_STEP_PX),
            Qt.Key.Key_Down: (0, -_PAN_STEP_PX),
        }
        step = steps.get(event.key())
        if step is None:
            super().keyPressEvent(event)
        else:
            self.pan_by(*step)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), GROUND)
        if self._film is not None:
            self._paint_film(painter, self._film)
            paint_overlay(painter, self.rect(), self._overlay_text(self._film))
        painter.end()
