"""A film as a small picture that fits into a page."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np

from core.errors import ImageReadError
from core.images import read_radiograph

#: Longer side.
SIDE_PX = 176
_JPEG_QUALITY = 72


def thumbnail(path: Path | None) -> str:
    """A film as a small JPEG in base64; empty where it is not there or no film."""
    import cv2

    if path is None:
        return ""
    try:
        grey = read_radiograph(path).to_uint8()
    except ImageReadError:
        return ""
    scale = SIDE_PX / max(grey.shape)
    side = (max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale)))
    small = cv2.resize(grey, side, interpolation=cv2.INTER_AREA)
    quality = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
    encoded = cv2.imencode(".jpg", np.ascontiguousarray(small), quality)[1].tobytes()
    return base64.b64encode(encoded).decode("ascii")
