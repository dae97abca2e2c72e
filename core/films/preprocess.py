"""From a decoded film to the network's input: the only implementation."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from core.films.radiograph import Radiograph

#: Added to the deviation when a film is standardised, on a scale of 0 to 1.
DEVIATION_FLOOR = 0.05
#: Counted up whenever the same film becomes another input by the same spec.
_VERSION = 1


class PreprocessSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a film becomes the network's input; stored in the model card.

    Attributes:
        size: Side of the square input, pixels.
        geometry: "stretch": the film fills the square, its aspect not kept.
        intensity: "standardise": per film, (x - mean) / (deviation + 0.05)
            with x in [0, 1], done inside the graph.
    """

    size: Annotated[int, Meta(ge=16, le=2048)] = 224
    geometry: Literal["stretch"] = "stretch"
    intensity: Literal["standardise"] = "standardise"

    @property
    def version(self) -> str:
        """Names what is done to a film: "1-stretch-standardise-224"."""
        return f"{_VERSION}-{self.geometry}-{self.intensity}-{self.size}"


def to_network_input(film: Radiograph, spec: PreprocessSpec) -> NDArray[np.float32]:
    """Resize a film to the network's square.

    Shrinking averages over the area each pixel covers, so fine texture is not
    aliased into opacities. The levels are mapped after that, so 16-bit films
    lose nothing on the way.

    Returns:
        (1, size, size, 1) float32 in [0, 255]; `film.low` is 0.
    """
    import cv2

    pixels, low, span = film.pixels, film.low, film.high - film.low
    if pixels.dtype == np.float32 and span > 0:
        # Values may reach the type's limits, where sums and spans overflow.
        shares = (pixels - np.float64(low)) / span
        pixels, low, span = shares.astype(np.float32), 0.0, 1.0
    elif pixels.dtype != np.uint8:
        pixels = pixels.astype(np.float32)
    side = (spec.size, spec.size)
    square = cv2.resize(pixels, side, interpolation=cv2.INTER_AREA)
    scale = 255.0 / span if span > 0 else 0.0
    levels = (square.astype(np.float32) - np.float32(low)) * np.float32(scale)
    clipped = np.clip(levels, np.float32(0.0), np.float32(255.0))
    return np.asarray(clipped, np.float32)[np.newaxis, :, :, np.newaxis]
