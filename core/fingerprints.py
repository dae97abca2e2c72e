"""A film, shrunk so that its copies can be found."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.images import Radiograph
from core.preprocess import PreprocessSpec, to_network_input

#: Side of a fingerprint; the film fills the square, its aspect not kept.
SIDE = 64


def fingerprint(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Sum up a film so that `core.copies.similar_pairs` can compare it.

    Args:
        grey: (h, w) uint8, of any size and aspect.

    Returns:
        (4096,) uint8: the film shrunk to 64 x 64.
    """
    import cv2

    small = cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8).ravel()


def fingerprint_of(film: Radiograph) -> NDArray[np.uint8]:
    """The fingerprint of a film as it was read: the same wherever it is taken.

    Returns:
        (4096,) uint8.
    """
    small = to_network_input(film, PreprocessSpec(size=SIDE))[0, :, :, 0]
    return fingerprint(np.rint(small).astype(np.uint8))
