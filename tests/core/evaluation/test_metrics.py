"""Rates, intervals and calibration: by hand, and against scikit-learn."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import (
    accuracy_score,
    precision_recall_fscore_support,
    roc_auc_score,
)

from core.evaluation.intervals import Resamples, with_interval
from core.evaluation.metrics import (
    Ranking,
    auc_with_interval,
    calibration_error_with_interval,
    classification_metrics,
    equal_mass_bins,
    fit_temperature,
    rates_at,
)
from core.model.classifier import probabilities

LABELS = ("covid", "pneumonia", "normal")
#: Rows are the truth: what the three-class example below is made of.
COUNTS = np.array([[5, 1, 0], [2, 3, 1], [0, 0, 8]])


def one_each(n: int, count: int = 50) -> Resamples:
    return Resamples.by_group(range(n), seed=1, count=count)


def auc(positive: np.ndarray, score: np.ndarray) -> float:
    return Ranking.of(positive, score).area()


def expected_calibration_error(truth: np.ndarray, p: np.ndarray) -> float:
    given = calibration_error_with_interval("ece", truth, p, one_each(len(truth)))
    return float(given["ece"])


def example() -> tuple[np.ndarray, np.ndarray]:
    """Films whose confusion matrix is `COUNTS`."""
    truth, called = [], []
    for (row, column), count in np.ndenumerate(COUNTS):
        truth += [row] * count
        called += [column] * count
    p = np.full((len(truth), 3), 0.2)
    p[np.arange(len(truth)), called] = 0.6
    return np.array(truth), p


def test_every_rate_is_that_worked_out_by_hand() -> None:
    truth, p = example()
    given = classification_metrics(truth, p, LABELS, one_each(20))
    assert given["n"] == 20
    assert given["confusion_matrix"] == COUNTS.tolist()
    assert given["accuracy"] == 0.8
    assert given["macro_f1"] == round((10 / 13 + 6 / 10 + 16 / 17) / 3, 4)
    covid, pneumonia, normal = (given["per_class"][label] for label in LABELS)
    assert (covid["n"], pneumonia["n"], normal["n"]) == (6, 6, 8)
    assert (covid["precision"], covid["recall"]) == (0.7143, 0.8333)  # 5/7, 5/6
    assert (covid["specificity"], covid["f1"]) == (0.8571, 0.7692)  # 12/14, 10/13
    assert (pneumonia["precision"], pneumonia["recall"]) == (0.75, 0.5)
    assert (pneumonia["specificity"], pneumonia["f1"]) == (0.9286, 0.6)  # 13/14
    assert (normal["precision"], normal["recall"]) == (0.8889, 1.0)  # 8/9
    assert (normal["specificity"], normal["f1"]) == (0.9167, 0.9412)  # 11/12, 16/17
    # 8 of 8 normal films score 0.6, 1 of 12 others does: 1 - (1 / 12) / 2.
    assert normal["auc"] == 0.9583


@pytest.mark.parametrize("seed", range(3))
def test_rates_are_those_of_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 3, 90)
    p = rng.dirichlet([1, 1, 1], 90) + np.eye(3)[truth] * 0.3
    p /= p.sum(axis=1, keepdims=True)
    called = p.argmax(axis=1)
    given = classification_metrics(truth, p, LABELS, one_each(90, 2))
    assert given["accuracy"] == round(accuracy_score(truth, called), 4)
    theirs = precision_recall_fscore_support(truth, called)
    assert given["macro_f1"] == round(float(theirs[2].mean()), 4)
    for i, label in enumerate(LABELS):
        mine = given["per_class"][label]
        assert mine["precision"] == round(float(theirs[0][i]), 4)
        assert mine["recall"] == round(float(theirs[1][i]), 4)
        assert mine["f1"] == round(float(theirs[2][i]), 4)
        assert mine["auc"] == round(roc_auc_score(truth == i, p[:, i]), 4)


def test_rates_without_films_are_none_and_the_rest_is_json() -> None:
    truth = np.array([0, 0, 2, 2])  # no pneumonia, and none is called so
    p = np.eye(3)[[0, 0, 2, 0]]
    given = classification_metrics(truth, p, LABELS, one_each(4))
    pneumonia = given["per_class"]["pneumonia"]
    assert pneumonia["n"] == 0
    for name in ("precision", "recall", "f1", "auc"):
        assert pneumonia[name] is None
        assert pneumonia[f"{name}_ci"] is None
    assert pneumonia["specificity"] == 1.0
    assert given["macro_f1"] == round((4 / 5 + 2 / 3) / 2, 4)  # of the two there are
    json.dumps(given, allow_nan=False)


def test_films_of_one_class_are_averaged_over_that_class_alone() -> None:
    truth = np.zeros(10, np.intp)
    p = np.eye(3)[[0] * 7 + [1, 2, 2]]  # others are called that are not there
    given = classification_metrics(truth, p, LABELS, one_each(10))
    assert given["macro_f1"] == given["per_class"]["covid"]["f1"] == round(14 / 17, 4)
    assert given["per_class"]["normal"]["precision"] == 0.0, "it called two wrongly"
    for name in ("recall", "f1", "auc"):
        assert given["per_class"]["normal"][name] is None


def test_every_rate_has_its_interval_beside_it() -> None:
    truth, p = example()
    given = classification_metrics(truth, p, LABELS, one_each(20))
    for rates in (given, *given["per_class"].values()):
        for name in set(rates) & {
            *("accuracy", "macro_f1", "precision", "recall", "specificity"),
            *("f1", "auc"),
        }:
            low, high = rates[f"{name}_ci"]
            assert 0 <= low <= rates[name] <= high <= 1


def test_auc_is_the_share_of_pairs_in_the_right_order() -> None:
    positive = np.array([True, False, True, False, False])
    score = np.array([0.9, 0.8, 0.5, 0.5, 0.1])
    # Pairs: (0.9 against three) 3, (0.5 against 0.8, 0.5, 0.1) 0 + 0.5 + 1.
    assert auc(positive, score) == pytest.approx(4.5 / 6)


@pytest.mark.parametrize("value", [True, False])
def test_auc_of_one_class_alone_is_not_known(value: bool) -> None:
    positive = np.full(4, value)
    assert math.isnan(auc(positive, np.arange(4.0)))
    given = auc_with_interval("auc", positive, np.arange(4.0), one_each(4))
    assert given == {"auc": None, "auc_ci": None}


def test_interval_is_made_of_the_percentiles_of_what_is_known() -> None:
    drawn = [*np.linspace(0, 1, 1001), float("nan")]
    assert with_interval("x", 0.54321, drawn) == {"x": 0.5432, "x_ci": [0.025, 0.975]}
    assert with_interval("x", float("nan"), drawn) == {"x": None, "x_ci": None}
    assert with_interval("x", 0.5, [float("nan")]) == {"x": None, "x_ci": None}


def accuracy_interval(right: np.ndarray, groups: list[int]) -> tuple[float, float]:
    truth = np.zeros(len(right), int)
    p = np.where(right[:, None], [[0.9, 0.1]], [[0.1, 0.9]])
    resamples = Resamples.by_group(groups, seed=1, count=400)
    low, high = classification_metrics(truth, p, ("a", "b"), resamples)["accuracy_ci"]
    return low, high


def test_interval_narrows_with_the_square_root_of_the_films() -> None:
    widths = []
    for n in (50, 800):
        right = np.arange(n) % 5 > 0  # accuracy 0.8
        low, high = accuracy_interval(right, list(range(n)))
        assert low < 0.8 < high
        widths.append(high - low)
    # 2 * 1.96 * sqrt(0.8 * 0.2 / n)
    assert widths[0] == pytest.approx(0.222, rel=0.2)
    assert widths[1] == pytest.approx(0.0554, rel=0.2)


def test_films_of_one_patient_count_as_one_draw() -> None:
    right = np.repeat(np.arange(25) % 5 > 0, 10)  # ten films each, all alike
    patients = list(np.repeat(np.arange(25), 10))
    low, high = accuracy_interval(right, patients)
    alone = accuracy_interval(right, list(range(250)))
    assert high - low > 2 * (alone[1] - alone[0])


def test_groups_are_drawn_whole_and_with_replacement() -> None:
    groups = ["a", "b", "a", "c", "c", "c", "d"]
    members = {"a": {0, 2}, "b": {1}, "c": {3, 4, 5}, "d": {6}}
    resamples = Resamples.by_group(groups, seed=1, count=100)
    assert len(resamples.rows) == 100
    sizes = set()
    for rows in resamples.rows:
        times = np.bincount(rows, minlength=7)
        for rows_of_group in members.values():
            assert len({times[row] for row in rows_of_group}) == 1
        drawn = sum(times[min(each)] for each in members.values())
        assert drawn == len(members)
        sizes.add(len(rows))
    assert len(sizes) > 1


@pytest.mark.parametrize("films", [7, 3000])
def test_resamples_in_blocks_are_those_one_by_one(films: int) -> None:
    resamples = Resamples.by_group(np.arange(films) // 2, seed=1, count=30)
    rng = np.random.default_rng(1)
    ranking = Ranking.of(rng.random(films) < 0.3, rng.random(films).round(2))
    blocks = list(resamples.blocks(films))
    one_by_one = [np.bincount(rows, minlength=films) for rows in resamples.rows]
    np.testing.assert_array_equal(np.concatenate(blocks), one_by_one)
    areas = np.concatenate([ranking.areas(times) for times in blocks])
    np.testing.assert_array_equal(areas, [ranking.area(times) for times in one_by_one])


def test_same_seed_draws_the_same() -> None:
    first, second, other = (
        Resamples.by_group(range(30), seed=seed, count=3) for seed in (1, 1, 2)
    )
    for a, b in zip(first.rows, second.rows, strict=True):
        np.testing.assert_array_equal(a, b)
    assert any((a != b).any() for a, b in zip(first.rows, other.rows, strict=True))


def test_calibration_error_is_that_worked_out_by_hand() -> None:
    confidence = np.array([0.65] * 5 + [0.95] * 5)
    p = np.column_stack([confidence, 1 - confidence])
    truth = np.array([0, 1, 1, 1, 1, 0, 0, 0, 0, 0])
    # Of two bins of five films each: |1/5 - 0.65| and |1 - 0.95|.
    expected = (0.45 + 0.05) / 2
    assert expected_calibration_error(truth, p) == pytest.approx(expected)


def test_bins_hold_as_many_films_each_and_are_those_of_scikit_learn() -> None:
    truth, logits = simulated(1500, 2.0)
    p = probabilities(logits, 1.0)
    confidence, right = p.max(axis=1), p.argmax(axis=1) == truth
    counts = np.bincount(equal_mass_bins(confidence))
    assert len(counts) == 15
    assert counts.min() >= 99
    accuracy, mean = calibration_curve(
        right, confidence, n_bins=15, strategy="quantile"
    )
    expected = (np.abs(accuracy - mean) * counts).sum() / 1500
    assert expected_calibration_error(truth, p) == pytest.approx(expected, abs=1e-4)


def test_rates_at_a_threshold_are_those_worked_out_by_hand() -> None:
    positive = np.array([True, True, True, False, False])
    score = np.array([0.9, 0.5, 0.1, 0.5, 0.2])
    given = rates_at(0.5, positive, score, one_each(5))
    assert given["sensitivity"] == given["precision"] == round(2 / 3, 4)
    assert given["specificity"] == 0.5
    low, high = given["sensitivity_ci"]
    assert low < 2 / 3 < high
    assert rates_at(0.5, np.zeros(5, bool), score, one_each(5))["sensitivity"] is None


def test_calibration_error_is_0_for_the_certain_and_right_and_1_for_the_wrong() -> None:
    p = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert expected_calibration_error(np.array([0, 1]), p) == 0
    assert expected_calibration_error(np.array([1, 0]), p) == 1


def simulated(n: int, temperature: float) -> tuple[np.ndarray, np.ndarray]:
    """Labels drawn with the probabilities that the logits over T stand for."""
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 4, (n, 3)).astype(np.float32)
    sums = probabilities(logits, temperature).cumsum(axis=1)
    truth = (rng.random((n, 1)) > sums).sum(axis=1).clip(0, 2)
    return truth, logits


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_temperature_that_films_were_drawn_with_is_found(temperature: float) -> None:
    truth, logits = simulated(5000, temperature)
    assert fit_temperature(truth, logits) == pytest.approx(temperature, rel=0.08)


def test_calibration_error_falls_with_the_temperature_that_was_found() -> None:
    truth, logits = simulated(5000, 3.0)
    before = expected_calibration_error(truth, probabilities(logits, 1.0))
    fitted = probabilities(logits, fit_temperature(truth, logits))
    assert before > 0.15
    assert expected_calibration_error(truth, fitted) < 0.03


@pytest.mark.parametrize(("right", "limit"), [(True, 0.05), (False, 20.0)])
def test_temperature_stays_within_its_limits(right: bool, limit: float) -> None:
    logits = np.array([[5, 0], [0, 5]] * 10, np.float32)
    truth = np.array([0, 1] * 10) if right else np.array([1, 0] * 10)
    found = fit_temperature(truth, logits)
    assert 0.05 <= found <= 20
    if not right:
        assert found == pytest.approx(limit, rel=0.01)


def test_interval_of_the_calibration_error_is_around_it() -> None:
    truth, logits = simulated(400, 1.0)
    p = probabilities(logits, 1.0)
    given = calibration_error_with_interval("ece", truth, p, one_each(400, 300))
    assert given["ece"] == round(expected_calibration_error(truth, p), 4)
    low, high = given["ece_ci"]
    assert 0 <= low < given["ece"] < high


def test_interval_of_the_calibration_error_narrows_with_films() -> None:
    widths = []
    for n in (100, 2500):
        truth, logits = simulated(n, 2.0)
        p = probabilities(logits, 1.0)
        low, high = calibration_error_with_interval("e", truth, p, one_each(n, 200))[
            "e_ci"
        ]
        widths.append(high - low)
    assert widths[1] < widths[0] / 2.5
