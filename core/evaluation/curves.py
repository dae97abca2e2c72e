"""Curves behind the figures: ROC, precision-recall, reliability.

The curves are scikit-learn's. Resamples are ranked and counted here: scikit-learn
checks its arguments for longer than it counts, which a thousand of them cannot afford.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.evaluation.intervals import Resamples, with_interval
from core.evaluation.metrics import Ranking, equal_mass_bins

#: Most points of a curve that is kept. More cannot be told apart on a screen.
MOST_POINTS = 200


def label_curves(
    truth: NDArray[np.intp],
    probabilities: NDArray[np.float64],
    labels: Sequence[str],
    resamples: Resamples,
) -> dict[str, Any]:
    """ROC and precision-recall curve of each label against the others.

    Args:
        truth: (n,) int, index into `labels`.
        probabilities: (n, c) float64.

    Returns:
        JSON values: label -> {`roc`: [[false positive rate, recall], ...],
        `pr`: [[recall, precision], ...], `average_precision`,
        `average_precision_ci`}, at most `MOST_POINTS` points each. A curve is
        empty where the films are of the label alone, or none is.
    """
    blocks = list(resamples.blocks(len(truth)))
    curves: dict[str, Any] = {}
    for i, label in enumerate(labels):
        positive, score = truth == i, probabilities[:, i]
        ranking = Ranking.of(positive, score)
        drawn = [_average_precision(*ranking.counts(times)) for times in blocks]
        curves[label] = {
            "roc": _as_json(roc_points(positive, score)),
            "pr": _as_json(pr_points(positive, score)),
            **with_interval(
                "average_precision",
                float(_average_precision(*ranking.counts())),
                np.concatenate(drawn),
            ),
        }
    return curves


def roc_points(
    positive: NDArray[np.bool_], score: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(m, 2) false positive rate and recall, from (0, 0) to (1, 1)."""
    from sklearn.metrics import roc_curve

    if positive.all() or not positive.any():
        return np.empty((0, 2))
    false, recall, _ = roc_curve(positive, score, drop_intermediate=False)
    return np.column_stack([false, recall])


def pr_points(
    positive: NDArray[np.bool_], score: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(m, 2) recall and precision, recall rising; (0, 1) comes first.

    Where no film is called, no call is wrong: the convention of scikit-learn.
    """
    from sklearn.metrics import precision_recall_curve

    if not positive.any():
        return np.empty((0, 2))
    precision, recall, _ = precision_recall_curve(positive, score)
    points = np.column_stack([recall, precision])[::-1]
    # Past full recall only the precision falls: that says nothing more.
    return points[: int(np.argmax(points[:, 0] >= 1)) + 1]


def thinned(points: NDArray[np.float64], most: int = MOST_POINTS) -> NDArray[Any]:
    """The points of a curve that carry its shape; the first and last stay.

    Source:
        Douglas and Peucker, Algorithms for the reduction of the number of points
        required to represent a digitized line, Cartographica 10, 1973.
    """
    line, apart = points.astype(np.float32), 1e-6
    kept = cv2.approxPolyDP(line, apart, closed=False)
    while len(kept) > most:
        apart *= 1.3
        kept = cv2.approxPolyDP(line, apart, closed=False)
    return kept[:, 0]


def reliability_bins(
    truth: NDArray[np.intp], probabilities: NDArray[np.float64]
) -> list[dict[str, Any]]:
    """How often films called with a confidence were called rightly.

    Returns:
        JSON values, a record per bin that has films, confidence rising:
        {`confidence`, `accuracy`, `n`}, both means over its films; as many films in
        each bin, as `equal_mass_bins`.
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == truth
    # scikit-learn's `calibration_curve` does not say how many films a bin has.
    which = equal_mass_bins(confidence)
    films = np.bincount(which)
    accuracy, mean = np.bincount(which, right), np.bincount(which, confidence)
    return [
        {
            "confidence": round(float(mean[i] / films[i]), 4),
            "accuracy": round(float(accuracy[i] / films[i]), 4),
            "n": int(films[i]),
        }
        for i in np.flatnonzero(films)
    ]


def _average_precision(
    hits: NDArray[np.int64], false: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(...) mean precision over the steps of recall; NaN without a film of the label.

    Args:
        hits, false: (..., t), as `Ranking.counts` gives them.
    """
    with np.errstate(invalid="ignore"):
        steps = np.diff(hits, prepend=0) / hits[..., -1:]
    return np.asarray((steps * hits / np.maximum(hits + false, 1)).sum(axis=-1))


def _as_json(points: NDArray[np.float64]) -> list[list[float]]:
    if not len(points):
        return []
    return [[round(float(x), 4), round(float(y), 4)] for x, y in thinned(points)]
