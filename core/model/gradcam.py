"""Where in the film the evidence for a finding lies."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray


def heatmap_from_evidence(
    evidence: NDArray[np.float32], size: tuple[int, int]
) -> NDArray[np.float32]:
    """Turn one class's per-location evidence into a Grad-CAM heat map.

    The exported graph already holds Grad-CAM's weighted sum, up to a positive
    factor: the features weighted by the gradient of the logit with respect to
    their mean. Under a linear head that gradient is the constant head_kernel,
    so the evidence is `features @ head_kernel`. Under a head with hidden layers
    it depends on the film, and the graph itself computes it, back through the
    layers (`core.training.heads.evidence_of`). Either way no TensorFlow is
    needed here.

    Args:
        evidence: (h, w) float32, any range. 7 x 7 for a 224-pixel input.
        size: (height, width) of the result, in pixels.

    Returns:
        (height, width) float32 in [0, 1]. Scaled so that the strongest
        location of `evidence` is 1; all zeros when nothing in the film argues
        for the class.

    Raises:
        ValueError: `evidence` is not two-dimensional.

    Source:
        Selvaraju et al., Grad-CAM, ICCV 2017, arXiv:1610.02391, where CAM is
        shown to be a special case.
    """
    import cv2

    if evidence.ndim != 2:
        raise ValueError(f"evidence must be (h, w). Received: {evidence.shape}")
    positive = np.maximum(evidence, 0.0).astype(np.float32)
    peak = positive.max()
    if peak > 0:
        positive = positive / peak
    height, width = size
    smooth = cv2.resize(positive, (width, height), interpolation=cv2.INTER_LINEAR)
    heat = np.asarray(smooth, dtype=np.float32)
    # In place: a copy of a large picture takes longer than the resizing.
    np.clip(heat, 0.0, 1.0, out=heat)
    return heat


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

    Raises:
        ValueError: The two differ in size, or opacity is out of range.
    """
    if grey.shape != heat.shape:
        raise ValueError(
            f"film and heat map must match. Received: {grey.shape}, {heat.shape}"
        )
    if not 0 <= opacity <= 1:
        raise ValueError(f"opacity must be 0 to 1. Received: opacity={opacity}")
    colours = colour_table()[(heat * 255).astype(np.uint8)].astype(np.float32)
    # The square root keeps the slopes of a focus visible, not its peak alone.
    weight = (opacity * np.sqrt(heat))[:, :, np.newaxis]
    mixed = grey[:, :, np.newaxis] * (1 - weight) + colours * weight
    return np.asarray(mixed, dtype=np.uint8)
