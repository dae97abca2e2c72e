"""Local operating points: chosen by the rule, with intervals, never in the model."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import msgspec
import numpy as np
import pytest

from core.data.dataset import Sample
from core.errors import CoreError, DatasetError
from core.evaluation.evaluate import Scores
from core.evaluation.local_points import make_local_card
from core.files import write_json
from core.model.bundle import CARD, ModelBundle, read_bundle
from core.model.classifier import Classifier, decide
from core.model.conformal import fit_conformal
from core.model.local_card import local_card_path, read_local_card, with_local_card
from core.reports.local_card import local_card_notes, local_card_rows, local_card_text

LABELS = ("covid", "pneumonia", "normal")


def scores_of(n: int = 90, *, shift: float = 0.0, films_each: int = 1) -> Scores:
    """Labelled films; `shift` takes from the logit of their true label."""
    rng = np.random.default_rng(5)
    truth = np.arange(n) % 3
    logits = rng.normal(0, 1, (n, 3)) + (2 - shift) * np.eye(3)[truth]
    samples = tuple(
        Sample(
            f"{i}.png", Path(f"{i}.png"), LABELS[label], patient=f"P{i // films_each}"
        )
        for i, label in enumerate(truth)
    )
    return Scores(samples, LABELS, truth, logits.astype(np.float32), {})


def shares_of(scores: Scores) -> np.ndarray:
    powers = np.exp(scores.logits.astype(np.float64))
    return powers / powers.sum(axis=1, keepdims=True)


@pytest.fixture
def bundle(tiny_bundle: ModelBundle) -> ModelBundle:
    """The tiny model, as if validation had been films like those here."""
    val = scores_of(300)
    kept = fit_conformal(val.truth, shares_of(val), LABELS, chosen_on="validation")
    card = msgspec.structs.replace(tiny_bundle.card, conformal=kept)
    return dataclasses.replace(tiny_bundle, card=card)


@pytest.mark.slow
def test_each_disease_is_found_as_often_as_asked_and_no_lower(
    bundle: ModelBundle,
) -> None:
    scores = scores_of()
    card = make_local_card(scores, bundle, sensitivity=0.9)
    shares = shares_of(scores)
    for i, point in enumerate(card.points[:2]):
        own = np.sort(shares[scores.truth == i, i])[::-1]
        assert point.films == 30
        assert point.threshold == pytest.approx(own[26], abs=2e-5)  # 27 of 30
        assert point.sensitivity == 0.9
        assert point.threshold_ci is not None
        low, high = point.threshold_ci
        assert low <= point.threshold <= high
        assert point.specificity_ci is not None
    assert "precision at least 0.85" in card.points[2].criterion
    assert card.points[2].threshold >= 0.5


@pytest.mark.slow
def test_intervals_are_wider_where_patients_have_many_films(
    bundle: ModelBundle,
) -> None:
    alone = make_local_card(scores_of(), bundle)
    many = make_local_card(scores_of(films_each=15), bundle)
    assert (alone.groups, many.groups) == (90, 6)
    widths = [
        np.subtract(*reversed(card.points[0].specificity_ci or (0, 0)))
        for card in (alone, many)
    ]
    assert widths[0] != widths[1]
    assert "6 patients or groups" in local_card_notes(many, bundle.card)[0]


@pytest.mark.slow
def test_scores_like_those_of_training_have_not_drifted_and_others_have(
    bundle: ModelBundle,
) -> None:
    same = make_local_card(scores_of(), bundle)
    assert [each.label for each in same.drift] == list(LABELS)
    assert not any(each.has_drifted for each in same.drift)
    other = make_local_card(scores_of(shift=3.0), bundle)
    assert all(each.has_drifted for each in other.drift)
    assert "had drifted" in other.in_words()
    assert "have drifted from training" in local_card_text(other, bundle.card)
    assert "are those of training" in local_card_text(same, bundle.card)


@pytest.mark.slow
def test_a_model_without_scores_cannot_tell_of_drift(tiny_bundle: ModelBundle) -> None:
    card = make_local_card(scores_of(), tiny_bundle)
    assert card.drift == ()
    assert "cannot be told" in local_card_text(card, tiny_bundle.card)


@pytest.mark.slow
def test_few_films_are_refused_and_a_label_with_few_keeps_its_point(
    bundle: ModelBundle,
) -> None:
    with pytest.raises(DatasetError, match="at least 50 labelled films, and 49"):
        make_local_card(scores_of(49), bundle)
    scores = scores_of()
    few = np.flatnonzero((scores.truth != 0) | (np.arange(90) < 9))
    part = Scores(
        tuple(scores.samples[i] for i in few),
        LABELS,
        scores.truth[few],
        scores.logits[few],
        {},
    )
    point = make_local_card(part, bundle).points[0]
    assert (point.films, point.threshold) == (3, bundle.card.threshold("covid"))
    assert "the model's own" in point.criterion


@pytest.mark.slow
def test_a_kept_card_changes_the_verdict_and_never_the_model(
    tiny_bundle: ModelBundle, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HILUM_HOME", str(tmp_path))
    before = (tiny_bundle.path / CARD).read_bytes()
    assert read_local_card(tiny_bundle) is None
    made = make_local_card(scores_of(), tiny_bundle)
    sure = msgspec.structs.replace(made.points[0], threshold=0.999)
    card = msgspec.structs.replace(made, points=(sure, *made.points[1:]))
    write_json(local_card_path(tiny_bundle), card)
    assert read_local_card(tiny_bundle) == card
    local = with_local_card(tiny_bundle, card)
    bright = np.full((1, 32, 32, 1), 230, np.float32)
    (prediction,) = Classifier(tiny_bundle).predict_batch(bright)
    assert decide(prediction, tiny_bundle.card).finding == "covid"
    assert decide(prediction, local.card).finding is None
    assert local.card.operating_points[0].chosen_on == "90 local films"
    assert (tiny_bundle.path / CARD).read_bytes() == before
    assert read_bundle(tiny_bundle.path).card == tiny_bundle.card
    row = local_card_rows(card, tiny_bundle.card)[0]
    assert row[:3] == ("COVID-19", "30", "0.999" + row[2][5:])


@pytest.mark.slow
@pytest.mark.parametrize(
    "change", [{"model_sha256": "0" * 64}, {"temperature": 2.0}, {"preprocessing": "0"}]
)
def test_a_card_of_another_model_is_refused(
    change: dict[str, object], tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    made = make_local_card(scores_of(), tiny_bundle)
    path = tmp_path / "card.json"
    write_json(path, msgspec.structs.replace(made, **change))
    with pytest.raises(CoreError, match="made for another model"):
        read_local_card(tiny_bundle, path)


@pytest.mark.parametrize("text", ["", "[]", '{"format_version": 9}', "{}"])
def test_a_card_that_cannot_be_understood_is_refused(
    text: str, tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    path = tmp_path / "card.json"
    path.write_text(text)
    with pytest.raises(CoreError, match="cannot be understood"):
        read_local_card(tiny_bundle, path)
    with pytest.raises(CoreError, match="There is no local card"):
        read_local_card(tiny_bundle, tmp_path / "none.json")
