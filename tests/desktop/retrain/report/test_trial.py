from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from core.model.bundle import ModelBundle
from desktop.diagnose.films import OpenFilm
from desktop.diagnose.reading import DiagnosedFilm, diagnose
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


def test_films_opened_meanwhile_are_for_the_next_time(
    trial: FilmTrial,
    qtbot: QtBot,
    tiny_bundle: ModelBundle,
    eager: ModelBundle,
    film: Path,
) -> None:
    trial.set_models((eager, tiny_bundle))
    trial.set_films([OpenFilm(film)])
    trial.try_button.click()
    trial.set_films([OpenFilm(film), OpenFilm(film)])
    qtbot.waitUntil(trial.bar.isHidden)
    assert trial.words.text().endswith("of 1 film.")
    assert trial.try_button.isEnabled()


def test_films_that_wait_are_not_read_once_it_ends(
    qtbot: QtBot,
    tiny_bundle: ModelBundle,
    film: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trial = FilmTrial()
    qtbot.addWidget(trial)
    begun, goes_on, read = threading.Event(), threading.Event(), []

    def diagnose_slowly(path: Path, *asked: object) -> DiagnosedFilm:
        read.append(path)
        begun.set()
        goes_on.wait()
        return diagnose(path, *asked)

    monkeypatch.setattr("desktop.retrain.report.trial.diagnose", diagnose_slowly)
    trial.set_models((tiny_bundle, tiny_bundle))
    trial.set_films([OpenFilm(film)] * 9)
    trial.try_button.click()
    assert begun.wait(60)
    threading.Timer(0.3, goes_on.set).start()
    trial.shut_down()
    assert len(read) == 2  # the one in hand, by both models
