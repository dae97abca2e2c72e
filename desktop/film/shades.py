"""The shades of a film that are on screen, kept until others are needed."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PyQt5.QtCore import QPointF, QRect, QRectF

from desktop.film.pyramid import FilmPyramid, Patch, render_patch, window_table

#: Pixels shaded at most beyond what is visible, so that panning is free.
_SPARE_PIXELS: Final = 2_000_000


class Shades:
    """Shades what is visible of a film, and a little more.

    Attributes:
        low: Film value shown as black.
        high: Film value shown as white.
        is_inverted: Whether dark and light are exchanged.
    """

    def __init__(self) -> None:
        self.low, self.high = 0.0, 255.0
        self.is_inverted = False
        self._patch: Patch | None = None
        self._table: NDArray[np.uint8] | None = None

    def clear(self) -> None:
        """The film, its window or its inversion has changed."""
        self._table = None
        self._patch = None

    def covering(
        self, film: FilmPyramid, visible: QRectF, zoom: float, *, is_kept: bool = True
    ) -> tuple[Patch, QRectF]:
        """Shades that cover `visible`, in film pixels, and its place in them.

        Those of a place that is looked at for a moment need not be kept.
        """
        level = film.level_for(zoom)
        rows, columns = film.levels[level].shape
        x, y = columns / film.size[1], rows / film.size[0]
        part = QRectF(
            visible.x() * x, visible.y() * y, visible.width() * x, visible.height() * y
        )
        whole = QRect(0, 0, columns, rows)
        needed = part.toAlignedRect().adjusted(-1, -1, 1, 1).intersected(whole)
        patch = self._patch
        if patch is None or patch.level != level or not patch.area.contains(needed):
            if self._table is None:
                self._table = window_table(
                    film, self.low, self.high, inverted=self.is_inverted
                )
            area = _grown(needed, _SPARE_PIXELS) if is_kept else needed
            patch = render_patch(film, level, area, self._table)
            self._patch = patch if is_kept else self._patch
        return patch, part.translated(-QPointF(patch.area.topLeft()))


def _grown(area: QRect, spare_pixels: int) -> QRect:
    """Widen on all sides, to twice the size at most, by `spare_pixels` at most."""
    wide, high = max(1, area.width()), max(1, area.height())
    growth = min(2.0, (1.0 + spare_pixels / (wide * high)) ** 0.5)
    dx, dy = int(wide * (growth - 1) / 2), int(high * (growth - 1) / 2)
    return area.adjusted(-dx, -dy, dx, dy)
