"""Curves and reliability: by hand, and against scikit-learn."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from core.evaluation.curves import (
    MOST_POINTS,
    label_curves,
    pr_points,
    reliability_bins,
    roc_points,
    thinned,
)
from core.evaluation.intervals import Resamples
from core.evaluation.metrics import Ranking, calibration_error_with_interval

LABELS = ("covid", "pneumonia", "normal")


def films(n: int, seed: int, decimals: int = 9) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 3, n)
    p = rng.dirichlet([1, 1, 1], n) + np.eye(3)[truth] * 0.3
    return truth, np.round(p / p.sum(axis=1, keepdims=True), decimals)


def resamples(n: int, count: int = 20) -> Resamples:
    return Resamples.by_group(range(n), seed=1, count=count)


def area(points: list[list[float]]) -> float:
    x, y = np.array(points).T
    return float(np.trapezoid(y, x))


@pytest.mark.parametrize("decimals", [9, 1])
@pytest.mark.parametrize("seed", range(3))
def test_curves_pass_through_the_counts_of_the_resamples(
    seed: int, decimals: int
) -> None:
    # The intervals are counted here and the curves by scikit-learn: of the same films.
    truth, p = films(80, seed, decimals)
    hits, false = Ranking.of(truth == 0, p[:, 0]).counts()
    roc = np.column_stack([false / false[-1], hits / hits[-1]])
    np.testing.assert_allclose(roc_points(truth == 0, p[:, 0])[1:], roc)
    pr = np.column_stack([hits / hits[-1], hits / (hits + false)])
    points = pr_points(truth == 0, p[:, 0])
    assert points[0].tolist() == [0, 1]
    np.testing.assert_allclose(points[1:], pr[: len(points) - 1])
    # Full recall is reached, and nothing follows.
    assert (points[:, 0] == 1).sum() == 1


@pytest.mark.parametrize("decimals", [9, 1])
def test_average_precision_is_that_of_scikit_learn(decimals: int) -> None:
    truth, p = films(80, 5, decimals)
    curves = label_curves(truth, p, LABELS, resamples(80))
    for i, label in enumerate(LABELS):
        theirs = average_precision_score(truth == i, p[:, i])
        assert curves[label]["average_precision"] == round(float(theirs), 4)


def test_interval_of_average_precision_is_over_the_films_as_drawn() -> None:
    truth, p = films(80, 5, 1)
    drawn = resamples(80)
    given = label_curves(truth, p, LABELS, drawn)["covid"]["average_precision_ci"]
    theirs = [
        average_precision_score(truth[rows] == 0, p[rows, 0]) for rows in drawn.rows
    ]
    np.testing.assert_allclose(given, np.percentile(theirs, [2.5, 97.5]), atol=1e-4)


def test_curve_of_many_films_is_thin_and_has_the_area_of_the_whole() -> None:
    truth, p = films(5000, 2)
    curves = label_curves(truth, p, LABELS, resamples(5000, 2))
    for i, label in enumerate(LABELS):
        roc, pr = curves[label]["roc"], curves[label]["pr"]
        assert len(roc) <= MOST_POINTS
        assert len(pr) <= MOST_POINTS
        whole = roc_auc_score(truth == i, p[:, i])
        assert area(roc) == pytest.approx(whole, abs=1e-3)
        every = pr_points(truth == i, p[:, i])
        assert area(pr) == pytest.approx(area(every.tolist()), abs=2e-3)


def test_thinning_keeps_the_ends_and_the_corners() -> None:
    steps = [[0, 0], [0, 0.5], [0, 1], [0.25, 1], [0.5, 1], [1, 1]]
    assert thinned(np.array(steps, float)).tolist() == [[0, 0], [0, 1], [1, 1]]
    x = np.linspace(0, 7, 999)
    wave = np.column_stack([x, np.sin(x)])
    few = thinned(wave, 60)
    assert 20 < len(few) <= 60
    np.testing.assert_allclose(few[[0, -1]], wave[[0, -1]], atol=1e-6)
    np.testing.assert_allclose(np.interp(x, *few.T), wave[:, 1], atol=0.01)


def test_label_without_films_or_of_all_films_has_no_curve() -> None:
    truth = np.zeros(10, int)
    p = np.random.default_rng(1).dirichlet([1, 1, 1], 10)
    curves = label_curves(truth, p, LABELS, resamples(10))
    assert curves["covid"]["roc"] == []
    assert curves["pneumonia"]["roc"] == []
    assert curves["pneumonia"]["pr"] == []
    assert curves["pneumonia"]["average_precision"] is None
    assert curves["covid"]["average_precision"] == 1.0
    json.dumps(curves, allow_nan=False)


def test_reliability_bins_are_those_worked_out_by_hand() -> None:
    confidence = np.array([0.61, 0.62, 0.63, 0.64, 0.65, 0.95, 0.96, 0.97, 0.98, 0.99])
    p = np.column_stack([confidence, 1 - confidence])
    bins = reliability_bins(np.array([0, 1, 1, 1, 0, 0, 0, 0, 0, 0]), p)
    assert bins == [
        {"confidence": 0.63, "accuracy": 0.4, "n": 5},
        {"confidence": 0.97, "accuracy": 1.0, "n": 5},
    ]


@pytest.mark.parametrize("right", [0, 1])
def test_reliability_of_films_that_are_all_right_or_all_wrong(right: int) -> None:
    p = np.tile([0.9, 0.1], (4, 1))
    (only,) = reliability_bins(np.full(4, 1 - right), p)
    assert only == {"confidence": 0.9, "accuracy": float(right), "n": 4}


def test_reliability_bins_hold_the_calibration_error() -> None:
    truth, p = films(300, 3)
    gaps = [
        b["n"] / 300 * abs(b["accuracy"] - b["confidence"])
        for b in reliability_bins(truth, p)
    ]
    ece = calibration_error_with_interval("ece", truth, p, resamples(300))["ece"]
    assert sum(gaps) == pytest.approx(ece, abs=2e-4)
