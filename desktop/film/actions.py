"""What can be done to the film on screen: turns, windows, tools, a second film."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from PyQt5.QtCore import QObject, pyqtSlot
from PyQt5.QtWidgets import QAction, QMenu, QWidget

from core.films.pixels import GreyWindow
from desktop.film.key_hold import KeyHold
from desktop.film.pair import FilmPair
from desktop.film.view import FilmView
from desktop.film.windows import TISSUES, tissue_window

#: Makes an action of a text, the name of an icon or none, and its keys.
MakeAction = Callable[..., QAction]

_TISSUE_KEYS: Final = ("F6", "F7", "F8")
_TISSUE_TIP: Final = (
    "Plain films have no fixed scale as CT has: the window is taken\n"
    "from this film's own values, of which lung has the dark ones"
)


class FilmActions(QObject):
    """The actions; `connect_to` ties them to the film that they are about.

    Attributes:
        windows: Menu of the windows of the film and of tissues.
        turns: Menu of turns and flips.
    """

    def __init__(self, owner: QWidget, make: MakeAction) -> None:
        super().__init__(owner)
        self._pair: FilmPair | None = None
        self.turn_left = make("Turn &left", "turn_left", "Ctrl+L")
        self.turn_right = make("Turn &right", "turn_right", "Ctrl+R")
        self.flip = make("&Flip left and right", "flip", "X")
        self.turn_back = make("&As it was read", "", "Shift+X")
        self.tissues = [
            make(f"&{name}", "", key)
            for name, key in zip(TISSUES, _TISSUE_KEYS, strict=True)
        ]
        self.magnifier = make("&Magnifier", "magnifier", "M")
        self.ruler = make("R&uler", "ruler", "D")
        self.remove_rulers = make("&Delete measurements", "", "Shift+D")
        self.compare = make("Compar&e with another film", "compare", "C")
        self.linked = make("Lin&k both films", "linked", "Shift+C")
        self.menu = make("Menu of the film", "", "Shift+F10")
        for action in (self.magnifier, self.ruler, self.compare, self.linked):
            action.setCheckable(True)
        self.linked.setChecked(True)
        for action in self.tissues:
            action.setToolTip(f"{action.toolTip()}\n{_TISSUE_TIP}")
        KeyHold(self.magnifier)
        self.turns = QMenu("&Turn and flip", owner)
        self.turns.addActions([self.turn_left, self.turn_right, self.flip])
        self.turns.addSeparator()
        self.turns.addAction(self.turn_back)
        self.windows = QMenu("&Window", owner)
        self.windows.setToolTipsVisible(True)
        self._own: list[QAction] = []
        self.windows.aboutToShow.connect(self._show_own_windows)

    @property
    def all(self) -> Sequence[QAction]:
        """Those that make sense while a film is on screen."""
        return (
            *(self.turn_left, self.turn_right, self.flip, self.turn_back),
            *(*self.tissues, self.magnifier, self.ruler, self.remove_rulers),
            *(self.compare, self.menu),
        )

    def connect_to(self, pair: FilmPair) -> None:
        """Have them do it to a film, or to the active one of two."""
        self._pair = pair
        for action, does in (
            (self.turn_left, FilmView.turn_left),
            (self.turn_right, FilmView.turn_right),
            (self.flip, FilmView.flip),
            (self.turn_back, FilmView.turn_back),
            (self.remove_rulers, FilmView.remove_rulers),
            (self.menu, FilmView.ask_for_menu),
        ):
            action.triggered.connect(partial(self.do, does))
        for name, action in zip(TISSUES, self.tissues, strict=True):
            action.triggered.connect(partial(self._show_tissue, name))
        for view in (pair.view, pair.other):
            self.magnifier.toggled.connect(view.set_magnifier)
            self.ruler.toggled.connect(view.set_ruler)
        self.linked.toggled.connect(pair.set_linked)

    def do(self, does: Callable[[FilmView], None], *_: object) -> None:
        """Do something to the film that the keys are about."""
        assert self._pair is not None
        does(self._pair.active)

    def _show_tissue(self, name: str, *_: object) -> None:
        assert self._pair is not None
        film = self._pair.active.film
        if film is not None:
            self._pair.active.use_window(tissue_window(film, name))

    @pyqtSlot()
    def _show_own_windows(self) -> None:
        """Offer those that the file of the film has, above all others."""
        for action in self._own:
            self.windows.removeAction(action)
            action.deleteLater()
        self._own = []
        film = self._pair.active.film if self._pair is not None else None
        if film is None or not film.windows:
            return
        first = self.windows.actions()[0]
        self._own = [self._own_window(window) for window in film.windows]
        separator = QAction(self.windows)
        separator.setSeparator(True)
        self._own.append(separator)
        self.windows.insertActions(first, self._own)

    def _own_window(self, window: GreyWindow) -> QAction:
        assert self._pair is not None
        action = QAction(window.name.replace("&", "&&"), self.windows)
        low, high = window.low, window.high
        action.setToolTip(f"Of the file: {low:,.6g} is black, {high:,.6g} white")
        action.setCheckable(True)
        action.setChecked(self._pair.active.grey_window == (low, high))
        action.triggered.connect(partial(self.do, partial(_use, window)))
        return action


def _use(window: GreyWindow, view: FilmView) -> None:
    view.use_window(window)
