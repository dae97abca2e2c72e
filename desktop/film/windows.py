"""Windows by name: those of the file, and those that bring out a tissue."""

from __future__ import annotations

from typing import Final

import numpy as np

from core.films.pixels import GreyWindow
from desktop.film.pyramid import FilmPyramid

#: Name -> shares of the film's pixels that are black, and that are not yet white.
#: A plain film has no Hounsfield units: what its values mean changes with every
#: exposure and detector, so that fixed ones, as for CT, would fit no film. Its own
#: values tell instead: lung is its dark part, bone its bright one.
TISSUES: Final = {
    "Lung": (0.02, 0.72),
    "Bone": (0.35, 1.0),
    "Soft tissue": (0.1, 0.95),
}
#: Share of each side that is left out: markers, shutters and air around the patient.
_EDGE: Final = 0.1
#: Share of its width that a window reaches further on both sides, so that its tissue
#: ends in no plain black and white.
_SPARE: Final = 0.1


def tissue_window(film: FilmPyramid, name: str) -> GreyWindow:
    """The window of this film that brings out one of `TISSUES`. Takes milliseconds."""
    smallest = film.levels[-1]
    rows, columns = (round(_EDGE * side) for side in smallest.shape)
    middle = smallest[rows : smallest.shape[0] - rows, columns : -columns or None]
    values = film.offset + film.step * middle.ravel().astype(np.float64)
    # What the film's own window does not show is no tissue.
    tissue = values[(values > film.low) & (values < film.high)]
    low, high = np.quantile(tissue if tissue.size else values, TISSUES[name])
    spare = _SPARE * (high - low)
    return GreyWindow(name, float(low - spare), float(high + spare))
