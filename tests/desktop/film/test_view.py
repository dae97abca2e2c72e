from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from PyQt5.QtCore import QEvent, QPoint, QPointF, QRectF, Qt
from PyQt5.QtGui import (
    QColor,
    QContextMenuEvent,
    QMouseEvent,
    QPaintEvent,
    QWheelEvent,
)
from PyQt5.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from core.films.pixels import FilmFacts, PixelSpacing, Radiograph
from desktop.film.pyramid import build_pyramid, picture_image
from desktop.film.view import FilmView
from tests.drawn_films import ramp_pyramid

RIGHT, LEFT = Qt.MouseButton.RightButton, Qt.MouseButton.LeftButton


@pytest.fixture
def view(qtbot: QtBot) -> FilmView:
    view = FilmView()
    qtbot.addWidget(view)
    view.resize(400, 300)
    view.show()
    view.set_film(ramp_pyramid())
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
    view.zoom_to(1.0)
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
    view.set_film(ramp_pyramid(1600, 1600).reduced(500_000))
    view.zoom_to(2.0)
    view.change_window(0.3, 0.1)
    place, window = view.viewport.film_rect, view.grey_window
    view.set_film(ramp_pyramid(1600, 1600), keep_view=True)
    assert view.viewport.film_rect == place
    assert view.grey_window == window


@pytest.mark.parametrize("quarters", [0, 1])
@pytest.mark.parametrize("zoom", [None, 1.0, 6.0])
def test_painting_a_film_of_twenty_megapixels_holds_the_window_up_for_little(
    qtbot: QtBot, zoom: float | None, quarters: int
) -> None:
    film = ramp_pyramid(5000, 4000)
    view = FilmView()
    qtbot.addWidget(view)
    view.resize(1400, 1000)
    view.show()
    view.set_film(film)
    view.set_heatmap(picture_image(np.zeros((384, 300, 3), np.uint8)))
    view.set_magnifier(True)
    hover(view, 700, 500)
    if quarters:
        view.turn(1)
    if zoom is not None:
        view.zoom_to(zoom)
    costs = []
    for _ in range(5):
        began = time.thread_time()  # of this thread: other programs do not count
        view.change_window(0.02, 0.01)
        view.repaint()
        costs.append(time.thread_time() - began)
    assert sorted(costs)[2] < 0.05


def shade(view: FilmView, x: int, y: int) -> int:
    return QColor(view.grab().toImage().pixel(x, y)).red()


def test_the_picture_turns_with_what_lies_over_it(view: FilmView) -> None:
    red = np.zeros((2, 2, 3), np.uint8)
    red[:, 0, 0] = 255  # over the dark half at the left
    view.set_heatmap(picture_image(red))
    view.turn(1)  # left is above now
    picture = view.grab().toImage()
    above, below = (QColor(picture.pixel(200, y)) for y in (20, 280))
    assert above.red() - above.green() > 100
    assert below.red() == pytest.approx(below.green(), abs=4)
    view.set_heatmap(None)
    assert shade(view, 200, 5) < 12
    assert shade(view, 200, 294) > 243
    assert "Turned right" in view.overlay_parts()
    view.turn_back()
    view.turn(0, flip=True)
    assert shade(view, 54, 100) > 243
    assert "Flipped" in view.overlay_parts()
    view.turn_back()
    assert shade(view, 54, 100) < 12
    assert "Flipped" not in view.overlay_parts()


def hover(view: FilmView, x: int, y: int) -> None:
    none, keys = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
    event = QMouseEvent(QEvent.Type.MouseMove, QPointF(x, y), none, none, keys)
    view.mouseMoveEvent(event)


def test_the_value_under_the_mouse_is_told(view: FilmView) -> None:
    hover(view, 200, 150)
    film = view.film
    assert film is not None
    value = int(film.levels[0][200, 200])
    assert view.overlay_parts()[-1] == f"x 200, y 200: {value:,}"
    view.turn(1)  # it goes with the film
    hover(view, 200, 30)
    value = int(film.levels[0][200, 40])
    assert view.overlay_parts()[-1] == f"x 40, y 200: {value:,}"
    hover(view, 10, 150)  # beside the film
    assert not any("y " in part for part in view.overlay_parts())
    hover(view, 200, 150)
    view.leaveEvent(QEvent(QEvent.Type.Leave))
    assert not any("y " in part for part in view.overlay_parts())


def test_moving_the_mouse_paints_a_strip_and_not_the_film(
    view: FilmView, qtbot: QtBot
) -> None:
    painted: list[int] = []
    paint = view.paintEvent

    def noted(event: QPaintEvent) -> None:
        painted.append(event.rect().height())
        paint(event)

    view.paintEvent = noted  # type: ignore[method-assign]
    view.repaint()
    assert painted == [300]
    hover(view, 200, 20)
    qtbot.waitUntil(lambda: len(painted) > 1)
    assert painted[-1] < 150


def test_a_ruler_measures_where_one_drags(view: FilmView) -> None:
    place = view.viewport.film_rect
    view.set_ruler(True)
    drag(view, LEFT, QPoint(80, 60), QPoint(155, 160))  # 100 by 133 film pixels
    assert view.viewport.film_rect == place
    assert [ruler.text(None) for ruler in view.rulers] == ["167 pixels"]
    drag(view, LEFT, QPoint(80, 60), QPoint(81, 60))  # a click measures nothing
    assert len(view.rulers) == 1
    view.set_ruler(False)
    drag(view, LEFT, QPoint(80, 60), QPoint(100, 60))
    assert view.viewport.film_rect != place
    view.remove_rulers()
    assert view.rulers == []


@pytest.mark.parametrize(
    ("at_detector", "text"), [(True, "50.0 mm at the detector"), (False, "50.0 mm")]
)
def test_a_ruler_knows_millimetres(
    view: FilmView, qtbot: QtBot, at_detector: bool, text: str
) -> None:
    spacing = PixelSpacing(0.3, 0.3, at_detector=at_detector)
    view.set_film(ramp_pyramid(spacing=spacing))
    view.set_ruler(True)
    with qtbot.waitSignal(view.measured) as told:
        drag(view, LEFT, QPoint(80, 60), QPoint(155, 160))
    assert told.args == [f"Measured: {text}"]
    view.set_film(ramp_pyramid())
    assert view.rulers == []  # another film has none


def test_a_ruler_is_drawn_and_turns_with_the_film(view: FilmView) -> None:
    view.set_ruler(True)
    before = view.grab().toImage()
    drag(view, LEFT, QPoint(80, 60), QPoint(80, 200))
    assert view.grab().toImage().pixel(80, 130) != before.pixel(80, 130)
    view.turn(1)
    at = view.viewport.transform.map(view.rulers[0].start)
    assert (at.x(), at.y()) == pytest.approx((290, 30))


def test_a_ruler_can_do_without_a_mouse(view: FilmView, qtbot: QtBot) -> None:
    view.set_ruler(True)
    for key in (Qt.Key.Key_Return, *[Qt.Key.Key_Right] * 6, Qt.Key.Key_Return):
        qtbot.keyClick(view, key)
    assert [ruler.text(None) for ruler in view.rulers] == ["80 pixels"]
    middle = view.viewport.film_point(QPointF(view.rect().center()))
    assert view.rulers[0].start == middle
    qtbot.keyClick(view, Qt.Key.Key_Return)
    qtbot.keyClick(view, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(view, Qt.Key.Key_Escape)
    assert len(view.rulers) == 1


def test_the_magnifier_shows_each_pixel_of_a_large_film(view: FilmView) -> None:
    pixels = np.zeros((1200, 1200), np.uint8)
    pixels[:, ::2] = 255  # lines that no smaller copy shows
    facts = FilmFacts("PNG", 1200, 1200, 8, "grey", 1)
    view.set_film(build_pyramid(Radiograph(pixels, 0, 255, Path("f.png"), facts)))
    hover(view, 200, 100)
    plain = [shade(view, x, 100) for x in range(190, 210)]
    view.set_magnifier(True)
    larger = [shade(view, x, 100) for x in range(190, 210)]
    assert max(plain) - min(plain) < 30
    assert max(larger) - min(larger) > 200
    assert shade(view, 330, 100) == pytest.approx(128, abs=2)  # beside the glass
    view.set_magnifier(False)
    assert [shade(view, x, 100) for x in range(190, 210)] == plain


def test_a_right_click_asks_for_the_menu_and_a_right_drag_does_not(
    view: FilmView, qtbot: QtBot
) -> None:
    window = view.grey_window
    with qtbot.assertNotEmitted(view.menu_asked):
        drag(view, RIGHT, QPoint(100, 100), QPoint(160, 100))
    assert view.grey_window != window
    window = view.grey_window
    with qtbot.waitSignal(view.menu_asked) as told:
        drag(view, RIGHT, QPoint(100, 100), QPoint(102, 101))
    assert view.grey_window == window
    assert isinstance(told.args[0], QPoint)


def test_the_menu_key_asks_for_the_menu(view: FilmView, qtbot: QtBot) -> None:
    for reason, is_asked in (
        (QContextMenuEvent.Reason.Mouse, False),
        (QContextMenuEvent.Reason.Keyboard, True),
    ):
        asked: list[QPoint] = []
        view.menu_asked.connect(asked.append)
        QApplication.sendEvent(view, QContextMenuEvent(reason, QPoint(5, 5)))
        assert bool(asked) == is_asked


def test_the_keys_leave_no_cross_behind(view: FilmView, qtbot: QtBot) -> None:
    plain = view.grab().toImage()
    view.set_ruler(True)
    qtbot.keyClick(view, Qt.Key.Key_Left)
    assert view.grab().toImage() != plain
    view.set_ruler(False)
    assert view.grab().toImage() == plain


def test_a_double_click_fits_the_film(view: FilmView, qtbot: QtBot) -> None:
    view.zoom_to(5.0)
    qtbot.mouseDClick(view, LEFT)
    assert view.viewport.is_fitted
