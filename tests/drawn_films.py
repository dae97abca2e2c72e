"""Films of even steps, ready for the screen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from core.films.pixels import FilmFacts, Radiograph
from desktop.film.pyramid import FilmPyramid, build_pyramid


def ramp_pyramid(
    height: int = 400,
    width: int = 400,
    *,
    low: int = 1000,
    high: int = 3000,
    **facts: Any,
) -> FilmPyramid:
    """Dark at the left, bright at the right; 16 bit."""
    ramp = np.linspace(low, high, width).astype(np.uint16)
    about = FilmFacts("DICOM", width, height, 16, "grey", 1, **facts)
    pixels = np.tile(ramp, (height, 1))
    film = Radiograph(pixels, float(low), float(high), Path("f.dcm"), about)
    return build_pyramid(film)
