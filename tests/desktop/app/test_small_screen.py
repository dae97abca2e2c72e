"""Nothing is cut off where the screen is small, or drawn at twice the size."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt5.QtCore import QRect, QSize
from PyQt5.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QComboBox,
    QDialog,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QStatusBar,
    QWidget,
)
from pytestqt.qtbot import QtBot

from core.model.bundle import ModelBundle
from desktop.style import theme
from desktop.widgets import dialogs
from desktop.widgets.dialogs import fit_on_screen
from tests.finished_scan import write_scan
from tests.whole_window import WholeWindow

#: Logical pixels of screens of 1000 x 800 and of 1920 x 1000 at twice the size.
_SMALLEST, _LOW = QSize(500, 400), QSize(960, 500)
#: Rows of a form are a little closer than their text fields would have it.
_ROUNDED_PX = 2


@pytest.fixture
def whole(
    own_widgets: object,
    qtbot: QtBot,
    tiny_bundle: ModelBundle,
    tmp_path: Path,
    qapp: object,
) -> Iterator[WholeWindow]:
    theme.prepare(qapp)
    theme.apply(qapp, "dark")
    scan = write_scan(tiny_bundle, tmp_path)
    whole = WholeWindow(qtbot, tiny_bundle, tmp_path, scan)
    yield whole
    whole.window.close()
    qapp.setStyleSheet("")


def cut_off(window: QWidget) -> list[str]:
    """What is smaller than its text, or lies outside of what can be scrolled to."""
    found = []
    for each in window.findChildren(QWidget):
        if each.window() is not window.window() or not each.isVisible():
            continue
        if not isinstance(each, QLabel | QAbstractButton | QLineEdit | QComboBox):
            continue
        words = getattr(each, "text", str)() or type(each).__name__
        least, size = each.minimumSizeHint(), each.size()
        is_cut_on_purpose = (
            each.sizePolicy().horizontalPolicy() == QSizePolicy.Policy.Ignored
        )
        if size.width() < least.width() and not is_cut_on_purpose:
            found.append(f"{words!r} is {size.width()} of {least.width()} wide")
        if size.height() < least.height() - _ROUNDED_PX:
            found.append(f"{words!r} is {size.height()} of {least.height()} high")
        if outside := _outside(each):
            found.append(f"{words!r} is outside of {outside}")
    return found


def _outside(widget: QWidget) -> str:
    """The ancestor that a widget is partly outside of, before one that scrolls."""
    place, parent = QRect(widget.rect()), widget
    while not parent.isWindow():
        place.translate(parent.pos())
        parent = parent.parentWidget()
        if isinstance(parent.parentWidget(), QAbstractScrollArea):
            return ""  # it is scrolled to
        if not parent.rect().contains(place):
            return f"{type(parent).__name__} {parent.objectName()}"
    return ""


@pytest.mark.slow
@pytest.mark.parametrize("size", [_SMALLEST, _LOW], ids=["1000x800", "1920x1000"])
def test_nothing_is_cut_off_at_twice_the_size(
    whole: WholeWindow, monkeypatch: pytest.MonkeyPatch, size: QSize
) -> None:
    found = []
    whole.window.resize(size)
    for page in whole.pages():
        assert whole.window.size() == size, page
        found += [f"{page}: {words}" for words in cut_off(whole.window)]
    room = size - QSize(20, 60)
    monkeypatch.setattr(dialogs, "room_for", lambda dialog: room)
    assert len(list(whole.window.findChildren(QStatusBar))) == 1
    for dialog in whole.dialogs():
        assert isinstance(dialog, QDialog)
        fit_on_screen(dialog)
        dialog.repaint()
        name = type(dialog).__name__
        if dialog.width() > room.width() or dialog.height() > room.height():
            found.append(f"{name} is {dialog.size()}")
        found += [f"{name}: {words}" for words in cut_off(dialog)]
    assert not found, "\n".join(found)
    assert whole.window.findChild(QStatusBar).width() == size.width()
