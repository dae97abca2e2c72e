"""Where on the screen a film lies: zoom, pan, fit. Numbers only, no painting."""

from __future__ import annotations

from typing import Final

from PyQt5.QtCore import QPointF, QRectF, QSizeF

_LARGEST_ZOOM: Final = 16.0


class Viewport:
    """Maps film pixels to logical screen pixels.

    Attributes:
        is_fitted: Whether the film follows the size of the view.
    """

    def __init__(self) -> None:
        self.is_fitted = True
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
        corner = self._middle - self._centre * self._scale
        return QRectF(corner, self._film * self._scale)

    def set_film(self, height: int, width: int) -> None:
        """Look at a film of this size, whole."""
        self._film = QSizeF(width, height)
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
        self._centre = QPointF(self._film.width() / 2, self._film.height() / 2)

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
        self._look_at(under - (point - self._middle) / self._scale)

    def pan_by(self, dx: float, dy: float) -> None:
        """Move the film by so many logical pixels; its middle stays near."""
        self._look_at(self._centre - QPointF(dx, dy) / self._scale)

    def film_point(self, place: QPointF) -> QPointF:
        """The film pixel under a place of the view; may lie off the film."""
        return self._centre + (place - self._middle) / self._scale

    @property
    def _middle(self) -> QPointF:
        return QPointF(self._view.width() / 2, self._view.height() / 2)

    @property
    def _fit_scale(self) -> float:
        wide = self._view.width() / self._film.width()
        high = self._view.height() / self._film.height()
        return max(1e-6, min(wide, high))

    def _look_at(self, centre: QPointF) -> None:
        self.is_fitted = False
        self._centre = QPointF(
            min(max(centre.x(), 0.0), self._film.width()),
            min(max(centre.y(), 0.0), self._film.height()),
        )
