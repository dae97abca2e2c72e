"""A film as a small picture that fits into a page."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import ImageReadError
from core.films.radiograph import Radiograph, read_radiograph

#: Longer side.
SIDE_PX = 176
_JPEG_QUALITY = 72


def shrink(film: Radiograph, side: int) -> NDArray[np.uint8]:
    """(h, w) uint8: a film in its window, its longer side `side` pixels."""
    import cv2

    grey = film.to_uint8()
    scale = side / max(grey.shape)
    size = (max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale)))
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(small, np.uint8)


def thumbnail(path: Path | None) -> str:
    """A film as a small JPEG in base64; empty where it is not there or no film."""
    import cv2

    if path is None:
        return ""
    try:
        small = shrink(read_radiograph(path), SIDE_PX)
    except ImageReadError:
        return ""
    quality = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
    encoded = cv2.imencode(".jpg", small, quality)[1].tobytes()
    return base64.b64encode(encoded).decode("ascii")
