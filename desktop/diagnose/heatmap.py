"""Which finding's evidence lies over the film."""

from __future__ import annotations

from PyQt5.QtCore import QObject, pyqtSlot

from core.model.gradcam import colour_table
from desktop.diagnose.actions import DiagnoseActions
from desktop.diagnose.layout import DiagnoseLayout
from desktop.diagnose.session import FilmSession
from desktop.film.pyramid import heat_image
from desktop.settings import Settings


class HeatMap(QObject):
    """Shows the heat map of one finding, on the film and in its controls.

    Args:
        session: Whose film is on screen.
        ui: The film and the panel beside it.
        commands: The actions that show it and choose the finding.
    """

    def __init__(
        self, session: FilmSession, ui: DiagnoseLayout, commands: DiagnoseActions
    ) -> None:
        super().__init__(ui)
        self._session = session
        self._ui = ui
        self._commands = commands
        ui.panel.finding_chosen.connect(self.choose)
        ui.panel.heat.shown_changed.connect(self.set_shown)
        ui.panel.heat.opacity_changed.connect(ui.view.set_heatmap_opacity)
        commands.finding_asked.connect(self.choose)
        commands.heatmap.triggered.connect(self.set_shown)

    @property
    def label(self) -> str | None:
        """The finding whose heat map is on screen, or would be."""
        shown = self._session.shown
        return shown.label or None if shown is not None else None

    def refresh(self) -> None:
        """Draw that of the film on screen; none where it was not read."""
        film, label = self._session.shown_film, self.label
        if film is None or film.reading is None or label is None:
            self._ui.view.set_heatmap(None)
            return
        heat = film.reading.heatmaps[label]
        self._ui.view.set_heatmap(heat_image(heat, colour_table()))
        self._ui.panel.choose(film.reading, label)
        self._commands.mark_finding(label)

    @pyqtSlot(str)
    def choose(self, label: str) -> None:
        """Show the heat map of a finding for the film on screen."""
        shown, film = self._session.shown, self._session.shown_film
        reading = film.reading if film is not None else None
        if shown is not None and reading is not None and label in reading.heatmaps:
            shown.label = label
            self.set_shown(True)
            self.refresh()

    @pyqtSlot(bool)
    def set_shown(self, shown: bool) -> None:
        """Show or hide heat maps, of this film and the next ones."""
        self._ui.panel.heat.set_shown(shown)
        self._commands.heatmap.setChecked(shown)
        self._ui.view.set_heatmap_shown(shown)

    def restore(self, settings: Settings) -> None:
        """Show it as at the last end."""
        self._ui.panel.heat.set_opacity(settings.heatmap_opacity)
        self._ui.view.set_heatmap_opacity(settings.heatmap_opacity)
        self.set_shown(settings.heatmap_shown)

    def keep(self, settings: Settings) -> None:
        """Note how it is shown, for the next start."""
        settings.heatmap_shown = self._commands.heatmap.isChecked()
        settings.heatmap_opacity = self._ui.panel.heat.opacity
