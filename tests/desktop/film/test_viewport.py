"""Turning and flipping what is on screen, and two views that go together."""

from __future__ import annotations

import pytest
from PyQt5.QtCore import QPointF

from desktop.film.viewport import Viewport


def viewport(height: int = 300, width: int = 400) -> Viewport:
    made = Viewport()
    made.set_view(800, 600, 1.0)
    made.set_film(height, width)
    return made


def place(view: Viewport, x: float, y: float) -> tuple[float, float]:
    at = view.transform.map(QPointF(x, y))
    back = view.film_point(at)
    assert (back.x(), back.y()) == pytest.approx((x, y))
    return round(at.x(), 6), round(at.y(), 6)


def test_a_quarter_to_the_right_brings_the_top_to_the_right() -> None:
    view = viewport()
    assert place(view, 0, 0) == (0, 0)
    view.turn(1)
    assert view.orientation == "Turned right"
    assert view.film_rect.height() == pytest.approx(600)  # its 400 columns
    assert view.film_rect.width() == pytest.approx(450)
    left, top = view.film_rect.left(), view.film_rect.top()
    assert place(view, 0, 0) == (pytest.approx(left + 450), pytest.approx(top))
    assert place(view, 0, 300) == (pytest.approx(left), pytest.approx(top))


@pytest.mark.parametrize("quarters", range(4))
def test_a_flip_exchanges_left_and_right_of_the_screen_however_it_is_turned(
    quarters: int,
) -> None:
    view = viewport()
    view.turn(quarters)
    before = place(view, 30, 50)
    view.turn(0, flip=True)
    x, y = place(view, 30, 50)
    assert (x, y) == (pytest.approx(800 - before[0]), pytest.approx(before[1]))
    assert view.orientation.startswith("Flipped")
    view.turn(0, flip=True)
    assert place(view, 30, 50) == before
    view.turn(-quarters)
    assert view.orientation == ""


def test_what_is_in_the_middle_stays_there_when_it_is_turned() -> None:
    view = viewport()
    view.zoom_to(4.0, QPointF(100, 500))
    middle = view.film_point(QPointF(400, 300))
    view.turn(-1)
    assert view.film_point(QPointF(400, 300)) == middle
    assert view.zoom == pytest.approx(4.0)


@pytest.mark.parametrize("quarters", range(4))
def test_a_turned_film_moves_with_the_mouse(quarters: int) -> None:
    view = viewport()
    view.turn(quarters, flip=quarters == 2)
    view.zoom_to(4.0, QPointF(100, 500))
    under = view.film_point(QPointF(250, 220))
    view.pan_by(30, -40)
    assert view.film_point(QPointF(280, 180)) == under
    view.zoom_to(6.0, QPointF(280, 180))
    assert view.film_point(QPointF(280, 180)) == under


def test_another_film_is_as_it_was_read() -> None:
    view = viewport()
    view.turn(1, flip=True)
    view.set_film(300, 400)
    assert view.orientation == ""
    assert place(view, 0, 0) == (0, 0)


def test_a_view_follows_another_one_of_a_film_of_another_size() -> None:
    leader, follower = viewport(), viewport(600, 800)
    leader.zoom_to(4.0, QPointF(100, 500))
    follower.follow(leader)
    shown = leader.film_point(QPointF(400, 300))
    assert follower.film_point(QPointF(400, 300)) == shown * 2
    assert follower.zoom == pytest.approx(2.0)
    leader.fit()
    follower.follow(leader)
    assert follower.is_fitted


def test_a_turned_view_follows_to_the_same_part_of_the_screen() -> None:
    leader, follower = viewport(400, 400), viewport(400, 400)
    follower.turn(1)
    leader.zoom_to(4.0, QPointF(0, 300))  # towards the left
    follower.follow(leader)
    away = leader.film_point(QPointF(400, 300)) - QPointF(200, 200)
    turned = follower.film_point(QPointF(400, 300)) - QPointF(200, 200)
    assert away.x() < 0
    assert (turned.x(), turned.y()) == pytest.approx((away.y(), -away.x()))
