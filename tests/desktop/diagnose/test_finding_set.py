from __future__ import annotations

import dataclasses

import msgspec
import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from core.model.bundle import ModelBundle
from core.model.classifier import Prediction, decide
from core.model.conformal import fit_conformal
from desktop.diagnose.finding_set import FindingSet
from desktop.diagnose.reading import Reading, make_reading
from desktop.settings import Settings


def reading_of(bundle: ModelBundle, shares: list[float]) -> Reading:
    logits = np.log(np.array(shares, np.float32))
    prediction = Prediction(logits, np.zeros((4, 4, 3), np.float32), np.zeros(4))
    verdict = decide(prediction, bundle.card)
    return make_reading(bundle, prediction, verdict, (48, 64))


@pytest.fixture
def bundle(tiny_bundle: ModelBundle) -> ModelBundle:
    """Scores of each label: 0.005, 0.015 and so on up to 0.995."""
    truth = np.repeat(np.arange(3), 100)
    p = np.tile(1 - (np.arange(100) + 0.5) / 100, 3)[:, np.newaxis].repeat(3, axis=1)
    names = tiny_bundle.card.label_names
    kept = fit_conformal(truth, p, names, chosen_on="validation")
    card = msgspec.structs.replace(tiny_bundle.card, conformal=kept)
    return dataclasses.replace(tiny_bundle, card=card)


def test_the_set_follows_the_coverage_that_is_picked(
    qtbot: QtBot, bundle: ModelBundle
) -> None:
    line = FindingSet()
    qtbot.addWidget(line)
    line.show_reading(reading_of(bundle, [0.75, 0.15, 0.07]))
    assert (line.coverage, line.text) == (0.9, "COVID-19 or pneumonia")
    line.box.setCurrentIndex(0)
    assert (line.coverage, line.text) == (0.8, "COVID-19")
    line.box.setCurrentIndex(3)
    assert (line.coverage, line.text) == (0.99, "Cannot say")
    assert "99 %" in line.accessibleName()
    line.set_coverage(0.5)  # not offered: a settings file edited by hand
    assert line.coverage == 0.99


def test_an_older_model_says_that_it_keeps_no_scores(
    qtbot: QtBot, tiny_bundle: ModelBundle
) -> None:
    line = FindingSet()
    qtbot.addWidget(line)
    line.show_reading(reading_of(tiny_bundle, [0.75, 0.15, 0.1]))
    assert "keeps no conformal scores" in line.text
    assert not line.box.isVisibleTo(line)


def test_the_coverage_is_remembered() -> None:
    settings = Settings()
    assert settings.coverage == 0.9
    settings.coverage = 0.95
    settings.save()
    assert Settings().coverage == 0.95
