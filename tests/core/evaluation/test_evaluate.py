"""Scoring labelled films, the figures over them, and operating points."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.data.dataset import Sample
from core.errors import DatasetError, OutputError, TrainingStopped
from core.evaluation.calibrated import CHOSEN_ON, operating_point
from core.evaluation.evaluate import (
    BATCH,
    DETAILS,
    MOST_MISTAKES,
    Scores,
    evaluate,
    score_films,
    without_details,
    write_rows,
)
from core.evaluation.intervals import Resamples
from core.evaluation.metrics import calibration_error_with_interval
from core.evaluation.pools import Pool, parse_pools
from core.films.radiograph import read_radiograph
from core.model.bundle import ModelBundle
from core.model.card import OperatingPoint
from core.model.classifier import Classifier, probabilities

LABELS = ("covid", "pneumonia", "normal")


def scores_of(
    truth: list[int], p: list[list[float]] | np.ndarray, **fields: list[str]
) -> Scores:
    """Scores whose probabilities are `p` at temperature 1."""
    samples = tuple(
        Sample(
            file=f"{i}.png",
            path=Path(f"{i}.png"),
            label=LABELS[label],
            **{key: values[i] for key, values in fields.items()},
        )
        for i, label in enumerate(truth)
    )
    logits = np.log(np.asarray(p, np.float64)).astype(np.float32)
    return Scores(samples, LABELS, np.array(truth, np.intp), logits, {})


def two_sources() -> Scores:
    """Source a holds normal and covid, b pneumonia and a little covid."""
    rng = np.random.default_rng(1)
    truth = [0] * 10 + [2] * 12 + [1] * 9 + [0] * 4
    sources = ["a"] * 22 + ["b"] * 13
    p = rng.dirichlet([1, 1, 1], len(truth)) + np.eye(3)[truth] * 0.6
    return scores_of(truth, p / p.sum(axis=1, keepdims=True), source=sources)


@pytest.fixture(scope="module")
def classifier(tiny_bundle: ModelBundle) -> Classifier:
    return Classifier(tiny_bundle)


@pytest.fixture
def films(make_film: Callable[..., Path]) -> list[Sample]:
    """More films than fit into one batch, of rising brightness."""
    made = []
    for i in range(BATCH + 3):
        path = make_film(f"{i:02}.png", 20 * i)
        made.append(Sample(path.name, path, LABELS[i % 3]))
    return made


def test_films_are_scored_in_their_order_as_one_by_one(
    classifier: Classifier, films: list[Sample]
) -> None:
    scores = score_films(classifier, films)
    assert scores.samples == tuple(films)
    assert scores.labels == LABELS
    assert scores.truth.tolist() == [i % 3 for i in range(len(films))]
    for sample, logits in zip(films, scores.logits, strict=True):
        alone = classifier.predict(read_radiograph(sample.path)).logits
        np.testing.assert_allclose(logits, alone, atol=1e-5)


def test_film_that_cannot_be_read_is_left_out_with_its_reason(
    classifier: Classifier, films: list[Sample]
) -> None:
    films[2].path.write_bytes(b"not a film")
    films[4].path.unlink()
    scores = score_films(classifier, films)
    assert set(scores.unreadable) == {films[2].file, films[4].file}
    assert "no file" in scores.unreadable[films[4].file]
    expected = [film for i, film in enumerate(films) if i not in (2, 4)]
    assert scores.samples == tuple(expected)
    assert [LABELS[i] for i in scores.truth] == [film.label for film in expected]
    assert len(scores.logits) == len(expected)
    assert evaluate(scores, 1.0)["unreadable"] == 2


def test_batch_without_a_readable_film_is_passed_over(
    classifier: Classifier, films: list[Sample]
) -> None:
    for film in films[:BATCH]:
        film.path.write_bytes(b"not a film")
    assert score_films(classifier, films).samples == tuple(films[BATCH:])


def test_data_without_a_readable_film_is_refused(
    classifier: Classifier, films: list[Sample]
) -> None:
    for film in films:
        film.path.unlink()
    with pytest.raises(DatasetError, match="None of the films can be read") as caught:
        score_films(classifier, films)
    assert "There is no file" in caught.value.hint
    with pytest.raises(DatasetError, match="None of the films"):
        score_films(classifier, [])


def test_scoring_tells_how_many_are_done(
    classifier: Classifier, films: list[Sample]
) -> None:
    told: list[int] = []
    score_films(classifier, films, told.append)
    assert told == [BATCH, BATCH + 3]


def test_scoring_can_be_stopped(classifier: Classifier, films: list[Sample]) -> None:
    def stop(done: int) -> None:
        raise TrainingStopped(f"Stopped after {done}.")

    with pytest.raises(TrainingStopped, match=f"after {BATCH}"):
        score_films(classifier, films, stop)


@pytest.fixture(scope="module")
def evaluated() -> dict[str, Any]:
    return evaluate(two_sources(), 1.0)


def test_result_holds_what_scripts_depend_on(evaluated: dict[str, Any]) -> None:
    result = json.loads(json.dumps(evaluated, allow_nan=False))
    assert result["n"] == 35
    assert 0 <= result["ece"] <= 1
    for name in ("accuracy", "macro_f1"):
        low, high = result[f"{name}_ci"]
        assert low <= result[name] <= high
    assert list(result["per_class"]) == list(LABELS)
    for rates in result["per_class"].values():
        names = {"precision", "recall", "specificity", "f1", "auc"}
        assert set(rates) == {"n"} | names | {f"{name}_ci" for name in names}
    assert np.array(result["confusion_matrix"]).sum() == 35


def test_figures_by_source_are_those_of_its_films_alone(
    evaluated: dict[str, Any],
) -> None:
    scores, result = two_sources(), evaluated
    assert list(result["by_source"]) == ["a", "b"]
    called = scores.logits.argmax(axis=1) == scores.truth
    assert result["by_source"]["a"]["n"] == 22
    assert result["by_source"]["a"]["accuracy"] == round(called[:22].mean(), 4)
    assert result["by_source"]["b"]["accuracy"] == round(called[22:].mean(), 4)


def within(result: dict[str, Any]) -> dict[tuple[str, ...], dict[str, Any]]:
    return {(e["within"], *e["labels"]): e for e in result["within_source"]}


def test_two_labels_are_compared_only_within_a_source_that_holds_both(
    evaluated: dict[str, Any],
) -> None:
    found = within(evaluated)
    # Of b's covid films there are four, too few.
    assert set(found) == {("a", "covid", "normal")}
    assert found["a", "covid", "normal"]["n"] == [10, 12]


def test_pool_of_sources_is_compared_as_one() -> None:
    found = within(evaluate(two_sources(), 1.0, pools=[Pool("both", ("a", "b"))]))
    assert found["both", "covid", "pneumonia"]["n"] == [14, 9]
    assert found["both", "covid", "pneumonia"]["sources"] == ["a", "b"]
    assert found["both", "pneumonia", "normal"]["n"] == [9, 12]
    assert {name for name, *_ in found} == {"both"}, "a source is no place of its own"


def test_pool_may_hold_some_labels_only() -> None:
    pool = Pool("both", ("a", "b"), ("pneumonia", "normal"))
    found = within(evaluate(two_sources(), 1.0, pools=[pool]))
    assert set(found) == {("both", "pneumonia", "normal")}


def test_comparison_of_two_labels_does_not_see_the_third() -> None:
    # Ranked by the probability of "normal", the pneumonia share would decide.
    truth = [0] * 5 + [2] * 5
    p = [[0.06, 0.9, 0.04]] * 5 + [[0.4, 0.01, 0.59]] * 3 + [[0.01, 0.97, 0.02]] * 2
    (entry,) = evaluate(scores_of(truth, p, source=["a"] * 10), 1.0)["within_source"]
    assert entry["auc"] == 1.0


def test_films_without_a_source_are_in_no_comparison() -> None:
    scores = two_sources()
    result = evaluate(scores_of(list(scores.truth), np.exp(scores.logits)), 1.0)
    assert result["by_source"] == {}
    assert result["within_source"] == []


def test_patients_are_the_units_of_the_intervals() -> None:
    truth = [0, 1] * 40
    p = [[0.6, 0.3, 0.1]] * 80
    wide = evaluate(scores_of(truth, p, patient=[f"P{i // 16}" for i in range(80)]), 1)
    right = scores_of(truth, p, patient=[f"P{i % 2}-{i // 40}" for i in range(80)])
    assert wide["accuracy_ci"] == [0.5, 0.5]  # every patient is half right
    assert evaluate(right, 1.0)["accuracy_ci"] == [0.0, 1.0]


def test_groups_come_before_patients() -> None:
    truth = [0, 1] * 20
    p = [[0.6, 0.3, 0.1]] * 40
    groups = [f"G{i // 8}" for i in range(40)]
    patients = [f"P{i}" for i in range(40)]
    result = evaluate(scores_of(truth, p, group=groups, patient=patients), 1.0)
    assert result["accuracy_ci"] == [0.5, 0.5]


def test_calibration_is_told_before_and_after_the_temperature() -> None:
    scores = two_sources()
    result = evaluate(scores, 2.5)
    for name, temperature in (("ece", 2.5), ("ece_uncalibrated", 1.0)):
        p = probabilities(scores.logits, temperature)
        once = Resamples.by_group(range(len(p)), seed=0, count=1)
        alone = calibration_error_with_interval(name, scores.truth, p, once)
        assert result[name] == alone[name]
    assert result["ece"] != result["ece_uncalibrated"]


@pytest.mark.slow
def test_same_seed_gives_the_same_intervals_and_another_others(
    evaluated: dict[str, Any],
) -> None:
    assert evaluate(two_sources(), 1.0, seed=0) == evaluated
    assert evaluate(two_sources(), 1.0, seed=1) != evaluated


def covid_scores(p: list[float], covid: list[bool]) -> Scores:
    rows = [[each, (1 - each) / 2, (1 - each) / 2] for each in p]
    return scores_of([0 if each else 2 for each in covid], rows)


def covid_point(scores: Scores, temperature: float = 1.0) -> OperatingPoint:
    p = probabilities(scores.logits, temperature)[:, 0]
    return operating_point("covid", p, scores.truth == 0, CHOSEN_ON)


def test_operating_point_is_the_lowest_threshold_that_is_precise_enough() -> None:
    # From 0.5 on: 17 of 21 right; above 0.552: 17 of 20; above 0.702: all 17.
    p = [0.552] + [0.702] * 3 + [0.8] * 17 + [0.1] * 8
    covid = [False] * 4 + [True] * 17 + [False] * 8
    point = covid_point(covid_scores(p, covid))
    assert point.label == "covid"
    assert point.threshold == 0.555
    assert point.precision == 0.85
    assert point.sensitivity == 1.0
    assert point.specificity == 0.75  # 9 of 12
    assert point.chosen_on == "validation"
    assert "none" not in point.criterion


def test_operating_point_is_never_below_a_half() -> None:
    scores = covid_scores([0.4] * 5 + [0.1] * 5, [True] * 5 + [False] * 5)
    point = covid_point(scores)
    assert point.threshold >= 0.5
    assert point.sensitivity == 0


def test_where_nothing_is_precise_enough_the_most_precise_is_taken_and_said() -> None:
    # 0.5: 4 of 10 right; above 0.7: 4 of 6, the best; above 0.8: 0 of 1.
    p = [0.6] * 4 + [0.75] * 5 + [0.9] + [0.1] * 3
    covid = [False] * 4 + [True] * 4 + [False] * 5
    point = covid_point(covid_scores(p, covid))
    assert 0.6 < point.threshold <= 0.75
    assert point.precision == round(4 / 6, 4)
    assert point.criterion.endswith("none, so the most precise")


def test_operating_points_are_chosen_after_the_temperature() -> None:
    p = [0.8] * 9 + [0.702] * 3 + [0.1] * 8
    covid = [True] * 9 + [False] * 11
    scores = covid_scores(p, covid)
    cold = covid_point(scores)
    warm = covid_point(scores, 1.5)
    assert cold.threshold == 0.705
    calibrated = probabilities(scores.logits, 1.5)[:, 0]
    assert calibrated[9] < warm.threshold <= calibrated[0]
    assert warm.threshold < 0.65


def test_rows_are_a_line_per_film(tmp_path: Path) -> None:
    scores = scores_of(
        [0, 2], [[0.7, 0.2, 0.1], [0.5, 0.1, 0.4]], source=["Köln, Süd", ""]
    )
    write_rows(tmp_path / "rows.csv", scores, 1.0)
    with open(tmp_path / "rows.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["file"] for row in rows] == ["0.png", "1.png"]
    assert [row["label"] for row in rows] == ["covid", "normal"]
    assert [row["called"] for row in rows] == ["covid", "covid"]
    assert rows[0]["source"] == "Köln, Süd"
    shares = [float(rows[0][f"p_{label}"]) for label in LABELS]
    assert shares == pytest.approx([0.7, 0.2, 0.1], abs=1e-6)


def test_rows_that_cannot_be_written_are_an_error_of_its_own(film: Path) -> None:
    with pytest.raises(OutputError):
        write_rows(film / "rows.csv", two_sources(), 1.0)


def test_pools_are_read() -> None:
    assert parse_pools(["NIH=nih+chestx8", "x=y:a+b"]) == (
        Pool("NIH", ("nih", "chestx8")),
        Pool("x", ("y",), ("a", "b")),
    )
    assert parse_pools([]) == ()


@pytest.mark.parametrize("text", ["", "NIH", "=a+b", "NIH=", "NIH=a:"])
def test_pool_that_is_not_written_so_is_refused(text: str) -> None:
    with pytest.raises(DatasetError, match="cannot be written") as caught:
        parse_pools([text])
    assert "NAME=source+source" in caught.value.hint


@pytest.fixture(scope="module")
def detailed() -> dict[str, Any]:
    return evaluate(two_sources(), 1.3, details=True)


@pytest.mark.slow
def test_details_are_there_when_asked_for_only(detailed: dict[str, Any]) -> None:
    short = evaluate(two_sources(), 1.3)
    # What a model sees of lungs is measured beside it.
    assert set(detailed) - set(short) == set(DETAILS) - {"lungs"}
    assert without_details(detailed) == short
    json.dumps(detailed, allow_nan=False)


def test_curves_are_of_every_label(detailed: dict[str, Any]) -> None:
    assert list(detailed["curves"]) == list(LABELS)
    for curve in detailed["curves"].values():
        assert curve["roc"][0] == [0, 0]
        assert curve["roc"][-1] == [1, 1]
        low, high = curve["average_precision_ci"]
        assert low <= curve["average_precision"] <= high


def test_reliability_is_told_before_and_after_the_temperature(
    detailed: dict[str, Any],
) -> None:
    for name in ("before", "after"):
        assert sum(b["n"] for b in detailed["reliability"][name]) == 35
    assert detailed["reliability"]["before"] != detailed["reliability"]["after"]
    for name in ("ece", "ece_uncalibrated"):
        low, high = detailed[f"{name}_ci"]
        assert 0 <= low <= detailed[name] <= high <= 1


def test_mistakes_are_the_surest_first() -> None:
    p = [[0.9, 0.05, 0.05], [0.6, 0.3, 0.1], [0.8, 0.1, 0.1], [0.1, 0.7, 0.2]]
    scores = scores_of([2, 1, 0, 2], p, source=["a", "b", "c", ""])
    mistakes = evaluate(scores, 1.0, details=True)["mistakes"]
    assert [each["file"] for each in mistakes] == ["0.png", "3.png", "1.png"]
    assert mistakes[0] == {
        "file": "0.png",
        "label": "normal",
        "called": "covid",
        "probability": 0.9,
        "source": "a",
        "sha256": "",
    }


def test_mistakes_are_no_more_than_a_page_can_show() -> None:
    scores = scores_of([2] * 40, [[0.6, 0.2, 0.2]] * 40)
    mistakes = evaluate(scores, 1.0, details=True)["mistakes"]
    assert len(mistakes) == MOST_MISTAKES


def test_mistake_holds_the_hash_of_its_film_and_no_path(film: Path) -> None:
    sample = Sample(str(film), film, "normal")
    logits = np.array([[4, 0, 0]], np.float32)
    scores = Scores((sample,), LABELS, np.array([2]), logits, {})
    (mistake,) = evaluate(scores, 1.0, details=True)["mistakes"]
    assert mistake["file"] == film.name
    assert mistake["sha256"] == hashlib.sha256(film.read_bytes()).hexdigest()


def test_rows_hold_no_path_of_the_machine(tmp_path: Path) -> None:
    samples = (Sample("/home/me/a.png", tmp_path / "a.png", "covid"),)
    scores = Scores(samples, LABELS, np.array([0]), np.zeros((1, 3), np.float32), {})
    write_rows(tmp_path / "rows.csv", scores, 1.0)
    text = (tmp_path / "rows.csv").read_text("utf-8")
    assert "\na.png,covid," in text


def test_finding_that_no_film_reached_is_not_stated_and_the_point_says_so() -> None:
    scores = covid_scores([0.4] * 5 + [0.1] * 5, [True] * 5 + [False] * 5)
    point = covid_point(scores)
    assert point.threshold == 1.0
    assert (point.precision, point.sensitivity, point.specificity) == (0, 0, 1)
    assert point.criterion.endswith("not stated short of certainty")
    assert "most precise" not in point.criterion


def test_finding_that_was_wrong_whenever_called_is_not_stated_either() -> None:
    scores = covid_scores([0.6] * 5 + [0.1] * 5, [False] * 5 + [True] * 5)
    point = covid_point(scores)
    assert point.precision == 0
    assert point.threshold == 1.0
    assert point.criterion.endswith("not stated short of certainty")
