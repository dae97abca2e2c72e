"""Whether the outline of the lungs lies over the film."""

from __future__ import annotations

from PyQt5.QtCore import QObject, pyqtSlot

from desktop.diagnose.actions import DiagnoseActions
from desktop.diagnose.layout import DiagnoseLayout
from desktop.diagnose.session import FilmSession
from desktop.film.outline import Lines, outline_path
from desktop.settings import Settings


class LungOutline(QObject):
    """Shows where the lungs are, on films in which they were found.

    Args:
        session: Whose film is on screen.
        ui: The film.
        commands: The action that shows it.
    """

    def __init__(
        self, session: FilmSession, ui: DiagnoseLayout, commands: DiagnoseActions
    ) -> None:
        super().__init__(ui)
        self._session = session
        self._view = ui.view
        self._action = commands.lungs
        self._action.toggled.connect(self.refresh)

    @property
    def lines(self) -> Lines:
        """As it is on screen; none where it is hidden, or no lungs were found."""
        film = self._session.shown_film
        if film is None or film.reading is None or not self._action.isChecked():
            return ()
        return film.reading.outline

    @pyqtSlot()
    def refresh(self) -> None:
        """Draw that of the film on screen."""
        lines = self.lines
        self._view.set_outline(outline_path(lines) if lines else None)

    def restore(self, settings: Settings) -> None:
        """Show it as at the last end."""
        self._action.setChecked(settings.lungs_shown)

    def keep(self, settings: Settings) -> None:
        """Note whether it is shown, for the next start."""
        settings.lungs_shown = self._action.isChecked()
