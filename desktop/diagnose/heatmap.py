"""Which finding's evidence lies over the film."""

from __future__ import annotations

from typing import Final

from PyQt5.QtCore import QObject, pyqtSlot
from PyQt5.QtGui import QImage

from core.model.gradcam import colour_table, contours, heatmap_from_evidence
from desktop.diagnose.actions import DiagnoseActions
from desktop.diagnose.layout import DiagnoseLayout
from desktop.diagnose.reading import Reading
from desktop.diagnose.session import FilmSession
from desktop.film.pyramid import contour_image, heat_image
from desktop.settings import Settings

#: Contours are lines, so their picture has more pixels than a heat map's.
_FINER: Final = 2


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
        ui.panel.heat.contour.toggled.connect(self.refresh)
        ui.panel.heat.opacity_changed.connect(ui.view.set_heatmap_opacity)
        commands.finding_asked.connect(self.choose)
        commands.heatmap.triggered.connect(self.set_shown)

    @property
    def label(self) -> str | None:
        """The finding whose heat map is on screen, or would be."""
        shown = self._session.shown
        return shown.label or None if shown is not None else None

    @pyqtSlot()
    def refresh(self) -> None:
        """Draw that of the film on screen; none where there is no verdict."""
        film, label = self._session.shown_film, self.label
        if film is None or film.reading is None or label is None:
            self._ui.view.set_heatmap(None)
            return
        self._ui.view.set_heatmap(self._image(film.reading, label))
        self._ui.panel.choose(film.reading, label)
        self._commands.mark_finding(label)

    def _image(self, reading: Reading, label: str) -> QImage:
        heat = reading.heatmaps[label]
        if not self._ui.panel.heat.contour.isChecked():
            return heat_image(heat, colour_table())
        fine = _FINER * heat.shape[0], _FINER * heat.shape[1]
        evidence = reading.evidence_for(label)
        return contour_image(contours(heatmap_from_evidence(evidence, fine)))

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
        self._ui.panel.heat.contour.setChecked(settings.heatmap_contour)
        self.set_shown(settings.heatmap_shown)

    def keep(self, settings: Settings) -> None:
        """Note how it is shown, for the next start."""
        settings.heatmap_shown = self._commands.heatmap.isChecked()
        settings.heatmap_contour = self._ui.panel.heat.contour.isChecked()
        settings.heatmap_opacity = self._ui.panel.heat.opacity
