"""A key that is pressed switches; one that is held shows only meanwhile."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PyQt5.QtCore import QEvent, Qt
from PyQt5.QtGui import QKeyEvent
from PyQt5.QtWidgets import QAction, QApplication, QWidget
from pytestqt.qtbot import QtBot

from desktop.film.key_hold import KeyHold

H = Qt.Key.Key_H


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[QWidget]:
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    qtbot.waitActive(window)
    yield window
    window.close()


@pytest.fixture
def action(window: QWidget) -> QAction:
    action = QAction("Heat map", window)
    action.setCheckable(True)
    action.setShortcut("H")
    window.addAction(action)
    KeyHold(action)
    return action


def repeat(window: QWidget, kind: QEvent.Type) -> None:
    keys = Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(window, QKeyEvent(kind, H, keys, "h", True, 1))


def test_a_short_press_switches_for_good(
    window: QWidget, action: QAction, qtbot: QtBot
) -> None:
    qtbot.keyClick(window, H)
    assert action.isChecked()
    qtbot.wait(400)
    assert action.isChecked()
    qtbot.keyClick(window, H)
    assert not action.isChecked()


def test_a_key_that_is_held_switches_back_when_it_is_let_go(
    window: QWidget, action: QAction, qtbot: QtBot
) -> None:
    qtbot.keyPress(window, H)
    assert action.isChecked()
    for _ in range(3):  # as a keyboard repeats a key that is held
        qtbot.wait(150)
        repeat(window, QEvent.Type.KeyRelease)
        repeat(window, QEvent.Type.KeyPress)
    assert action.isChecked()
    qtbot.keyRelease(window, H)
    assert not action.isChecked()


def test_a_repeated_key_triggers_once(action: QAction) -> None:
    assert not action.autoRepeat()


def test_leaving_the_window_lets_go(
    window: QWidget, action: QAction, qtbot: QtBot
) -> None:
    qtbot.keyPress(window, H)
    qtbot.wait(400)
    QApplication.sendEvent(window, QEvent(QEvent.Type.WindowDeactivate))
    assert not action.isChecked()
    qtbot.keyRelease(window, H)
    assert not action.isChecked()


def test_the_menu_switches_without_a_key(
    window: QWidget, action: QAction, qtbot: QtBot
) -> None:
    action.trigger()
    qtbot.wait(400)
    qtbot.keyRelease(window, H)
    assert action.isChecked()
