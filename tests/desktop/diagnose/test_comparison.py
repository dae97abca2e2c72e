"""Two of the open films side by side, in the window."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from core.data.corrections import read_corrections
from core.model.bundle import ModelBundle
from desktop.app.main_window import MainWindow
from desktop.diagnose import films as film_list
from desktop.diagnose.tab import DiagnoseTab
from desktop.settings import Settings

MakeFilm = Callable[..., Path]


@pytest.fixture
def tab(qtbot: QtBot, tiny_bundle: ModelBundle) -> Iterator[DiagnoseTab]:
    window = MainWindow(Settings(), tiny_bundle.path)
    qtbot.addWidget(window)
    window.resize(1100, 760)
    window.show()
    yield window.diagnose
    window.close()


@pytest.fixture
def paths(make_film: MakeFilm) -> list[Path]:
    return [make_film(f"{name}.png", 60 * i + 20) for i, name in enumerate("abc")]


def open_all(tab: DiagnoseTab, qtbot: QtBot, paths: list[Path]) -> None:
    tab.open_paths(paths)
    qtbot.waitUntil(lambda: not tab.session.is_reading)


def beside(tab: DiagnoseTab) -> str | None:
    film = tab.session.films.beside
    assert tab.ui.pair.is_double == (film is not None)
    return film.path.name if film is not None else None


def on_screen(tab: DiagnoseTab) -> str:
    assert tab.session.shown is not None
    return tab.session.shown.path.name


def test_one_key_shows_the_film_before_beside_and_takes_it_away(
    tab: DiagnoseTab, qtbot: QtBot, paths: list[Path]
) -> None:
    open_all(tab, qtbot, paths)
    tab.session.choose(tab.session.films[1])
    view = tab.ui.view
    qtbot.keyClick(view, Qt.Key.Key_C)
    assert (beside(tab), on_screen(tab)) == ("a.png", "b.png")
    found = tab.session.films[0].found
    assert found is not None
    assert tab.ui.pair.other.film is found.pyramid
    qtbot.keyClick(view, Qt.Key.Key_C)
    assert beside(tab) is None
    tab.session.choose(tab.session.films[0])
    tab.commands.film.compare.trigger()
    assert (beside(tab), on_screen(tab)) == ("b.png", "a.png")  # there is none before


def test_the_strip_chooses_for_the_half_that_the_keys_are_about(
    tab: DiagnoseTab, qtbot: QtBot, paths: list[Path]
) -> None:
    open_all(tab, qtbot, paths)
    tab.commands.film.compare.trigger()
    tab.ui.pair.other.setFocus()
    assert tab.ui.strip.currentIndex().row() == 1
    tab.ui.strip.setCurrentIndex(tab.session.films.index(2))
    assert (beside(tab), on_screen(tab)) == ("c.png", "a.png")
    tab.commands.previous.trigger()
    assert (beside(tab), on_screen(tab)) == ("b.png", "a.png")
    tab.ui.view.setFocus()
    assert tab.ui.strip.currentIndex().row() == 0
    tab.ui.strip.setCurrentIndex(tab.session.films.index(2))
    assert (beside(tab), on_screen(tab)) == ("b.png", "c.png")
    tab.commands.previous.trigger()  # to the one beside: the two change places
    assert (beside(tab), on_screen(tab)) == ("c.png", "b.png")


def test_closing_films_ends_with_one(
    tab: DiagnoseTab, qtbot: QtBot, paths: list[Path]
) -> None:
    open_all(tab, qtbot, paths)
    tab.commands.film.compare.trigger()
    tab.session.close(tab.session.films[1])
    assert (beside(tab), on_screen(tab)) == ("c.png", "a.png")
    tab.commands.close.trigger()
    assert beside(tab) is None
    assert on_screen(tab) == "c.png"
    assert not tab.commands.film.compare.isChecked()
    tab.commands.film.compare.trigger()
    assert not tab.commands.film.compare.isChecked()
    assert "One film alone" in tab.ui.banner.notice.text


def test_keys_and_menus_are_about_one_half(
    tab: DiagnoseTab, qtbot: QtBot, paths: list[Path]
) -> None:
    open_all(tab, qtbot, paths)
    tab.commands.film.compare.trigger()
    pair, actions = tab.ui.pair, tab.commands.film
    assert actions.linked.isEnabled()
    actions.linked.trigger()
    pair.other.setFocus()
    tab.commands.zoom_in.trigger()
    tab.commands.invert.trigger()
    actions.flip.trigger()
    assert not pair.other.viewport.is_fitted
    assert pair.view.viewport.is_fitted
    assert pair.other.inverted
    assert not pair.view.inverted
    assert pair.other.viewport.orientation == "Flipped"
    pair.view.setFocus()
    assert not tab.commands.invert.isChecked()
    actions.compare.trigger()
    assert not actions.linked.isEnabled()


def test_a_film_beside_stays_in_full(
    tab: DiagnoseTab,
    qtbot: QtBot,
    make_film: MakeFilm,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(film_list, "KEPT_BYTES", 0)
    ramp = np.tile(np.linspace(0, 255, 1200).astype(np.uint8), (1200, 1))
    open_all(tab, qtbot, [make_film(f"{i}.png", ramp) for i in range(3)])
    assert tab.session.films[1].is_reduced
    tab.commands.film.compare.trigger()
    assert tab.ui.pair.other.film is not None  # the smaller copy, for now
    tab.ui.pair.other.zoom_to(3.0)
    qtbot.waitUntil(lambda: not tab.session.is_reading)
    assert not tab.session.films[1].is_reduced
    assert tab.ui.pair.other.film.levels[0].shape == (1200, 1200)
    assert tab.ui.pair.other.viewport.zoom == pytest.approx(3.0)
    assert tab.session.films[2].is_reduced


def test_the_tab_key_goes_from_left_to_right(
    tab: DiagnoseTab, qtbot: QtBot, paths: list[Path]
) -> None:
    open_all(tab, qtbot, paths)
    tab.commands.film.compare.trigger()
    pair, strip = tab.ui.pair, tab.ui.strip
    pair.other.setFocus()
    gone_through = [pair.other]
    while len(gone_through) < 4:
        gone_through[-1].focusNextPrevChild(True)
        gone_through.append(QApplication.focusWidget())
    assert gone_through[1:3] == [pair.view, strip]
    assert tab.ui.panel.isAncestorOf(gone_through[3])
    for view in (pair.view, pair.other):
        assert view.accessibleName()


@pytest.mark.qt_log_ignore("does not support")
def test_the_menu_of_the_film_holds_what_the_menus_hold(
    tab: DiagnoseTab, qtbot: QtBot, paths: list[Path]
) -> None:
    open_all(tab, qtbot, paths)
    qtbot.mouseClick(tab.ui.view, Qt.MouseButton.RightButton)
    menu = QApplication.activePopupWidget()
    assert menu is not None
    texts = {action.text().replace("&", "") for action in menu.actions()}
    menu.close()
    assert {"Fit to window", "Window", "Turn and flip", "Magnifier", "Ruler"} <= texts
    in_bar = {
        action.text().replace("&", "")
        for top in tab.window().menuBar().actions()
        for action in top.menu().actions()
    }
    assert texts <= in_bar
    for action in tab.commands.film.all:
        assert not action.shortcut().isEmpty()


def test_what_is_said_and_closed_is_of_the_half_that_was_clicked(
    tab: DiagnoseTab, qtbot: QtBot, paths: list[Path]
) -> None:
    open_all(tab, qtbot, paths[:2])
    tab.commands.film.compare.trigger()
    assert (beside(tab), on_screen(tab)) == ("b.png", "a.png")
    tab.ui.pair.other.setFocus()
    menu = tab.label.menu
    menu.aboutToShow.emit()
    next(x for x in menu.actions() if "Pneumonia" in x.text()).trigger()
    qtbot.waitUntil(lambda: bool(read_corrections()))
    assert [film.name for film in read_corrections()] == ["b.png"]
    tab.commands.close.trigger()
    assert [film.path.name for film in tab.session.films] == ["a.png"]
