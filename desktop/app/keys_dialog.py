"""Every key of the window, and what the mouse does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from PyQt5.QtCore import Qt
from PyQt5.QtGui import QKeySequence
from PyQt5.QtWidgets import QAction, QDialog, QMainWindow, QMenu, QWidget

from desktop.widgets.buttons import copy_button
from desktop.widgets.dialogs import close_buttons, resize_within_screen
from desktop.widgets.layouts import column
from desktop.widgets.search_table import SearchLine, SearchTable

_HEAD: Final = ("Key", "What it does")
#: What is no action of the window: gestures, and the keys of whatever has the focus.
_MOUSE: Final = (
    ("Wheel", "Zoom at the mouse"),
    ("Left drag", "Move the film"),
    ("Right drag", "Window and level"),
    ("Right click", "Menu of the film"),
    ("Double click", "Fit the film to the window"),
    ("H or M held", "Peek: heat map or magnifier until the key is let go"),
    ("Pinch", "Zoom"),
    ("Drop files", "Open films, scan a folder, or import a model"),
)
_FOCUS: Final = (
    (
        "Arrows",
        "Move the film, or the pointer of ruler and magnifier; go through lists",
    ),
    ("Space, Return", "Press what has the focus; explain the bar that is marked"),
    ("Delete", "Close the film that is marked in the strip; delete a scan or a run"),
    ("Tab, Shift+Tab", "Go to the next thing, or back"),
    ("Escape", "Dismiss a message; close a dialog"),
)

Topic = tuple[str, list[tuple[str, str]]]


class KeysDialog(QDialog):
    """Lists the keys by menu, then by tab; stays open while one tries them.

    Attributes:
        table: The keys.
    """

    def __init__(self, window: QMainWindow, tabs: dict[str, QWidget]) -> None:
        """List the keys of a window.

        Args:
            window: Whose menus and actions are looked through.
            tabs: Title -> the tab, for keys that stand in no menu.
        """
        super().__init__(window)
        self.setWindowTitle("Keys")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.table = SearchTable("keys", _HEAD, (190,), self)
        copy = copy_button("&Copy all", self.table.as_text, self)
        buttons = close_buttons(self, copy)
        column((self.table, 1), buttons, of=self, margins=(12, 10, 12, 10))
        self.table.set_lines(
            [
                line
                for title, rows in topics(window, tabs)
                for line in (
                    SearchLine(0, (title, ""), is_bold=True),
                    *(SearchLine(1, row) for row in rows),
                )
            ]
        )
        resize_within_screen(self, 560, 640)


def topics(window: QMainWindow, tabs: dict[str, QWidget]) -> list[Topic]:
    """(title, (key, what it does) of each) of menus, tabs and the mouse."""
    listed: set[QAction] = set()
    found: list[Topic] = []
    for entry in window.menuBar().actions():
        actions = list(_of_menu(entry.menu())) if entry.menu() is not None else []
        listed.update(actions)
        found.append((f"{_plain(entry)} menu", _rows(actions)))
    for title, tab in tabs.items():
        rest = [each for each in tab.findChildren(QAction) if each not in listed]
        found.append((f"{title} tab", _rows(rest)))
    found += [("Mouse, on the film", list(_MOUSE)), ("Everywhere", list(_FOCUS))]
    return [(title, rows) for title, rows in found if rows]


def _of_menu(menu: QMenu) -> Iterator[QAction]:
    for entry in menu.actions():
        if entry.menu() is not None:
            yield from _of_menu(entry.menu())
        elif not entry.isSeparator():
            yield entry


def _rows(actions: list[QAction]) -> list[tuple[str, str]]:
    """Those with a key, each key of the same name once."""
    rows = ((_keys(each), _plain(each)) for each in actions if each.shortcuts())
    return list(dict.fromkeys(rows))


def _keys(action: QAction) -> str:
    native = QKeySequence.SequenceFormat.NativeText
    return ",  ".join(dict.fromkeys(key.toString(native) for key in action.shortcuts()))


def _plain(action: QAction) -> str:
    text = action.text().replace("&&", "\0").replace("&", "").replace("\0", "&")
    return text.removesuffix("…")
