"""What can be done to the film on screen: turns, windows, tools, a second film."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from operator import methodcaller
from typing import Final

import numpy as np
from PyQt5.QtCore import QObject, pyqtSlot
from PyQt5.QtWidgets import QAction, QMenu, QWidget

from core.films.pixels import GreyWindow
from desktop.film.key_hold import KeyHold
from desktop.film.pair import FilmPair
from desktop.film.pyramid import FilmPyramid
from desktop.film.view import FilmView

#: Makes an action of a text, the name of an icon or none, and its keys.
MakeAction = Callable[..., QAction]

#: Name -> shares of the film's pixels that are black, and that are not yet white.
#: A plain film has no Hounsfield units: what its values mean changes with every
#: exposure and detector, so that fixed ones, as for CT, would fit no film. Its own
#: values tell instead: lung is its dark part, bone its bright one.
TISSUES: Final = {
    "Lung": (0.02, 0.72),
    "Bone": (0.35, 1.0),
    "Soft tissue": (0.1, 0.95),
}
#: Share of each side that is left out: markers, shutters and air around the patient.
_EDGE: Final = 0.1
#: Share of its width that a window reaches further on both sides, so that its tissue
#: ends in no plain black and white.
_SPARE: Final = 0.1
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
            (self.turn_left, methodcaller("turn", -1)),
            (self.turn_right, methodcaller("turn", 1)),
            (self.flip, methodcaller("turn", 0, flip=True)),
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
            window = tissue_window(film, name)
            self._pair.active.set_window(window.low, window.high)

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
        action.triggered.connect(
            partial(self.do, methodcaller("set_window", low, high))
        )
        return action


def tissue_window(film: FilmPyramid, name: str) -> GreyWindow:
    """The window of this film that brings out one of `TISSUES`. Takes milliseconds."""
    smallest = film.levels[-1]
    rows, columns = (round(_EDGE * side) for side in smallest.shape)
    middle = smallest[rows : smallest.shape[0] - rows, columns : -columns or None]
    values = film.offset + film.step * middle.ravel().astype(np.float64)
    # What the film's own window does not show is no tissue.
    tissue = values[(values > film.low) & (values < film.high)]
    low, high = np.quantile(tissue if tissue.size else values, TISSUES[name])
    spare = _SPARE * (high - low)
    return GreyWindow(name, float(low - spare), float(high + spare))
