"""Rates with intervals, and calibration.

The figures are scikit-learn's, as the tests check; its own functions check their
arguments for longer than they count, which a thousand resamples cannot afford.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from scipy.stats import rankdata

RESAMPLES = 1000
CALIBRATION_BINS = 15
_INTERVAL = (2.5, 97.5)


@dataclasses.dataclass(frozen=True, eq=False)
class Resamples:
    """Bootstrap resamples of n films, drawn by group.

    Films of one patient are not independent: whole groups are drawn, so that
    the intervals are not too narrow.

    Attributes:
        rows: One array of row numbers per resample.

    Source:
        Efron and Tibshirani, An introduction to the bootstrap, 1993; percentile
        interval, clusters as units.
    """

    rows: tuple[NDArray[np.intp], ...]

    @classmethod
    def by_group(
        cls, groups: Sequence[object], *, seed: int, count: int = RESAMPLES
    ) -> Resamples:
        """Draw `count` resamples of films whose groups are given in order."""
        _, numbers = np.unique([str(group) for group in groups], return_inverse=True)
        members = [np.flatnonzero(numbers == g) for g in range(numbers.max() + 1)]
        rng = np.random.default_rng(seed)
        return cls(
            tuple(
                np.concatenate(
                    [members[g] for g in rng.integers(0, len(members), len(members))]
                )
                for _ in range(count)
            )
        )


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
        labels: c names.

    Returns:
        JSON values: `n, accuracy, macro_f1, per_class, confusion_matrix` (rows
        are the truth), each rate with its 95 % interval as `<name>_ci`.
    """
    called = probabilities.argmax(axis=1)
    counts = _confusion_matrix(truth, called, len(labels))
    resampled = [
        _confusion_matrix(truth[rows], called[rows], len(labels))
        for rows in resamples.rows
    ]

    def rate(name: str, of: Callable[[NDArray[np.int64]], float]) -> dict[str, Any]:
        return with_interval(name, of(counts), [of(each) for each in resampled])

    per_class: dict[str, Any] = {}
    for i, label in enumerate(labels):
        per_class[label] = {
            "n": int(counts[i].sum()),
            **{
                key: value
                for name, of in _class_rates(i).items()
                for key, value in rate(name, of).items()
            },
            **auc_with_interval("auc", truth == i, probabilities[:, i], resamples),
        }
    return {
        "n": len(truth),
        **rate("accuracy", lambda m: _ratio(np.trace(m), m.sum())),
        **rate("macro_f1", _macro_f1),
        "per_class": per_class,
        "confusion_matrix": counts.tolist(),
    }


def auc_with_interval(
    name: str,
    positive: NDArray[np.bool_],
    score: NDArray[np.float64],
    resamples: Resamples,
) -> dict[str, Any]:
    """Area under the ROC curve with its interval; None where one class only."""
    drawn = [auc(positive[rows], score[rows]) for rows in resamples.rows]
    return with_interval(name, auc(positive, score), drawn)


def auc(positive: NDArray[np.bool_], score: NDArray[np.float64]) -> float:
    """Area under the ROC curve; NaN where there is one class only.

    The share of pairs of a positive and another film that the score puts in
    order, ties counting half.

    Source:
        Hanley and McNeil, The meaning and use of the area under a ROC curve,
        Radiology 143, 1982.
    """
    count = int(positive.sum())
    others = len(positive) - count
    if not count or not others:
        return float("nan")
    ranks = rankdata(score)[positive].sum()
    return float((ranks - count * (count + 1) / 2) / (count * others))


def with_interval(
    name: str, value: float, drawn: Sequence[float] | NDArray[np.float64]
) -> dict[str, Any]:
    """A rate and its 95 % percentile interval, as JSON values."""
    known = np.array([each for each in drawn if np.isfinite(each)])
    if not np.isfinite(value) or not len(known):
        return {name: None, f"{name}_ci": None}
    low, high = np.percentile(known, _INTERVAL)
    return {
        name: round(value, 4),
        f"{name}_ci": [round(float(low), 4), round(float(high), 4)],
    }


def equal_mass_bins(confidence: NDArray[np.float64]) -> NDArray[np.intp]:
    """Number of the bin of each film, about as many films in each.

    Films of one confidence share a bin. There are `CALIBRATION_BINS`; fewer where
    there would be fewer than five films in each.
    """
    bins = min(CALIBRATION_BINS, max(1, len(confidence) // 5))
    edges = np.percentile(confidence, np.linspace(0, 100, bins + 1))
    return np.searchsorted(edges[1:-1], confidence)


def expected_calibration_error(
    truth: NDArray[np.intp], probabilities: NDArray[np.float64]
) -> float:
    """How far confidence is from accuracy, on average over the films.

    Args:
        truth: (n,) int.
        probabilities: (n, c) float64.

    Source:
        Guo et al., On calibration of modern neural networks, ICML 2017; with as many
        films in each bin, as Nixon et al., Measuring calibration in deep learning,
        2019, advise: most films are called with a high confidence.
    """
    return _mean_gap(*_calibration_gaps(truth, probabilities))


def calibration_error_with_interval(
    name: str,
    truth: NDArray[np.intp],
    probabilities: NDArray[np.float64],
    resamples: Resamples,
) -> dict[str, Any]:
    """Expected calibration error with its interval, as JSON values.

    Films that are drawn twice or not at all add to the error by themselves.
    What they add on average is taken off, or the interval would lie above the
    figure.
    """
    which, gap = _calibration_gaps(truth, probabilities)
    error = _mean_gap(which, gap)
    drawn = np.array([_mean_gap(which[rows], gap[rows]) for rows in resamples.rows])
    return with_interval(name, error, np.clip(drawn - drawn.mean() + error, 0.0, 1.0))


def rates_at(
    threshold: float,
    positive: NDArray[np.bool_],
    score: NDArray[np.float64],
    resamples: Resamples,
) -> dict[str, Any]:
    """What a threshold gives, with intervals, as JSON values.

    Args:
        threshold: A score equal to it or above calls a film.
        positive: (n,) bool, whether a film has the label.
        score: (n,) float64.

    Returns:
        `sensitivity`, `specificity` and `precision`, each with its 95 % interval as
        `<name>_ci`; null where no film can tell.
    """
    met = score >= threshold

    def share(name: str, of: NDArray[np.bool_], right: NDArray[np.bool_]) -> Any:
        drawn = [_ratio(right[rows].sum(), of[rows].sum()) for rows in resamples.rows]
        return with_interval(name, _ratio(right.sum(), of.sum()), drawn)

    return {
        **share("sensitivity", positive, met & positive),
        **share("specificity", ~positive, ~met & ~positive),
        **share("precision", met, met & positive),
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
    rows = np.arange(len(truth))

    def loss(log_temperature: float) -> float:
        scaled = logits.astype(np.float64) / np.exp(log_temperature)
        return float(-log_softmax(scaled, axis=1)[rows, truth].mean())

    limits = (np.log(0.05), np.log(20.0))
    found = minimize_scalar(loss, bounds=limits, method="bounded")
    return float(np.exp(found.x))


def _calibration_gaps(
    truth: NDArray[np.intp], probabilities: NDArray[np.float64]
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Bin of each film, and 1 or 0 for right or wrong less its confidence."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == truth
    return equal_mass_bins(confidence), right - confidence


def _mean_gap(which: NDArray[np.intp], gap: NDArray[np.float64]) -> float:
    return float(np.abs(np.bincount(which, gap)).sum() / len(which))


def _confusion_matrix(
    truth: NDArray[np.intp], called: NDArray[np.intp], labels: int
) -> NDArray[np.int64]:
    cells = np.bincount(truth * labels + called, minlength=labels * labels)
    return cells.reshape(labels, labels)


def _class_rates(i: int) -> dict[str, Callable[[NDArray[np.int64]], float]]:
    return {
        "precision": lambda m: _ratio(m[i, i], m[:, i].sum()),
        "recall": lambda m: _ratio(m[i, i], m[i].sum()),
        "specificity": lambda m: _ratio(
            m.sum() - m[i].sum() - m[:, i].sum() + m[i, i], m.sum() - m[i].sum()
        ),
        "f1": lambda m: _f1(m, i),
    }


def _f1(counts: NDArray[np.int64], i: int) -> float:
    """NaN where no film has the label, whether or not one was called so."""
    films = counts[i].sum()
    return _ratio(2 * counts[i, i], films + counts[:, i].sum()) if films else np.nan


def _macro_f1(counts: NDArray[np.int64]) -> float:
    per_class = [_f1(counts, i) for i in range(len(counts))]
    known = [value for value in per_class if np.isfinite(value)]
    return float(np.mean(known)) if known else float("nan")


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")
