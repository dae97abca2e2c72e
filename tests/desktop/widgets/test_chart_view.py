"""Charts in the window: drawn beside it, zoomed, saved, and drawn anew."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image
from PyQt5.QtCore import QPoint, Qt
from PyQt5.QtGui import QColor
from PyQt5.QtWidgets import QAction, QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from core.reports.bar_charts import Measured, interval_chart
from core.reports.chart_style import ChartColours
from desktop.widgets.chart_view import ChartView

ROWS = [Measured("Accuracy", 0.8, 0.7, 0.9), Measured("Recall", 0.5, 0.4, 0.6)]


def draw(size: tuple[int, int], colours: ChartColours) -> Figure:
    return interval_chart(ROWS, "Rate", size=size, colours=colours)


@pytest.fixture
def view(qtbot: QtBot) -> Iterator[ChartView]:
    view = ChartView()
    qtbot.addWidget(view)
    view.resize(420, 200)
    view.set_drawing(draw, "Two rates")
    view.show()
    qtbot.waitUntil(lambda: view.is_drawn, timeout=20000)
    yield view
    view.close()


def colours_of(view: ChartView) -> set[int]:
    image = view.grab().toImage()
    return {
        image.pixel(x, y)
        for x in range(0, image.width(), 2)
        for y in range(0, image.height(), 2)
    }


def action(view: ChartView, name: str) -> QAction:
    (found,) = (each for each in view.tools.actions() if each.text() == name)
    return found


def test_no_chart_is_drawn_in_the_thread_of_the_window(
    view: ChartView, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = []
    original = FigureCanvasAgg.draw

    def noted(canvas: FigureCanvasAgg) -> None:
        threads.append(threading.current_thread())
        original(canvas)

    monkeypatch.setattr(FigureCanvasAgg, "draw", noted)
    view.resize(600, 260)
    qtbot.waitUntil(lambda: bool(threads) and view.is_drawn, timeout=20000)
    assert len(colours_of(view)) > 10
    assert threading.main_thread() not in threads
    assert (view.canvas.width(), view.canvas.height()) == (600, 260)


def test_zoom_goes_in_and_home_out_again(view: ChartView, qtbot: QtBot) -> None:
    (axes,) = view.canvas.figure.axes
    whole = axes.get_xlim()
    action(view, "Zoom").trigger()
    left = Qt.MouseButton.LeftButton
    qtbot.mousePress(view.canvas, left, pos=QPoint(200, 40))
    qtbot.mouseMove(view.canvas, QPoint(300, 120))
    qtbot.mouseRelease(view.canvas, left, pos=QPoint(300, 120))
    low, high = axes.get_xlim()
    assert high - low < whole[1] - whole[0]
    action(view, "Home").trigger()
    assert axes.get_xlim() == whole


def test_a_chart_is_saved_as_it_is_shown(
    view: ChartView, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "chart.png"
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *_, **__: (str(target), "")
    )
    action(view, "Save").trigger()
    with Image.open(target) as saved:
        assert saved.size == (420, 200)
        ground = saved.convert("RGB").getpixel((1, 1))
    shown = view.palette().window().color()
    assert ground == QColor(shown).getRgb()[:3]


def test_the_buttons_come_with_the_focus_and_are_within_its_reach(
    view: ChartView, qtbot: QtBot
) -> None:
    view.clearFocus()
    assert not view.tools.isVisible()
    view.setFocus(Qt.FocusReason.TabFocusReason)
    assert view.tools.isVisible()
    names = set()
    for _ in range(4):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        assert view.tools.isVisible()
        names.add(QApplication.focusWidget().accessibleName())
    assert names == {"Home", "Pan", "Zoom", "Save"}
    assert view.rect().contains(view.tools.geometry())
