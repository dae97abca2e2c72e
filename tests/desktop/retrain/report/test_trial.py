from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from core.model.bundle import ModelBundle
from desktop.diagnose.films import OpenFilm
from desktop.retrain.report.trial import FilmTrial
from tests.tiny_bundle import write_tiny_bundle


@pytest.fixture
def trial(qtbot: QtBot) -> Iterator[FilmTrial]:
    trial = FilmTrial()
    qtbot.addWidget(trial)
    trial.show()
    yield trial
    trial.shut_down()


@pytest.fixture
def eager(tmp_path: Path) -> ModelBundle:
    """Calls every film COVID-19."""
    return write_tiny_bundle(tmp_path / "eager", name="Eager", shift=30.0)


def test_both_models_read_the_films_that_are_open(
    trial: FilmTrial,
    qtbot: QtBot,
    tiny_bundle: ModelBundle,
    eager: ModelBundle,
    make_film: Callable[..., Path],
    tmp_path: Path,
) -> None:
    trial.set_models((eager, tiny_bundle))
    assert not trial.try_button.isEnabled()
    paths = [make_film("bright.png", 240), make_film("dark.png", 10)]
    trial.set_films([OpenFilm(path) for path in (*paths, tmp_path / "gone.png")])
    trial.try_button.click()
    qtbot.waitUntil(lambda: len(trial.table.cells.rows) == 3)
    bright, dark, gone = trial.table.cells.rows
    assert bright[0] == "bright.png"
    assert bright[1].startswith("Looks like COVID-19")
    assert bright[2].startswith("Looks like COVID-19")
    assert bright[3] == ""
    assert "COVID-19" in dark[1]
    assert dark[2].startswith("No sign of")
    assert dark[3] == "differ"
    assert gone[0] == "gone.png"
    assert gone[1]
    assert trial.words.text() == "The models differ on 1 of 3 films."
    assert trial.bar.isHidden()


def test_what_was_tried_goes_with_its_models(
    trial: FilmTrial,
    qtbot: QtBot,
    tiny_bundle: ModelBundle,
    eager: ModelBundle,
    film: Path,
) -> None:
    trial.set_models((eager, tiny_bundle))
    trial.set_films([OpenFilm(film)])
    trial.try_button.click()
    qtbot.waitUntil(trial.table.isVisible)
    trial.set_models((tiny_bundle, eager))
    assert trial.table.isHidden()
    trial.set_models(None)
    assert trial.isHidden()
