"""Rates with intervals, and calibration.

The figures are scikit-learn's, as the tests check; its own functions check their
arguments for longer than they count, which a thousand resamples cannot afford.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.evaluation.intervals import Resamples, mean_with_interval, with_interval
from core.model.conformal import Conformal

CALIBRATION_BINS = 15


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
            times: (..., n) how often each film was drawn; once each if None.

        Returns:
            Both (..., t).
        """
        weight = np.ones(len(self.order), np.int64)
        if times is not None:
            weight = times[..., self.order]
        hits = np.cumsum(weight * self.positive, axis=-1)[..., self.ends]
        return hits, np.cumsum(weight, axis=-1)[..., self.ends] - hits

    def area(self, times: NDArray[np.int64] | None = None) -> float:
        """Area under the ROC curve, as `areas`, of films drawn (n,) times."""
        return float(self.areas(times))

    def areas(self, times: NDArray[np.int64] | None = None) -> NDArray[np.float64]:
        """(...) areas under the ROC curve; NaN where there is one class only.

        The share of pairs of a positive and another film that the score puts in
        order, ties counting half.

        Source:
            Hanley and McNeil, The meaning and use of the area under a ROC curve,
            Radiology 143, 1982.

        Args:
            times: As `counts` takes them.
        """
        hits, false = self.counts(times)
        steps = np.diff(false, prepend=0)
        below = (2 * hits - np.diff(hits, prepend=0)) / 2
        with np.errstate(invalid="ignore"):
            found = (steps * below).sum(axis=-1) / (hits[..., -1] * false[..., -1])
        return np.asarray(found)


def classification_metrics(
    truth: NDArray[np.intp],
    probabilities: NDArray[np.float64],
    labels: Sequence[str],
    resamples: Resamples,
) -> dict[str, Any]:
    """Accuracy, macro-F1, and per class precision to AUC, with intervals.

    Every film is called by its most probable label. A rate whose denominator
    is empty is None, and so is the F1 of a label without films: its recall is
    not known. The macro-F1 is the mean over the labels that have films.

    Args:
        truth: (n,) int, index into `labels`.
        probabilities: (n, c) float64.

    Returns:
        JSON values: `n, accuracy, macro_f1, per_class, confusion_matrix` (rows
        are the truth), each rate with its 95 % interval as `<name>_ci`.
    """
    classes = len(labels)
    called = probabilities.argmax(axis=1)
    every = (slice(None), *resamples.rows)
    counts = np.stack([confusion(truth[x], called[x], classes) for x in every])
    rates = rates_of(counts)

    def rate(name: str, values: NDArray[np.float64]) -> dict[str, Any]:
        return with_interval(name, values[0], values[1:])

    per_class: dict[str, Any] = {}
    for i, label in enumerate(labels):
        per_class[label] = {"n": int(counts[0, i].sum())}
        for name in ("precision", "recall", "specificity", "f1"):
            per_class[label] |= rate(name, rates[name][:, i])
        area = auc_with_interval("auc", truth == i, probabilities[:, i], resamples)
        per_class[label] |= area
    return {
        "n": len(truth),
        **rate("accuracy", rates["accuracy"]),
        **rate("macro_f1", rates["macro_f1"]),
        "per_class": per_class,
        "confusion_matrix": counts[0].tolist(),
    }


def confusion(
    truth: NDArray[np.intp], called: NDArray[np.intp], classes: int
) -> NDArray[np.intp]:
    """(c, c) films, the truth in rows, of (n,) labels from 0 to `classes` - 1."""
    cells = truth * classes + called
    return np.bincount(cells, minlength=classes**2).reshape(classes, classes)


def rates_of(counts: NDArray[Any]) -> dict[str, NDArray[np.float64]]:
    """Rates of confusion matrices, NaN where no film can tell.

    Args:
        counts: (..., c, c) films, the truth in rows.

    Returns:
        `accuracy` and `macro_f1` (...), the others (..., c).
    """
    hits = np.diagonal(counts, axis1=-2, axis2=-1)
    true, called = counts.sum(axis=-1), counts.sum(axis=-2)
    others = true.sum(axis=-1, keepdims=True) - true
    with np.errstate(invalid="ignore"):
        f1 = np.where(true > 0, 2 * hits / (true + called), np.nan)
        return {
            "accuracy": hits.sum(axis=-1) / true.sum(axis=-1),
            "macro_f1": np.nanmean(f1, axis=-1),
            "precision": hits / called,
            "recall": hits / true,
            "specificity": (others - called + hits) / others,
            "f1": f1,
        }


def auc_with_interval(
    name: str,
    positive: NDArray[np.bool_],
    score: NDArray[np.float64],
    resamples: Resamples,
) -> dict[str, Any]:
    """Area under the ROC curve with its interval; None where one class only."""
    ranking = Ranking.of(positive, score)
    drawn = [ranking.areas(times) for times in resamples.blocks(len(positive))]
    return with_interval(name, ranking.area(), np.concatenate(drawn))


def equal_mass_bins(confidence: NDArray[np.float64]) -> NDArray[np.intp]:
    """Number of the bin of each film, about as many films in each.

    Films of one confidence share a bin. There are `CALIBRATION_BINS`; fewer where
    there would be fewer than five films in each.
    """
    bins = min(CALIBRATION_BINS, max(1, len(confidence) // 5))
    edges = np.percentile(confidence, np.linspace(0, 100, bins + 1))
    return np.searchsorted(edges[1:-1], confidence)


def calibration_error_with_interval(
    name: str,
    truth: NDArray[np.intp],
    probabilities: NDArray[np.float64],
    resamples: Resamples,
) -> dict[str, Any]:
    """Expected calibration error with its interval, as JSON values.

    How far confidence is from accuracy, on average over the films. Films that are
    drawn twice or not at all add to it by themselves. What they add on average is
    taken off, or the interval would lie above the figure.

    Args:
        truth: (n,) int.
        probabilities: (n, c) float64.

    Source:
        Guo et al., On calibration of modern neural networks, ICML 2017; with as many
        films in each bin, as Nixon et al., Measuring calibration in deep learning,
        2019, advise: most films are called with a high confidence.
    """
    confidence = probabilities.max(axis=1)
    gap = (probabilities.argmax(axis=1) == truth) - confidence
    which = equal_mass_bins(confidence)

    def error(rows: NDArray[np.intp]) -> float:
        sums = np.bincount(which[rows], gap[rows])
        return float(np.abs(sums).sum() / len(rows))

    value = error(np.arange(len(truth)))
    drawn = np.array([error(rows) for rows in resamples.rows])
    return with_interval(name, value, np.clip(drawn - drawn.mean() + value, 0.0, 1.0))


def rates_at(
    threshold: float,
    positive: NDArray[np.bool_],
    score: NDArray[np.float64],
    resamples: Resamples,
) -> dict[str, Any]:
    """What a threshold gives: a score equal to it or above calls a film.

    Returns:
        JSON values: `sensitivity`, `specificity` and `precision`, each with its 95 %
        interval as `<name>_ci`; null where no film can tell.
    """
    met = score >= threshold
    return {
        **mean_with_interval("sensitivity", met, resamples, positive),
        **mean_with_interval("specificity", ~met, resamples, ~positive),
        **mean_with_interval("precision", positive, resamples, met),
    }


def coverage_of_sets(
    truth: NDArray[np.intp],
    probabilities: NDArray[np.float64],
    labels: Sequence[str],
    resamples: Resamples,
    *,
    conformal: Conformal,
    target: float,
) -> dict[str, Any]:
    """How often sets of findings hold the true one.

    Args:
        truth: (n,) int, index into `labels`; of films that the scores are not of.
        probabilities: (n, c) float64, calibrated.
        target: Share of sets that are to hold the true label.

    Returns:
        JSON values: `target`; `coverage`, the share that do; `one`, the share of sets
        of one label; `cannot_say`, that of sets of all labels or none, each with its
        95 % interval as `<name>_ci`; `by_label`: label -> {`n`, `coverage`}.
    """
    limits = np.array([conformal.limit(label, target) for label in labels])
    sets = 1.0 - probabilities <= limits
    held = sets[np.arange(len(truth)), truth]
    sizes = sets.sum(axis=1)
    unsure = (sizes == 0) | (sizes == len(labels))
    by_label: dict[str, Any] = {}
    for i, label in enumerate(labels):
        covered = mean_with_interval("coverage", held, resamples, truth == i)
        by_label[label] = {"n": int((truth == i).sum()), **covered}
    return {
        "target": target,
        **mean_with_interval("coverage", held, resamples),
        **mean_with_interval("one", sizes == 1, resamples),
        **mean_with_interval("cannot_say", unsure, resamples),
        "by_label": by_label,
    }


def fit_temperature(truth: NDArray[np.intp], logits: NDArray[np.float32]) -> float:
    """The temperature at which the films' labels are likeliest.

    Args:
        truth: (n,) int. Validation films: never those reported on.
        logits: (n, c) float32.

    Returns:
        In [0.05, 20].

    Source:
        Guo et al., On calibration of modern neural networks, ICML 2017.
    """
    from scipy.optimize import minimize_scalar  # takes long to load
    from scipy.special import log_softmax

    rows = np.arange(len(truth))

    def loss(log_temperature: float) -> float:
        scaled = logits.astype(np.float64) / np.exp(log_temperature)
        return float(-log_softmax(scaled, axis=1)[rows, truth].mean())

    limits = (np.log(0.05), np.log(20.0))
    found = minimize_scalar(loss, bounds=limits, method="bounded")
    return float(np.exp(found.x))
