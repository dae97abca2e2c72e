"""Two films side by side."""

from __future__ import annotations

import pytest
from PyQt5.QtCore import QPoint
from pytestqt.qtbot import QtBot

from desktop.film.pair import FilmPair
from desktop.film.pyramid import FilmPyramid
from tests.drawn_films import ramp_pyramid


@pytest.fixture
def pair(qtbot: QtBot) -> FilmPair:
    pair = FilmPair()
    qtbot.addWidget(pair)
    pair.resize(1000, 400)
    pair.show()
    pair.view.set_film(ramp_pyramid(400, 400))
    pair.set_name("now.dcm")
    return pair


@pytest.fixture
def prior() -> FilmPyramid:
    """Twice as large, and on another scale."""
    return ramp_pyramid(800, 800, low=0, high=400)


def test_a_second_film_takes_half_of_the_room_and_gives_it_back(
    pair: FilmPair, prior: FilmPyramid, qtbot: QtBot
) -> None:
    assert not pair.is_double
    assert pair.view.width() == 1000
    pair.show_beside(prior, "before.dcm")
    assert pair.is_double
    assert abs(pair.view.width() - pair.other.width()) <= 1
    left, right = (view.mapTo(pair, QPoint()).x() for view in (pair.other, pair.view))
    assert left < right
    assert pair.other.viewport.film_rect.width() <= pair.other.width()
    pair.show_alone()
    qtbot.waitUntil(lambda: pair.view.width() == 1000)


def test_what_is_done_to_one_is_done_to_both(
    pair: FilmPair, prior: FilmPyramid
) -> None:
    pair.view.zoom_to(4.0)
    pair.view.change_window(0.5, 0.0)  # half of its own
    pair.show_beside(prior, "before.dcm")
    assert pair.other.viewport.zoom == pytest.approx(2.0)  # twice as many pixels
    assert pair.other.grey_window == pytest.approx((100, 300))
    pair.other.pan_by(40, 30)
    middle = [
        view.viewport.film_point(view.rect().center())
        for view in (pair.view, pair.other)
    ]
    assert middle[1].x() == pytest.approx(2 * middle[0].x(), abs=2)
    pair.other.set_inverted(True)
    assert pair.view.inverted
    pair.other.fit()
    assert pair.view.viewport.is_fitted
    pair.view.reset_window()
    assert pair.other.grey_window == pytest.approx((0, 400))
    assert not pair.other.inverted


def test_a_turn_stays_with_its_film(pair: FilmPair, prior: FilmPyramid) -> None:
    pair.show_beside(prior, "before.dcm")
    pair.other.turn(1)
    assert pair.other.viewport.orientation == "Turned right"
    assert pair.view.viewport.orientation == ""


def test_films_that_are_not_linked_are_on_their_own(
    pair: FilmPair, prior: FilmPyramid
) -> None:
    pair.show_beside(prior, "before.dcm")
    pair.set_linked(False)
    pair.view.zoom_to(5.0)
    pair.view.change_window(0.5, 0.0)
    assert pair.other.viewport.is_fitted
    assert pair.other.grey_window == (0, 400)
    pair.set_linked(True)  # the film that the keys are about leads
    assert pair.other.viewport.zoom == pytest.approx(2.5)
    assert pair.other.grey_window == pytest.approx((100, 300))


def test_the_keys_are_about_the_film_with_the_focus(
    pair: FilmPair, prior: FilmPyramid, qtbot: QtBot
) -> None:
    pair.show_beside(prior, "before.dcm")
    assert pair.active is pair.view
    with qtbot.waitSignal(pair.active_changed):
        pair.other.setFocus()
    assert pair.active is pair.other
    with qtbot.waitSignal(pair.active_changed):
        pair.show_alone()
    assert pair.active is pair.view
