"""Another of the open films beside the one on screen."""

from __future__ import annotations

from PyQt5.QtCore import QObject, pyqtSlot

from core.films.radiograph import display_name
from desktop.diagnose.actions import DiagnoseActions
from desktop.diagnose.films import OpenFilm
from desktop.diagnose.layout import DiagnoseLayout
from desktop.diagnose.session import FilmSession
from desktop.widgets.notify import Notice


class Comparison(QObject):
    """Shows two films side by side; verdict and heat map are of the right one.

    The left one is the film before it in the strip, or the next one, until another
    is chosen: what is chosen in the strip comes to the half that the keys are about.

    Args:
        session: Whose films they are.
        ui: The films and the strip.
        commands: The action that begins and ends it.
    """

    def __init__(
        self, session: FilmSession, ui: DiagnoseLayout, commands: DiagnoseActions
    ) -> None:
        super().__init__(ui)
        self._session = session
        self._ui = ui
        self._action = commands.film.compare
        self._on_screen: OpenFilm | None = None
        self._shown_beside: OpenFilm | None = None
        self._action.toggled.connect(self._set_on)
        session.film_shown.connect(self._on_film_shown)
        session.beside_changed.connect(self._on_beside_changed)
        session.emptied.connect(self._end)
        session.films.rowsRemoved.connect(self._find_another)
        ui.pair.active_changed.connect(self.mark_current)

    @property
    def current(self) -> OpenFilm | None:
        """The film that the keys are about."""
        return self._session.current

    @pyqtSlot()
    def mark_current(self) -> None:
        """Mark it in the strip."""
        is_left = self._ui.pair.active is self._ui.pair.other
        self._session.is_beside_current = is_left
        if self.current is not None:
            self._ui.strip.show_current(self.current)

    @pyqtSlot(object)
    def choose(self, film: OpenFilm) -> None:
        """Show a film of the strip in the half that the keys are about."""
        if self._ui.pair.active is self._ui.pair.other:
            self._session.compare_with(film)
        else:
            self._session.choose(film)

    def step(self, step: int) -> None:
        """Show the film so many places further in the strip there."""
        if self._ui.pair.active is self._ui.pair.view:
            self._session.step(step)
        elif film := self._session.neighbour(self.current, step):
            self._session.compare_with(film)

    @pyqtSlot(bool)
    def _set_on(self, is_on: bool) -> None:
        if not is_on:
            self._session.films.beside = self._shown_beside = None
            self._ui.pair.show_alone()
        elif len(self._session.films) < 2:
            self._end()
            text = "One film alone is open."
            hint = "Open another one to compare it with."
            self._ui.banner.show_notice(Notice(text, hint))
        else:
            self._find_another()

    @pyqtSlot()
    def _end(self) -> None:
        self._action.setChecked(False)

    @pyqtSlot(object)
    def _on_film_shown(self, film: OpenFilm) -> None:
        before, self._on_screen = self._on_screen, film
        self._ui.pair.set_name(display_name(film.path))
        if film is self._session.films.beside:
            # The two change places, as far as the other one is still open.
            self._session.films.beside = None
            if before is not None and self._session.films.row_of(before) is not None:
                self._session.compare_with(before)
        self._find_another()
        self.mark_current()

    @pyqtSlot()
    def _find_another(self) -> None:
        """Have a film beside the one on screen, if that is wanted and there is one."""
        shown, films = self._session.shown, self._session.films
        if not self._action.isChecked() or films.beside is not None or shown is None:
            return
        near = self._session.neighbour
        film = near(shown, -1) or near(shown, 1)
        if film is not None:
            self._session.compare_with(film)
        else:
            self._end()

    @pyqtSlot(object)
    def _on_beside_changed(self, film: OpenFilm) -> None:
        is_same, self._shown_beside = film is self._shown_beside, film
        pyramid = film.found.pyramid if film.found is not None else None
        name = display_name(film.path)
        is_same = is_same and self._ui.pair.other.film is not None
        self._ui.pair.show_beside(pyramid, name, keep_view=is_same)
        self.mark_current()
