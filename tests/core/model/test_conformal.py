"""Sets of findings, and what a card keeps for them."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest

from core.errors import BundleError
from core.model.bundle import card_from_json, card_to_json
from core.model.card import set_in_words
from core.model.conformal import MOST_SCORES, fit_conformal, prediction_set
from tests.tiny_bundle import make_card

LABELS = ("covid", "pneumonia", "normal")


def drawn(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels, and probabilities of a poor model that is not calibrated."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(3, n, p=[0.1, 0.3, 0.6])
    logits = rng.normal(0, 2, (n, 3)) + 1.5 * np.eye(3)[truth]
    powers = np.exp(logits)
    return truth, powers / powers.sum(axis=1, keepdims=True)


def test_limit_is_that_worked_out_by_hand() -> None:
    # Scores 0.1 to 0.9 of nine films: ceil(10 * 0.8) is the eighth of them.
    p = np.zeros((9, 3))
    p[:, 0] = 1 - np.arange(1, 10) / 10
    kept = fit_conformal(np.zeros(9, np.intp), p, LABELS, chosen_on="validation")
    assert kept.limit("covid", 0.8) == pytest.approx(0.8, abs=2e-5)
    assert kept.limit("covid", 0.9) == pytest.approx(0.9, abs=2e-5)
    assert kept.limit("covid", 0.91) == math.inf  # nine films cannot promise it
    assert kept.limit("normal", 0.5) == math.inf  # nor can none


@pytest.mark.parametrize("coverage", [0.8, 0.9, 0.95])
def test_each_finding_is_held_as_often_as_promised(coverage: float) -> None:
    truth, p = drawn(30_000, 1)
    kept = fit_conformal(truth, p, LABELS, chosen_on="validation")
    truth, p = drawn(20_000, 2)
    held = np.array(
        [
            LABELS[label]
            in prediction_set(dict(zip(LABELS, row, strict=True)), kept, coverage)
            for label, row in zip(truth, p, strict=True)
        ]
    )
    for i in range(3):
        assert held[truth == i].mean() == pytest.approx(coverage, abs=0.03)


def test_thinned_scores_promise_at_least_what_all_would() -> None:
    truth, p = drawn(30_000, 3)
    kept = fit_conformal(truth, p, LABELS, chosen_on="validation")
    assert all(len(scores) <= MOST_SCORES for scores in kept.scores.values())
    scores = np.sort(1 - p[truth == 2, 2])
    for coverage in (0.5, 0.873, 0.9, 0.999):
        exact = scores[math.ceil((len(scores) + 1) * coverage) - 1]
        assert exact <= kept.limit("normal", coverage) <= exact + 0.02


def test_a_set_holds_the_likeliest_first_and_may_be_all_or_none() -> None:
    p = np.full((100, 3), 0.2)
    kept = fit_conformal(np.arange(100) % 3, p, LABELS, chosen_on="validation")
    shares = {"covid": 0.3, "pneumonia": 0.1, "normal": 0.6}
    assert prediction_set(shares, kept, 0.9) == ("normal", "covid")
    assert prediction_set(dict.fromkeys(LABELS, 1 / 3), kept, 0.9) == LABELS
    assert prediction_set(dict.fromkeys(LABELS, 0.1), kept, 0.9) == ()


def test_sets_are_put_into_words() -> None:
    card = make_card()
    assert set_in_words(("covid",), card.names) == "COVID-19"
    assert set_in_words(("covid", "pneumonia"), card.names) == "COVID-19 or pneumonia"
    assert set_in_words(("pneumonia", "covid"), card.names) == "Pneumonia or COVID-19"
    assert set_in_words((), card.names) == "cannot say"
    assert set_in_words(LABELS, card.names) == "cannot say"


def test_a_card_keeps_the_scores_and_an_older_one_says_that_it_has_none() -> None:
    truth, p = drawn(90, 4)
    kept = fit_conformal(truth, p, LABELS, chosen_on="validation")
    card = msgspec.structs.replace(make_card(), conformal=kept)
    assert card_from_json(card_to_json(card)) == card
    older = card_to_json(make_card())
    del older["conformal"], older["sensitivity_points"]
    assert card_from_json(older).set_at({"covid": 1.0}, 0.9) is None


@pytest.mark.parametrize(
    "change",
    [
        {"scores": {"covid": [0.5]}},
        {"scores": {"covid": [0.5, 0.4], "pneumonia": [0.1], "normal": [0.1]}},
        {"films": {"covid": 0, "pneumonia": 9, "normal": 9}},
        {"scores": {"covid": [1.5], "pneumonia": [0.1], "normal": [0.1]}},
    ],
)
def test_scores_that_do_not_fit_the_card_are_refused(change: dict[str, object]) -> None:
    fields = card_to_json(make_card())
    good = {
        "chosen_on": "validation",
        "films": dict.fromkeys(LABELS, 9),
        "scores": {name: [0.1, 0.2] for name in LABELS},
    }
    card_from_json({**fields, "conformal": good})
    with pytest.raises(BundleError):
        card_from_json({**fields, "conformal": {**good, **change}})
