"""Curves behind the figures: ROC, precision-recall, reliability.

The curves are scikit-learn's. Resamples are ranked and counted here: scikit-learn
checks its arguments for longer than it counts, which a thousand of them cannot afford.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.evaluation.metrics import Resamples, equal_mass_bins, with_interval

#: Most points of a curve that is kept. More cannot be told apart on a screen.
MOST_POINTS = 200


@dataclasses.dataclass(frozen=True, eq=False)
class Ranking:
    """Films of one label against the rest, from the highest score down.

    Films of one score cannot be told apart: a threshold takes all or none.

    Attributes:
        order: (n,) rows of the films.
        positive: (n,) bool, in that order.
        ends: Place of the last film of each score.
    """

    order: NDArray[np.intp]
    positive: NDArray[np.bool_]
    ends: NDArray[np.intp]

    @classmethod
    def of(cls, positive: NDArray[np.bool_], score: NDArray[np.float64]) -> Ranking:
        """Rank (n,) films."""
        order = np.argsort(-score, kind="stable")
        ranked = score[order]
        ends = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
        return cls(order, positive[order], ends)

    def counts(
        self, times: NDArray[np.int64] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """True and false positives at each threshold, from the highest down.

        Args:
            times: (n,) how often each film was drawn; once each if None.
        """
        weight = np.ones(len(self.order), np.int64)
        if times is not None:
            weight = times[self.order]
        hits = np.cumsum(weight * self.positive)[self.ends]
        return hits, np.cumsum(weight)[self.ends] - hits

    def area(self, times: NDArray[np.int64] | None = None) -> float:
        """Area under the ROC curve; NaN where there is one class only."""
        hits, false = self.counts(times)
        if not hits[-1] or not false[-1]:
            return float("nan")
        steps = np.diff(false, prepend=0)
        # Films of one score count half, as in `core.evaluation.metrics.auc`.
        below = (2 * hits - np.diff(hits, prepend=0)) / 2
        return float((steps * below).sum() / (hits[-1] * false[-1]))


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
    times = [np.bincount(rows, minlength=len(truth)) for rows in resamples.rows]
    curves: dict[str, Any] = {}
    for i, label in enumerate(labels):
        positive, score = truth == i, probabilities[:, i]
        ranking = Ranking.of(positive, score)
        drawn = [_average_precision(*ranking.counts(each)) for each in times]
        curves[label] = {
            "roc": _as_json(roc_points(positive, score)),
            "pr": _as_json(pr_points(positive, score)),
            **with_interval(
                "average_precision", _average_precision(*ranking.counts()), drawn
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


def thinned(
    points: NDArray[np.float64], most: int = MOST_POINTS
) -> NDArray[np.float64]:
    """The points of a curve that carry its shape; the first and last stay.

    Takes out those whose triangle with both neighbours is the smallest: a share
    at a time, since the triangles change, and never two neighbours at once.

    Source:
        Visvalingam and Whyatt, Line generalisation by repeated elimination of
        points, Cartographic Journal 30, 1993.
    """
    while len(points) > 2:
        before, here, after = points[:-2], points[1:-1], points[2:]
        one, other = here - before, after - before
        areas = np.abs(one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]) / 2
        surplus = len(points) - most
        if surplus <= 0 and areas.min() > 0:
            break
        out: set[int] = set()
        at_most = min(surplus, max(1, surplus // 4))
        for at in np.argsort(areas, kind="stable"):
            if len(out) >= at_most and areas[at] > 0:
                break
            if not out & {at - 1, at + 1}:
                out.add(int(at))
        points = np.delete(points, [at + 1 for at in out], axis=0)
    return points


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


def _average_precision(hits: NDArray[np.int64], false: NDArray[np.int64]) -> float:
    """Mean precision over the steps of recall; NaN without a film of the label."""
    if not hits[-1]:
        return float("nan")
    steps = np.diff(hits, prepend=0) / hits[-1]
    return float((steps * hits / np.maximum(hits + false, 1)).sum())


def _as_json(points: NDArray[np.float64]) -> list[list[float]]:
    return [[round(float(x), 4), round(float(y), 4)] for x, y in thinned(points)]
