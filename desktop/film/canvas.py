"""The film on screen: zoom, turn, window and level, and what lies over it."""

from __future__ import annotations

from typing import Final

from PyQt5.QtCore import QPointF, QRectF, QSize, Qt, pyqtSignal, pyqtSlot
from PyQt5.QtGui import (
    QImage,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QResizeEvent,
)
from PyQt5.QtWidgets import QSizePolicy, QWidget

from desktop.film.painter import FilmPainter
from desktop.film.pyramid import FilmPyramid
from desktop.film.ruler import Ruler
from desktop.film.viewport import Viewport
from desktop.style.overlay_text import GROUND, paint_label, paint_overlay

_ZOOM_STEP: Final = 1.25


class FilmCanvas(QWidget):
    """Shows a film, and is told how; `FilmView` has the mouse and the keys.

    Knows no model and opens no file: it is given pixels. Painting costs the
    same for a small film and a large one, as only what is visible is shaded,
    from the nearest level of the pyramid.

    Attributes:
        viewport: Where the film lies in the widget.

    Signals:
        place_changed: zoom, place or turn of the film are others.
        window_changed: float, float. Film values shown as black and as white.
        inversion_changed: bool. Whether dark and light are exchanged.
    """

    place_changed = pyqtSignal()
    window_changed = pyqtSignal(float, float)
    inversion_changed = pyqtSignal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.viewport = Viewport()
        self._picture = FilmPainter()
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 120)

    @property
    def film(self) -> FilmPyramid | None:
        """The film on screen."""
        return self._picture.film

    @property
    def rulers(self) -> list[Ruler]:
        """Distances that were measured on it."""
        return self._picture.rulers

    @property
    def grey_window(self) -> tuple[float, float]:
        """Film values shown as black and as white."""
        return self._picture.low, self._picture.high

    @property
    def inverted(self) -> bool:
        """Whether dark and light are exchanged."""
        return self._picture.is_inverted

    def set_film(self, film: FilmPyramid | None, *, keep_view: bool = False) -> None:
        """Show a film, whole and in its own window.

        Args:
            film: What to show; None for an empty view.
            keep_view: The same film in another resolution: leave zoom, place,
                window and inversion as they are.
        """
        self._picture.film = film
        self._forget_shades()
        if film is not None and not keep_view:
            self._picture.clear()
            self.viewport.set_film(*film.size)
            self.reset_window()
            self._place_changed()

    # Heat map

    def set_heatmap(self, image: QImage | None) -> None:
        """Lay a heat map over the whole film.

        Args:
            image: Colours with their transparency, of any size; stretched over
                the film. None takes it away.
        """
        self._picture.heat = image
        self.update()

    def set_heatmap_shown(self, shown: bool) -> None:
        """Show or hide the heat map without forgetting it."""
        self._picture.is_heat_shown = shown
        self.update()

    @pyqtSlot(float)
    def set_heatmap_opacity(self, opacity: float) -> None:
        """Let the film shine through: 0 hides the heat map, 1 is strongest."""
        self._picture.heat_opacity = opacity
        self.update()

    def set_outline(self, path: QPainterPath | None) -> None:
        """Draw lines over all else, in pixels of the film; None takes them away."""
        self._picture.outline = path
        self.update()

    # Window and level

    def set_window(self, low: float, high: float) -> None:
        """Show `low` as black and `high` as white, in film values."""
        if self.film is None:
            return
        minimum, maximum = self.film.value_range
        width = max(high - low, self.film.step)
        width = min(width, 2 * max(maximum - minimum, self.film.step))
        middle = min(max((low + high) / 2, minimum), maximum)
        self._picture.low, self._picture.high = middle - width / 2, middle + width / 2
        self._forget_shades()
        self.window_changed.emit(*self.grey_window)

    @pyqtSlot()
    def reset_window(self) -> None:
        """Back to the film's own window, not inverted."""
        if self.film is not None:
            self.set_inverted(False)
            self.set_window(self.film.low, self.film.high)

    @pyqtSlot(bool)
    def set_inverted(self, inverted: bool) -> None:
        """Exchange dark and light."""
        if inverted != self.inverted:
            self._picture.is_inverted = inverted
            self._forget_shades()
            self.inversion_changed.emit(inverted)

    def follow_window(self, other: FilmCanvas) -> None:
        """Show this film as another one is, each beside its own window."""
        if self.film is None or other.film is None:
            return
        scale = (self.film.high - self.film.low) / (other.film.high - other.film.low)
        low, high = (
            self.film.low + (value - other.film.low) * scale
            for value in other.grey_window
        )
        self.set_inverted(other.inverted)
        self.set_window(low, high)

    def change_window(self, contrast: float, brightness: float) -> None:
        """Adjust relative to the film's own window.

        Args:
            contrast: Above 0 narrows the window; 1 is its whole preset width.
            brightness: Above 0 lightens; 1 is a whole preset width.
        """
        if self.film is None:
            return
        unit = self.film.high - self.film.low
        low, high = self.grey_window
        width = max(high - low - contrast * unit, self.film.step)
        middle = (low + high) / 2 - brightness * unit
        self.set_window(middle - width / 2, middle + width / 2)

    # Zoom, pan and turn

    @pyqtSlot()
    def fit(self) -> None:
        """Show the whole film, and keep it whole when the window changes."""
        self.viewport.fit()
        self._place_changed()

    def zoom_by(self, steps: float, at: QPointF | None = None) -> None:
        """So many steps closer, or away from it below 0; see `zoom_to`."""
        self.zoom_to(self.viewport.zoom * _ZOOM_STEP**steps, at)

    def zoom_to(self, zoom: float, at: QPointF | None = None) -> None:
        """Zoom so that the film stays still under `at`; see `Viewport.zoom_to`."""
        if self.film is not None:
            self.viewport.zoom_to(zoom, at)
            self._place_changed()

    def pan_by(self, dx: float, dy: float) -> None:
        """Move the film by so many logical pixels."""
        if self.film is not None:
            self.viewport.pan_by(dx, dy)
            self._place_changed()

    def turn_back(self) -> None:
        """Show the film as it was read, neither turned nor flipped."""
        self.turn(-self.viewport.quarters)
        if self.viewport.is_flipped:
            self.turn(0, flip=True)

    def turn(self, quarters: int, *, flip: bool = False) -> None:
        """Turn what is on screen right by so many quarters, after flipping it.

        Turning is for the eye: what a model says is of the film as it was read.
        """
        if self.film is not None:
            self.viewport.turn(quarters, flip=flip)
            self._place_changed()

    def follow_place(self, other: FilmCanvas) -> None:
        """Show the part of this film that another view shows of its own."""
        if self.film is not None and other.film is not None:
            self.viewport.follow(other.viewport)
            self._place_changed()

    def _place_changed(self) -> None:
        self.update()
        self.place_changed.emit()

    # Painting

    def _forget_shades(self) -> None:
        self._picture.forget_shades()
        self.update()

    def overlay_parts(self) -> list[str]:
        """What stands over the film: how it is shown."""
        low, high = self.grey_window
        parts = (
            f"{100 * self.viewport.zoom:.0f} %",
            f"Window {self._in_words(high - low)}",
            f"Level {self._in_words((low + high) / 2)}",
            "Inverted" if self.inverted else "",
            self.viewport.orientation,
        )
        return [part for part in parts if part]

    def _in_words(self, value: float) -> str:
        """A film value with as many places as can be told apart."""
        is_whole = self.film is None or self.film.step >= 0.5
        return f"{value:,.{0 if is_whole else 3}f}"

    # Qt overrides

    def sizeHint(self) -> QSize:
        return QSize(800, 700)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.viewport.set_view(self.width(), self.height(), self.devicePixelRatioF())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), GROUND)
        if self.film is not None:
            place = self.viewport
            area = QRectF(self.rect())
            self._picture.paint(painter, place.transform, area, place.zoom)
            self._paint_over(painter, self.film)
        painter.end()

    def _paint_over(self, painter: QPainter, film: FilmPyramid) -> None:
        """Paint what belongs to the view, not to the film."""
        for ruler in self.rulers:
            at = self.viewport.transform.map(ruler.end)
            paint_label(painter, self.rect(), ruler.text(film.spacing), at)
        paint_overlay(painter, self.rect(), self.overlay_parts())
