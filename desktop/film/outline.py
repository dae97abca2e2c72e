"""The outline of the lungs, laid over a film."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PyQt5.QtCore import QPointF
from PyQt5.QtGui import QColor, QPainter, QPainterPath, QPen, QPolygonF

#: Sky blue of Okabe and Ito, which anybody can tell from the heat map's colours. The
#: dark line under it is there for where the film is bright.
COLOUR: Final = (86, 180, 233)
_UNDER: Final = QColor(0, 0, 0, 150)
_WIDTHS_PX: Final = (3.6, 1.6)
#: Lines of a picture are one pixel wide for so many of its longer side.
_SIDE_PER_PX: Final = 500
#: Bits of the coordinates behind the point that OpenCV draws at.
_FRACTION: Final = 4

#: (n, 2) float32 of each closed line: x and y, pixels of the film.
Lines = Sequence[NDArray[np.float32]]


def outline_path(lines: Lines) -> QPainterPath:
    """Closed lines as Qt draws them, in pixels of the film."""
    path = QPainterPath()
    for line in lines:
        path.addPolygon(QPolygonF([QPointF(x, y) for x, y in line.tolist()]))
        path.closeSubpath()
    return path


def paint_outline(painter: QPainter, path: QPainterPath) -> None:
    """Paint an outline over a film, as wide at any zoom.

    Args:
        painter: In pixels of the film.
    """
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for colour, width in zip((_UNDER, QColor(*COLOUR)), _WIDTHS_PX, strict=True):
        pen = QPen(colour, width)
        pen.setCosmetic(True)
        painter.strokePath(path, pen)
    painter.restore()


def draw_outline(picture: NDArray[np.uint8], lines: Lines) -> NDArray[np.uint8]:
    """Draw an outline into a picture of its film at full size.

    Args:
        picture: (h, w) uint8 grey or (h, w, 3) uint8 RGB, which is changed.

    Returns:
        (h, w, 3) uint8 RGB.
    """
    import cv2  # not for a window that starts

    if picture.ndim == 2:
        picture = np.repeat(picture[:, :, np.newaxis], 3, axis=2)
    width = max(1, round(max(picture.shape) / _SIDE_PER_PX))
    # OpenCV has pixels lie at their middle.
    points = [np.rint((line - 0.5) * 2**_FRACTION).astype(np.int32) for line in lines]
    for colour, thickness in (((0, 0, 0), 3 * width), (COLOUR, width)):
        cv2.polylines(picture, points, True, colour, thickness, cv2.LINE_AA, _FRACTION)
    return picture
