"""Where on the screen a film lies: zoom, pan, fit, turn. No painting here."""

from __future__ import annotations

from typing import Final

from PyQt5.QtCore import QPointF, QRectF, QSizeF
from PyQt5.QtGui import QTransform

_LARGEST_ZOOM: Final = 16.0
_TURNED: Final = ("", "turned right", "turned by 180°", "turned left")


class Viewport:
    """Maps film pixels to logical screen pixels.

    Attributes:
        is_fitted: Whether the film follows the size of the view.
        quarters: How often the film is turned right by 90 degrees, 0 to 3.
        is_flipped: Whether left and right were exchanged before it was turned.
    """

    def __init__(self) -> None:
        self.is_fitted = True
        self.quarters, self.is_flipped = 0, False
        self._film = QSizeF(1, 1)
        self._view = QSizeF(1, 1)
        self._ratio = 1.0
        self._scale = 1.0  # logical pixels per film pixel
        self._centre = QPointF()  # film point in the middle of the view

    @property
    def zoom(self) -> float:
        """Screen pixels per film pixel; 1 is one to one on any screen."""
        return self._scale * self._ratio

    @property
    def film_rect(self) -> QRectF:
        """The film's place in the view, in logical pixels."""
        return self.transform.mapRect(QRectF(QPointF(), self._film))

    @property
    def transform(self) -> QTransform:
        """From film pixels to logical pixels of the view."""
        turned = self._turned * QTransform.fromScale(self._scale, self._scale)
        turned *= QTransform.fromTranslate(self._middle.x(), self._middle.y())
        away = QTransform.fromTranslate(-self._centre.x(), -self._centre.y())
        return away * turned

    @property
    def orientation(self) -> str:
        """How the film is turned and flipped, in words; empty for as it was read."""
        flipped = "flipped" if self.is_flipped else ""
        words = ", ".join(filter(None, (flipped, _TURNED[self.quarters])))
        return words.capitalize()

    def set_film(self, height: int, width: int) -> None:
        """Look at a film of this size, whole and as it was read."""
        self._film = QSizeF(width, height)
        self.quarters, self.is_flipped = 0, False
        self.fit()

    def set_view(self, width: float, height: float, ratio: float) -> None:
        """The view has another size.

        Args:
            width: Logical pixels.
            height: Logical pixels.
            ratio: Screen pixels per logical pixel.
        """
        self._view, self._ratio = QSizeF(width, height), ratio
        if self.is_fitted:
            self.fit()

    def fit(self) -> None:
        """Show the whole film, as large as it goes, and keep it so."""
        self.is_fitted = True
        self._scale = self._fit_scale
        self._centre = self._film_middle

    def turn(self, quarters: int, *, flip: bool = False) -> None:
        """Turn what is on screen right by so many quarters, after flipping it.

        What is in the middle of the view stays there.
        """
        if flip:
            self.is_flipped = not self.is_flipped
            self.quarters = -self.quarters % 4
        self.quarters = (self.quarters + quarters) % 4
        if self.is_fitted:
            self.fit()

    def follow(self, other: Viewport) -> None:
        """Show the part of this film that another view shows of its own.

        The films may differ in size: zoom counts from where each one fits, places are
        shares of its sides.
        """
        if other.is_fitted:
            self.fit()
            return
        self._scale = self._fit_scale * other._scale / other._fit_scale
        away = other._turned.map(other._centre - other._film_middle)
        mine, theirs = self._turned_size, other._turned_size
        x = away.x() * mine.width() / theirs.width()
        y = away.y() * mine.height() / theirs.height()
        self._look_at(self._film_middle + self._unturned.map(QPointF(x, y)))

    def zoom_to(self, zoom: float, at: QPointF | None = None) -> None:
        """Change the zoom so that one point stays where it is.

        Args:
            zoom: Screen pixels per film pixel; brought into what is sensible.
            at: The point, in the view; its middle when not given.
        """
        point = at if at is not None else self._middle
        under = self.film_point(point)
        minimum = min(self._fit_scale * 0.5, 1.0 / self._ratio)
        maximum = max(self._fit_scale, _LARGEST_ZOOM / self._ratio)
        self._scale = min(max(zoom / self._ratio, minimum), maximum)
        away = self._unturned.map(point - self._middle)
        self._look_at(under - away / self._scale)

    def pan_by(self, dx: float, dy: float) -> None:
        """Move the film by so many logical pixels; its middle stays near."""
        self._look_at(self._centre - self._unturned.map(QPointF(dx, dy)) / self._scale)

    def film_point(self, place: QPointF) -> QPointF:
        """The film pixel under a place of the view; may lie off the film."""
        return self._centre + self._unturned.map(place - self._middle) / self._scale

    @property
    def _turned(self) -> QTransform:
        """The turn alone: from directions on the film to directions on screen."""
        flipped = QTransform.fromScale(-1 if self.is_flipped else 1, 1)
        return flipped * QTransform().rotate(90 * self.quarters)

    @property
    def _unturned(self) -> QTransform:
        return self._turned.inverted()[0]

    @property
    def _turned_size(self) -> QSizeF:
        return self._film.transposed() if self.quarters % 2 else self._film

    @property
    def _film_middle(self) -> QPointF:
        return QPointF(self._film.width() / 2, self._film.height() / 2)

    @property
    def _middle(self) -> QPointF:
        return QPointF(self._view.width() / 2, self._view.height() / 2)

    @property
    def _fit_scale(self) -> float:
        wide = self._view.width() / self._turned_size.width()
        high = self._view.height() / self._turned_size.height()
        return max(1e-6, min(wide, high))

    def _look_at(self, centre: QPointF) -> None:
        self.is_fitted = False
        self._centre = QPointF(
            min(max(centre.x(), 0.0), self._film.width()),
            min(max(centre.y(), 0.0), self._film.height()),
        )
