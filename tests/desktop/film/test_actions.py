"""The menus of the film: windows, turns, tools."""

from __future__ import annotations

import dataclasses

import pytest
from PyQt5.QtWidgets import QAction
from pytestqt.qtbot import QtBot

from core.films.pixels import GreyWindow
from desktop.film.actions import FilmActions
from desktop.film.pair import FilmPair
from tests.drawn_films import ramp_pyramid


@pytest.fixture
def pair(qtbot: QtBot) -> FilmPair:
    pair = FilmPair()
    qtbot.addWidget(pair)
    pair.resize(600, 400)
    pair.show()
    pair.view.set_film(ramp_pyramid())
    return pair


@pytest.fixture
def actions(pair: FilmPair) -> FilmActions:
    def make(text: str, icon: str, *keys: str) -> QAction:
        return QAction(text, pair)

    actions = FilmActions(pair, make)
    actions.windows.addActions(actions.tissues)
    actions.connect_to(pair)
    return actions


def offered(actions: FilmActions) -> list[str]:
    actions.windows.aboutToShow.emit()
    return [action.text().replace("&", "") for action in actions.windows.actions()]


def test_the_windows_of_the_file_are_offered_by_name(
    pair: FilmPair, actions: FilmActions
) -> None:
    tissues = ["Lung", "Bone", "Soft tissue"]
    assert offered(actions) == tissues
    windows = (GreyWindow("NORMAL", 1000, 3000), GreyWindow("HARD", 1500, 2000))
    film = dataclasses.replace(ramp_pyramid(), windows=windows)
    pair.view.set_film(film)
    assert offered(actions) == ["NORMAL", "HARD", "", *tissues]
    first, second = actions.windows.actions()[:2]
    assert first.isChecked()
    second.trigger()
    assert pair.view.grey_window == (1500, 2000)
    assert offered(actions) == ["NORMAL", "HARD", "", *tissues]  # each once
    assert actions.windows.actions()[1].isChecked()
    pair.view.set_film(ramp_pyramid())
    assert offered(actions) == tissues


def test_windows_of_tissues_are_of_the_film_that_the_keys_are_about(
    pair: FilmPair, actions: FilmActions
) -> None:
    pair.show_beside(ramp_pyramid(low=0, high=100), "before.dcm")
    actions.linked.setChecked(False)
    actions.tissues[0].trigger()
    low, high = pair.view.grey_window
    assert 900 < low < high < 2700
    assert pair.other.grey_window == (0, 100)
    pair.other.setFocus()
    actions.tissues[1].trigger()
    low, high = pair.other.grey_window
    assert 25 < low < high < 115


def test_the_tools_work_on_both_films(pair: FilmPair, actions: FilmActions) -> None:
    plain = pair.view.grab().toImage()
    pair.view.setFocus()
    actions.magnifier.setChecked(True)
    assert pair.view.grab().toImage() != plain
    actions.magnifier.setChecked(False)
    assert pair.view.grab().toImage() == plain
    actions.flip.trigger()
    assert pair.view.viewport.orientation == "Flipped"
    actions.turn_back.trigger()
    assert pair.view.grab().toImage() == plain
