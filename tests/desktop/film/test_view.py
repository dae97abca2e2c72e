from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from PyQt5.QtCore import QEvent, QPoint, QPointF, QRectF, Qt
from PyQt5.QtGui import QColor, QMouseEvent, QWheelEvent
from pytestqt.qtbot import QtBot

from core.films.radiograph import FilmFacts, Radiograph
from desktop.film.pyramid import FilmPyramid, build_pyramid, picture_image
from desktop.film.view import FilmView

RIGHT, LEFT = Qt.MouseButton.RightButton, Qt.MouseButton.LeftButton


def pyramid(
    height: int = 400, width: int = 400, *, dtype: type = np.uint16
) -> FilmPyramid:
    ramp = np.linspace(1000, 3000, width).astype(dtype)
    pixels = np.tile(ramp, (height, 1))
    facts = FilmFacts("PNG", width, height, 16, "grey", 1)
    return build_pyramid(Radiograph(pixels, 1000.0, 3000.0, Path("f.png"), facts))


@pytest.fixture
def view(qtbot: QtBot) -> FilmView:
    view = FilmView()
    qtbot.addWidget(view)
    view.resize(400, 300)
    view.show()
    view.set_film(pyramid())
    return view


def drag(view: FilmView, button: Qt.MouseButton, start: QPoint, end: QPoint) -> None:
    none = Qt.MouseButton.NoButton
    for handle, kind, place, held in (
        (view.mousePressEvent, QEvent.Type.MouseButtonPress, start, button),
        (view.mouseMoveEvent, QEvent.Type.MouseMove, end, button),
        (view.mouseReleaseEvent, QEvent.Type.MouseButtonRelease, end, none),
    ):
        keys = Qt.KeyboardModifier.NoModifier
        handle(QMouseEvent(kind, QPointF(place), button, held, keys))


def turn_wheel(view: FilmView, at: QPointF, delta: int) -> None:
    event = QWheelEvent(
        at,
        QPointF(view.mapToGlobal(at.toPoint())),
        QPoint(),
        QPoint(0, delta),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    view.wheelEvent(event)


def test_a_film_opens_whole_and_centred(view: FilmView) -> None:
    rect = view.viewport.film_rect
    assert rect.height() == pytest.approx(300)
    assert rect.center() == QPointF(200, 150)


def test_the_wheel_keeps_the_point_under_the_mouse_still(view: FilmView) -> None:
    at = QPointF(130, 220)
    before = view.viewport.film_point(at)
    zoom = view.viewport.zoom
    turn_wheel(view, at, 240)
    after = view.viewport.film_point(at)
    assert view.viewport.zoom > 1.5 * zoom
    assert after.x() == pytest.approx(before.x())
    assert after.y() == pytest.approx(before.y())


def test_dragging_with_the_left_button_moves_the_film(view: FilmView) -> None:
    view.zoom_to(2.0)
    point = view.viewport.film_point(QPointF(100, 100))
    drag(view, LEFT, QPoint(100, 100), QPoint(140, 80))
    moved = view.viewport.film_point(QPointF(140, 80))
    assert (moved.x(), moved.y()) == pytest.approx((point.x(), point.y()))


def test_the_film_cannot_be_dragged_out_of_sight(view: FilmView) -> None:
    drag(view, LEFT, QPoint(0, 0), QPoint(9000, 9000))
    assert view.viewport.film_rect.intersects(QRectF(view.rect()))


def test_dragging_right_with_the_right_button_widens_the_window(view: FilmView) -> None:
    low, high = view.grey_window
    drag(view, RIGHT, QPoint(100, 100), QPoint(160, 100))
    new_low, new_high = view.grey_window
    assert new_high - new_low > high - low
    assert (new_low + new_high) / 2 == pytest.approx((low + high) / 2)


def test_dragging_down_with_the_right_button_lightens(view: FilmView) -> None:
    drag(view, RIGHT, QPoint(100, 100), QPoint(100, 160))
    low, high = view.grey_window
    assert (low + high) / 2 < 2000
    assert high - low == pytest.approx(2000)


def test_reset_gives_back_the_window_of_the_film(view: FilmView) -> None:
    view.change_window(0.4, 0.2)
    view.set_inverted(True)
    view.reset_window()
    assert view.grey_window == (1000.0, 3000.0)
    assert not view.inverted


def test_the_window_never_closes_and_never_leaves_the_range(view: FilmView) -> None:
    view.change_window(50.0, 0.0)
    low, high = view.grey_window
    assert high - low >= 1.0
    view.change_window(0.0, 500.0)
    low, high = view.grey_window
    assert (low + high) / 2 >= 0


def test_one_to_one_shows_a_film_pixel_on_a_screen_pixel(view: FilmView) -> None:
    view.show_actual_size()
    assert view.viewport.zoom == pytest.approx(1.0)


def test_a_fitted_film_stays_whole_when_the_view_grows(view: FilmView) -> None:
    view.resize(800, 600)
    assert view.viewport.film_rect.height() == pytest.approx(600)


def test_a_zoomed_film_stays_zoomed_when_the_view_grows(view: FilmView) -> None:
    view.zoom_to(3.0)
    view.resize(800, 600)
    assert view.viewport.zoom == pytest.approx(3.0)


def test_zoom_stays_within_sense(view: FilmView) -> None:
    view.zoom_to(1e9)
    assert view.viewport.zoom <= 16.0 + 1e-6
    view.zoom_to(1e-9)
    assert view.viewport.film_rect.width() >= 100


def test_arrow_keys_move_the_film(view: FilmView, qtbot: QtBot) -> None:
    view.zoom_to(3.0)
    before = view.viewport.film_rect.x()
    qtbot.keyClick(view, Qt.Key.Key_Right)
    assert view.viewport.film_rect.x() < before


def test_the_screen_shows_the_shades_of_the_window(view: FilmView) -> None:
    picture = view.grab().toImage()
    left = QColor(picture.pixel(54, 100)).red()
    right = QColor(picture.pixel(345, 100)).red()
    assert left < 12
    assert right > 243
    view.set_inverted(True)
    assert QColor(view.grab().toImage().pixel(54, 100)).red() > 243


def test_the_heat_map_is_drawn_only_while_it_is_shown(view: FilmView) -> None:
    plain = view.grab().toImage().pixel(200, 100)
    red = np.zeros((2, 2, 3), np.uint8)
    red[:, :, 0] = 255
    view.set_heatmap(picture_image(red))
    assert view.grab().toImage().pixel(200, 100) != plain
    view.set_heatmap_shown(False)
    assert view.grab().toImage().pixel(200, 100) == plain


def test_a_finer_copy_of_the_film_changes_nothing_but_its_pixels(
    view: FilmView,
) -> None:
    view.set_film(pyramid(1600, 1600).reduced(500_000))
    view.zoom_to(2.0)
    view.change_window(0.3, 0.1)
    place, window = view.viewport.film_rect, view.grey_window
    view.set_film(pyramid(1600, 1600), keep_view=True)
    assert view.viewport.film_rect == place
    assert view.grey_window == window


@pytest.mark.parametrize("zoom", [None, 1.0, 6.0])
def test_painting_a_film_of_twenty_megapixels_holds_the_window_up_for_little(
    qtbot: QtBot, zoom: float | None
) -> None:
    film = pyramid(5000, 4000)
    view = FilmView()
    qtbot.addWidget(view)
    view.resize(1400, 1000)
    view.show()
    view.set_film(film)
    if zoom is not None:
        view.zoom_to(zoom)
    costs = []
    for _ in range(5):
        began = time.thread_time()  # of this thread: other programs do not count
        view.change_window(0.02, 0.01)
        view.repaint()
        costs.append(time.thread_time() - began)
    assert sorted(costs)[2] < 0.05
