"""Alt and a letter does one thing on every page, in every dialog and menu."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QAbstractButton, QLabel, QMenu, QMenuBar, QTabBar, QWidget
from pytestqt.qtbot import QtBot

from core.model.bundle import ModelBundle
from tests.finished_scan import write_scan
from tests.whole_window import WholeWindow


@pytest.fixture
def whole(
    qtbot: QtBot, tiny_bundle: ModelBundle, tmp_path: Path
) -> Iterator[WholeWindow]:
    scan = write_scan(tiny_bundle, tmp_path)
    whole = WholeWindow(qtbot, tiny_bundle, tmp_path, scan)
    yield whole
    whole.window.close()


def letter_of(text: str) -> str:
    """What is underlined in a text; "&&" is a sign that is written."""
    found = re.search("&([^&])", text.replace("&&", ""))
    return found[1].lower() if found else ""


def clashes(texts: Iterable[str]) -> list[str]:
    """Each letter that is underlined twice, and where."""
    used: dict[str, set[str]] = {}
    for text in texts:
        if letter := letter_of(text):
            used.setdefault(letter, set()).add(text)
    return [f"{letter}: {sorted(x)}" for letter, x in used.items() if len(x) > 1]


def texts_in(widget: QWidget) -> Iterator[str]:
    """What can be pressed by Alt and a letter now; of twins each alone."""
    for number, each in enumerate(widget.findChildren(QWidget)):
        if not each.isVisible() or each.window() is not widget.window():
            continue
        if isinstance(each, QTabBar):
            yield from (each.tabText(i) for i in range(each.count()))
        elif isinstance(each, QMenuBar):
            yield from (action.text() for action in each.actions())
        elif isinstance(each, QAbstractButton):
            yield f"{each.text()} ({number})"
        elif isinstance(each, QLabel) and each.buddy() is not None:
            yield each.text()


@pytest.mark.slow
def test_no_letter_is_used_twice(whole: WholeWindow) -> None:
    found = []
    for page in whole.pages():
        found += [f"{page}: {x}" for x in clashes(texts_in(whole.window))]
    for dialog in whole.dialogs():
        found += [f"{type(dialog).__name__}: {x}" for x in clashes(texts_in(dialog))]
    for menu in whole.window.findChildren(QMenu):
        texts = [action.text() for action in menu.actions()]
        found += [f"menu {menu.title()}: {x}" for x in clashes(texts)]
    assert not found, "\n".join(found)


@pytest.mark.slow
@pytest.mark.qt_log_ignore("does not support")
def test_alt_h_opens_help(whole: WholeWindow, qtbot: QtBot) -> None:
    for page in whole.pages():
        if page == "Diagnose":
            break
    window, bar = whole.window, whole.window.menuBar()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    is_shown = window.diagnose.commands.heatmap.isChecked()
    qtbot.keyClick(window.focusWidget(), Qt.Key.Key_H, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: bar.activeAction() is not None)
    assert bar.activeAction().text() == "&Help"
    assert window.diagnose.commands.heatmap.isChecked() == is_shown
    bar.activeAction().menu().close()
