"""Saying what the film on screen really shows, in the real window."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PyQt5.QtWidgets import QToolBar, QToolButton
from pytestqt.qtbot import QtBot

from core.data.corrections import correct, read_corrections
from core.paths import corrected_films
from core.program import edition
from desktop.app.main_window import MainWindow
from tests.scan_folder import png, write_films


@pytest.fixture
def films(tmp_path: Path) -> list[Path]:
    folder = write_films(tmp_path / "in", "a.png", "b.png")
    return sorted(folder.iterdir())


def open_films(window: MainWindow, qtbot: QtBot, films: list[Path]) -> None:
    window.open_paths(films)
    session = window.diagnose.session
    qtbot.waitUntil(lambda: session.shown is not None and not session.is_reading)


def choose(window: MainWindow, text: str) -> None:
    menu = window.diagnose.label.menu
    menu.aboutToShow.emit()
    next(each for each in menu.actions() if text in each.text()).trigger()


def said(window: MainWindow) -> str:
    return window.diagnose.label.menu.menuAction().iconText().strip()


def test_the_film_on_screen_is_corrected_and_says_so(
    window: MainWindow, qtbot: QtBot, films: list[Path]
) -> None:
    action = window.diagnose.label.menu.menuAction()
    assert not action.isEnabled()
    open_films(window, qtbot, films)
    assert action.isEnabled()
    assert said(window) == "Label"
    choose(window, "Pneumonia")
    qtbot.waitUntil(lambda: said(window) == "Pneumonia")
    assert [each.label for each in read_corrections().values()] == ["pneumonia"]
    words = window._status.activity.text
    assert words == "a.png: corrected to Pneumonia. 1 film corrected so far."
    window.diagnose.commands.next.trigger()
    assert said(window) == "Label"
    window.diagnose.commands.previous.trigger()
    assert said(window) == "Pneumonia"
    choose(window, "Not usable")
    qtbot.waitUntil(lambda: said(window) == "Not usable")
    choose(window, "Take the correction back")
    qtbot.waitUntil(lambda: said(window) == "Label")
    assert read_corrections() == {}


def test_the_tool_bar_opens_the_menu(window: MainWindow) -> None:
    action = window.diagnose.label.menu.menuAction()
    bar = window.diagnose.findChild(QToolBar, "filmTools")
    button = bar.widgetForAction(action)
    assert button.popupMode() == QToolButton.ToolButtonPopupMode.InstantPopup
    assert button.accessibleName() == "Label"


def test_what_was_said_at_an_earlier_start_is_known(
    window: MainWindow, qtbot: QtBot, films: list[Path]
) -> None:
    correct(films[:1], "normal")
    open_films(window, qtbot, films)
    window.corrections.load()
    qtbot.waitUntil(lambda: said(window) == "Normal")


def test_a_film_that_changed_since_is_told(
    window: MainWindow, qtbot: QtBot, films: list[Path]
) -> None:
    correct(films[:1], "normal")
    films[0].write_bytes(png(20))
    window.corrections.load()
    qtbot.waitUntil(lambda: bool(window.corrections.known))
    open_films(window, qtbot, films)
    banner = window.diagnose.ui.banner
    qtbot.waitUntil(banner.isVisible)
    assert banner.notice.text == "a.png has changed since you corrected its label."
    assert "training leaves it out" in banner.notice.hint


def test_a_pasted_picture_has_no_file_to_be_listed(
    window: MainWindow, qtbot: QtBot
) -> None:
    pixels = np.full((64, 64, 3), 90, np.uint8)
    window.diagnose.session.open_picture(pixels)
    session = window.diagnose.session
    qtbot.waitUntil(lambda: session.shown is not None and not session.is_reading)
    assert not window.diagnose.label.menu.menuAction().isEnabled()


def test_a_refusal_is_shown_in_the_tab_that_is_open(
    window: MainWindow, qtbot: QtBot, films: list[Path]
) -> None:
    open_films(window, qtbot, films)
    films[0].unlink()
    choose(window, "Pneumonia")
    banner = window.diagnose.ui.banner
    qtbot.waitUntil(banner.isVisible)
    assert banner.notice.text.startswith("a.png cannot be read")


@pytest.mark.skipif(not edition.can_train(), reason="the reader edition trains nothing")
def test_a_training_takes_the_corrected_films(
    window: MainWindow, qtbot: QtBot, films: list[Path]
) -> None:
    open_films(window, qtbot, films)
    choose(window, "Pneumonia")
    qtbot.waitUntil(lambda: said(window) == "Pneumonia")
    choose(window, "Retrain on corrected films (1)")
    assert window._tabs.currentWidget() is window.retrain
    data = window.retrain.new_page.data
    assert data.data == corrected_films()
    assert data.chooser.corrected_button.isVisible()
    data.set_data(films[0].parent)
    data.chooser.corrected_button.click()
    assert data.data == corrected_films()
