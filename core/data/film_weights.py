"""How much each film counts in training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.data.dataset import Sample


def balanced_weights(
    samples: Sequence[Sample], balance: str, heaviest: float
) -> NDArray[np.float32]:
    """Weigh films so that labels, and sources within a label, count the same.

    Args:
        balance: "none", "labels" or "labels-and-sources".
        heaviest: Most that one film may weigh compared with the mean of its
            label; what the cap takes is spread over the label's other films.

    Returns:
        (n,) float32 with mean 1.
    """
    weights = np.ones(len(samples), np.float64)
    if balance == "none":
        return weights.astype(np.float32)
    labels = np.array([sample.label for sample in samples])
    sources = np.array([sample.source for sample in samples])
    for label in set(labels):
        rows = labels == label
        if balance == "labels-and-sources":
            for source in set(sources[rows]):
                mine = rows & (sources == source)
                weights[mine] = 1.0 / mine.sum()
            weights[rows] = _capped(weights[rows] / weights[rows].mean(), heaviest)
        weights[rows] /= weights[rows].sum()
    return np.asarray(weights / weights.mean(), np.float32)


def _capped(weights: NDArray[np.float64], heaviest: float) -> NDArray[np.float64]:
    """Weights of mean 1, none above the cap; the rest keep their proportions."""
    is_full = np.zeros(len(weights), bool)
    while (weights > heaviest * (1 + 1e-9)).any():
        is_full |= weights >= heaviest
        left = len(weights) - heaviest * is_full.sum()
        scale = left / weights[~is_full].sum() if not is_full.all() else 1.0
        weights = np.where(is_full, heaviest, weights * scale)
    return weights
