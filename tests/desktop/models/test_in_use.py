from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from core.model import in_use as model_store
from core.model.bundle import ModelBundle
from core.model.classifier import Classifier
from desktop.models.in_use import ModelInUse
from tests.tiny_bundle import write_tiny_bundle


@pytest.fixture
def model(qtbot: QtBot, tiny_bundle: ModelBundle) -> Iterator[ModelInUse]:
    model = ModelInUse(tiny_bundle.path)
    yield model
    model.shut_down()


@pytest.fixture
def other(tmp_path: Path) -> ModelBundle:
    return write_tiny_bundle(tmp_path / "other", name="Other", shift=2.0)


def asked(model: ModelInUse, qtbot: QtBot) -> str:
    """Name of the model that answers now."""
    names: list[str] = []

    def name_of(classifier: Classifier | None) -> str:
        return classifier.bundle.card.name if classifier is not None else "none"

    model.ask(name_of, names.append, pytest.fail)
    qtbot.waitUntil(lambda: bool(names), timeout=10000)
    return names[0]


def test_what_is_asked_at_once_waits_for_the_model(
    model: ModelInUse, qtbot: QtBot
) -> None:
    model.start()
    assert asked(model, qtbot) == "Tiny test model"


def test_another_model_answers_once_it_is_open(
    model: ModelInUse, qtbot: QtBot, other: ModelBundle
) -> None:
    said: list[str] = []
    model.status_changed.connect(said.append)
    model.start()
    with qtbot.waitSignals([model.changed, model.changed], timeout=10000):
        model.use(other.path)
    assert model.bundle is not None
    assert model.bundle.card.name == asked(model, qtbot) == "Other"
    assert said == ["Opening the model…", "Other is the model in use now."]


def test_a_failed_load_leaves_the_last_good_model_in_use(
    model: ModelInUse, qtbot: QtBot, other: ModelBundle
) -> None:
    model.start()
    (other.path / "model.bin").write_bytes(b"no weights")
    with qtbot.waitSignal(model.refused, timeout=10000) as caught:
        model.use(other.path)
    assert "stays in use" in caught.args[0].hint
    assert model.bundle is not None
    assert model.bundle.card.name == asked(model, qtbot) == "Tiny test model"
    assert model_store.previous() is None


def test_a_model_asked_for_before_the_start_stays(
    model: ModelInUse, qtbot: QtBot, other: ModelBundle
) -> None:
    model.use(other.path)
    model.start()
    assert asked(model, qtbot) == "Other"


def test_without_any_model_tasks_are_told_so(qtbot: QtBot, tmp_path: Path) -> None:
    model = ModelInUse(tmp_path / "nothing")
    with qtbot.waitSignal(model.notice_raised, timeout=10000) as caught:
        model.start()
    assert "films open without a verdict" in caught.args[0].text
    assert model.bundle is None
    assert asked(model, qtbot) == "none"
    model.shut_down()
