"""Help > Keys lists what the window has, and no key means two things."""

from __future__ import annotations

import collections

import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QAction

from desktop.app.keys_dialog import KeysDialog
from desktop.app.main_window import MainWindow


@pytest.fixture
def dialog(window: MainWindow) -> KeysDialog:
    keys = next(
        each for each in window.findChildren(QAction) if each.shortcut() == "F1"
    )
    keys.trigger()
    return window.findChild(KeysDialog)


def test_every_action_with_a_key_is_listed(
    window: MainWindow, dialog: KeysDialog
) -> None:
    said = dialog.table.as_text()
    for action in window.findChildren(QAction):
        if dialog.isAncestorOf(action.parentWidget() or window):
            continue
        if action.shortcuts():
            assert action.text().replace("&", "").removesuffix("…") in said
    for topic in ("File menu", "View menu", "Scan tab", "Retrain tab", "Mouse"):
        assert topic in said
    assert "Right drag\tWindow and level" in said
    dialog.close()


def test_keys_are_searched_with_their_topic(dialog: KeysDialog) -> None:
    dialog.table.text.setText("ctrl+0")
    assert dialog.table.as_text().splitlines() == [
        "Key\tWhat it does",
        "View menu\t",
        "F,  Ctrl+0\tFit to window",
    ]
    dialog.table.text.setText("edit menu")
    assert "Ctrl+V\tPaste film" in dialog.table.as_text()
    dialog.close()


def test_no_key_means_two_things_at_once(window: MainWindow) -> None:
    other_tabs = (window.scan, window.retrain)
    used = collections.Counter(
        key.toString()
        for action in window.findChildren(QAction)
        if not any(tab.isAncestorOf(action.parentWidget()) for tab in other_tabs)
        if action.shortcutContext() == Qt.ShortcutContext.WindowShortcut
        for key in action.shortcuts()
    )
    assert {key for key, count in used.items() if count > 1} == set()
