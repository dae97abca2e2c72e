"""Where in the film the evidence for a finding lies."""

from __future__ import annotations

import functools
from typing import Final

import numpy as np
from numpy.typing import NDArray

#: Evidence in full colour, in units of the logit. The same for every film, so that
#: weak evidence looks weak.
FULL_SCALE: Final = 8.0
#: Shares of the scale at which contours run.
CONTOURS: Final = (0.25, 0.5, 0.75)


def heatmap_from_evidence(
    evidence: NDArray[np.float32], size: tuple[int, int]
) -> NDArray[np.float32]:
    """Turn one class's per-location evidence into a Grad-CAM heat map.

    The exported graph already holds Grad-CAM's weighted sum, scaled so that its
    mean over the locations is the logit, but for a constant: the features weighted
    by the gradient of the logit with respect to their mean. Under a linear head
    that gradient is the constant head_kernel, so the evidence is `features @
    head_kernel`. Under a head with hidden layers it depends on the film, and the
    graph itself computes it, back through the layers
    (`core.training.heads.evidence_of`). Either way no TensorFlow is needed here.

    Between the locations the map runs smoothly, by cubics, and stays within their
    values.

    Args:
        evidence: (h, w) float32, any range, in units of the logit. 7 x 7 for a
            224-pixel input.
        size: (height, width) of the result, in pixels.

    Returns:
        (height, width) float32 in [0, 1]: the evidence for the class in shares of
        `FULL_SCALE`, no more than 1; 0 where the film argues against it.

    Raises:
        ValueError: `evidence` is not two-dimensional.

    Source:
        Selvaraju et al., Grad-CAM, ICCV 2017, arXiv:1610.02391, where CAM is
        shown to be a special case.
    """
    import cv2

    if evidence.ndim != 2:
        raise ValueError(f"evidence must be (h, w). Received: {evidence.shape}")
    shares = np.asarray(evidence, np.float32) / np.float32(FULL_SCALE)
    height, width = size
    smooth = cv2.resize(shares, (width, height), interpolation=cv2.INTER_CUBIC)
    heat = np.asarray(smooth, dtype=np.float32)
    # Cubics overshoot. In place: a copy of a large picture takes longer.
    np.clip(heat, 0.0, min(1.0, max(0.0, float(shares.max()))), out=heat)
    return heat


def relative(evidence: NDArray[np.float32]) -> NDArray[np.float32]:
    """Evidence whose unit means nothing, scaled to full colour at its strongest.

    Args:
        evidence: (h, w, c) float32.

    Returns:
        The same shape: the largest of each of the last axis is `FULL_SCALE`, unless
        nothing argues for that label.
    """
    largest = evidence.max(axis=(0, 1))
    scale = np.where(largest > 0, FULL_SCALE / np.maximum(largest, 1e-30), 1.0)
    return np.asarray(evidence * scale, np.float32)


@functools.cache
def colour_table() -> NDArray[np.uint8]:
    """Colours of the heat map: lightness rises evenly, hue is not needed.

    Returns:
        (256, 3) uint8 RGB. Read-only. Row 0 is no evidence, row 255 the most.

    Source:
        van der Walt and Smith's "inferno", perceptually uniform and readable
        with any colour blindness, as OpenCV ships it.
    """
    import cv2

    ramp = np.arange(256, dtype=np.uint8)[:, np.newaxis]
    bgr = cv2.applyColorMap(ramp, cv2.COLORMAP_INFERNO)
    table = np.array(bgr[:, 0, ::-1], dtype=np.uint8)
    table.setflags(write=False)
    return table


def overlay(
    grey: NDArray[np.uint8], heat: NDArray[np.float32], opacity: float
) -> NDArray[np.uint8]:
    """Lay a heat map over a film.

    Where there is no evidence the film stays as it is: the colour's weight
    grows with the evidence.

    Args:
        grey: (h, w) uint8 film.
        heat: (h, w) float32 in [0, 1].
        opacity: In [0, 1]; weight of the colour where evidence is strongest.

    Returns:
        (h, w, 3) uint8 RGB.
    """
    colours = colour_table()[(heat * 255).astype(np.uint8)].astype(np.float32)
    # The square root keeps the slopes of a focus visible, not its peak alone.
    weight = (opacity * np.sqrt(heat))[:, :, np.newaxis]
    mixed = grey[:, :, np.newaxis] * (1 - weight) + colours * weight
    return np.asarray(mixed, dtype=np.uint8)


def contours(heat: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Lines around the evidence, brighter where it is stronger.

    Args:
        heat: (h, w) float32 in [0, 1].

    Returns:
        (h, w, 4) uint8 RGBA, the colours multiplied by their alpha. A line runs at
        each of `CONTOURS` that the heat map reaches.
    """
    import cv2

    lines = np.zeros((*heat.shape, 4), np.uint8)
    width = max(1, round(max(heat.shape) / 500))
    for share in CONTOURS:
        inside = (heat >= share).astype(np.uint8)
        found, _ = cv2.findContours(inside, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        # The lower half of the colours is too dark for thin lines.
        colour = (*colour_table()[round(255 * (0.5 + share / 2))].tolist(), 255)
        cv2.polylines(lines, found, True, colour, width, cv2.LINE_AA)
    return lines


def draw_contours(
    grey: NDArray[np.uint8], heat: NDArray[np.float32], opacity: float
) -> NDArray[np.uint8]:
    """Draw lines around the evidence over a film; as `overlay`, which has colours."""
    lines = contours(heat)
    drawn = np.repeat(grey[:, :, np.newaxis], 3, axis=2)
    there = lines[:, :, 3] > 0
    weight = opacity / 255 * lines[there, 3:].astype(np.float32)
    drawn[there] = drawn[there] * (1 - weight) + opacity * lines[there, :3]
    return drawn
