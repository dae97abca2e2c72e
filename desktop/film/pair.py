"""A film on screen, and another one beside it to compare it with."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PyQt5.QtCore import QPoint, pyqtSignal, pyqtSlot
from PyQt5.QtGui import QPainter, QPaintEvent, QPalette
from PyQt5.QtWidgets import QWidget

from desktop.film.pyramid import FilmPyramid
from desktop.film.view import FilmView
from desktop.style.overlay_text import GROUND, INK
from desktop.widgets.labels import ElidedLabel
from desktop.widgets.layouts import column, row


class FilmPair(QWidget):
    """One film, or two with their names above them.

    While they are linked, each shows what is done to the other: zoom, place, window
    and inversion. How a film is turned stays its own.

    Attributes:
        view: The film on screen; the right one of two.
        other: The left one; hidden while there is one alone.

    Signals:
        active_changed: the keys and the menus are about the other one of two now.
        menu_asked: QPoint. The menu of a film is wanted, at a place of the screen.
        measured: str. The length of a line that was drawn.
    """

    active_changed = pyqtSignal()
    menu_asked = pyqtSignal(QPoint)
    measured = pyqtSignal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.other, self.view = FilmView(self), FilmView(self)
        self.other.setAccessibleName("Film to compare with")
        self._names = {self.other: _Name(self), self.view: _Name(self)}
        self._active = self.view
        self._is_linked = True
        self._is_following = False
        self._left = QWidget(self)
        column(self._names[self.other], (self.other, 1), of=self._left, gap=0)
        right = column(self._names[self.view], (self.view, 1), gap=0)
        row((self._left, 1), (right, 1), of=self, gap=2)
        for view in self._names:
            lead = partial(self._lead, view)
            view.focused.connect(partial(self._activate, view))
            view.menu_asked.connect(self.menu_asked)
            view.measured.connect(self.measured)
            view.place_changed.connect(partial(lead, FilmView.follow_place))
            view.window_changed.connect(partial(lead, FilmView.follow_window))
            view.inversion_changed.connect(partial(lead, FilmView.follow_window))
        self.show_alone()

    @property
    def active(self) -> FilmView:
        """The film that the keys and the menus are about."""
        return self._active

    @property
    def is_double(self) -> bool:
        """Whether two films are shown."""
        return not self._left.isHidden()

    def set_name(self, name: str) -> None:
        """Name the film on screen, which is read where there are two."""
        self._names[self.view].set_text(name)

    def show_beside(
        self, film: FilmPyramid | None, name: str, *, keep_view: bool = False
    ) -> None:
        """Show another film to the left.

        Args:
            film: None for one that is still being read.
            name: Of its file.
            keep_view: The same film in another resolution.
        """
        self._names[self.other].set_text(name)
        self.other.setAccessibleDescription(name)
        is_following, self._is_following = self._is_following, True
        self.other.set_film(film, keep_view=keep_view)
        self._is_following = is_following
        for part in (self._left, self._names[self.view]):
            part.show()
        self._lead_in_all(self.view)

    def show_alone(self) -> None:
        """Show the film on screen alone."""
        if self.other.hasFocus():
            self.view.setFocus()
        self._activate(self.view)
        for part in (self._left, self._names[self.view]):
            part.hide()
        self.other.set_film(None)

    @pyqtSlot(bool)
    def set_linked(self, is_linked: bool) -> None:
        """Let what is done to one film be done to both, or to that one alone."""
        self._is_linked = is_linked
        self._lead_in_all(self._active)

    def _lead_in_all(self, leader: FilmView) -> None:
        self._lead(leader, FilmView.follow_place)
        self._lead(leader, FilmView.follow_window)

    def _lead(
        self, leader: FilmView, follow: Callable[[FilmView, FilmView], None], *_: object
    ) -> None:
        """Let the other one of two films follow."""
        if self._is_linked and self.is_double and not self._is_following:
            self._is_following = True
            follow(self.other if leader is self.view else self.view, leader)
            self._is_following = False

    def _activate(self, view: FilmView) -> None:
        if view is not self._active:
            self._active = view
            self.active_changed.emit()
        for each, name in self._names.items():
            name.set_marked(each is view)


class _Name(ElidedLabel):
    """Stands above a film; a line below it marks the one that the keys are about."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__("", parent)
        self._is_marked = False
        self.setContentsMargins(10, 0, 10, 0)
        self.setFixedHeight(self.fontMetrics().height() + 12)

    def set_marked(self, is_marked: bool) -> None:
        self._is_marked = is_marked
        self.update()

    # Qt overrides

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), GROUND)
        if self._is_marked:
            accent = self.palette().color(QPalette.ColorRole.Highlight)
            painter.fillRect(0, self.height() - 2, self.width(), 2, accent)
        painter.setPen(INK)
        self.paint_text(painter)
