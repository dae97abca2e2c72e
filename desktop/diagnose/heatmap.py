"""What lies over the film: the evidence for a finding, and the outline of the lungs."""

from __future__ import annotations

from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PyQt5.QtCore import QObject, pyqtSlot
from PyQt5.QtGui import QImage

from core.errors import CoreError
from core.model.gradcam import colour_table, contours, heatmap_from_evidence
from core.model.layer_maps.layers import layers_of, scale_note
from desktop.diagnose.actions import DiagnoseActions
from desktop.diagnose.layout import DiagnoseLayout
from desktop.diagnose.reading import Reading, evidence_at
from desktop.diagnose.session import FilmSession
from desktop.film.outline import Lines, outline_path
from desktop.film.pyramid import contour_image, heat_image
from desktop.models.in_use import ModelInUse
from desktop.settings import Settings

#: Contours are lines, so their picture has more pixels than a heat map's.
_FINER: Final = 2


class HeatMap(QObject):
    """Shows the heat map of one finding, on the film and in its controls.

    Args:
        session: Whose film is on screen.
        model: Computes finer heat maps, once they are asked for.
        ui: The film and the panel beside it.
        commands: The actions that show it and choose the finding.
    """

    def __init__(
        self,
        session: FilmSession,
        model: ModelInUse,
        ui: DiagnoseLayout,
        commands: DiagnoseActions,
    ) -> None:
        super().__init__(ui)
        self._session = session
        self._model = model
        self._asked: tuple[Reading, str] | None = None  # of a finer one to come
        self._finer: tuple[Reading, str, NDArray[np.float32]] | None = None
        self._ui = ui
        self._commands = commands
        ui.panel.bars.finding_chosen.connect(self.choose)
        ui.panel.heat.switch.toggled.connect(self.set_shown)
        ui.panel.heat.contour.toggled.connect(self.refresh)
        ui.panel.heat.layer.currentIndexChanged.connect(partial(self.set_shown, True))
        ui.panel.heat.opacity_changed.connect(ui.view.set_heatmap_opacity)
        commands.finding_asked.connect(self.choose)
        commands.heatmap.triggered.connect(self.set_shown)

    @property
    def label(self) -> str | None:
        """The finding whose heat map is on screen, or would be."""
        shown = self._session.shown
        return shown.label or None if shown is not None else None

    @property
    def layer(self) -> str:
        """The earlier layer that it is from; empty for the last one."""
        return self._ui.panel.heat.layer.currentData() or ""

    @property
    def evidence(self) -> NDArray[np.float32] | None:
        """(h, w) float32 that it is drawn from; None where there is none so far."""
        film, label = self._session.shown_film, self.label
        if film is None or film.reading is None or label is None:
            return None
        if not self.layer:
            return film.reading.evidence_for(label)
        if self._finer is None or self._finer[:2] != (film.reading, self.layer):
            return None
        place = film.reading.bundle.card.label_names.index(label)
        return self._finer[2][:, :, place]

    @property
    def about(self) -> str:
        """What a picture with it says of its colours, beside the model."""
        return scale_note(self.layer) if self.layer else ""

    @pyqtSlot()
    def refresh(self) -> None:
        """Draw that of the film on screen; none where there is no verdict."""
        film, label = self._session.shown_film, self.label
        if film is None or film.reading is None or label is None:
            self._ui.view.set_heatmap(None)
            return
        self._ui.panel.heat.set_layers(layers_of(film.reading.bundle.card))
        self._ui.panel.choose(film.reading, label)
        self._commands.mark_finding(label)
        evidence = self.evidence
        if evidence is not None:
            image = self._image(evidence, film.reading.heatmaps[label])
            self._ui.view.set_heatmap(image)
            return
        self._ui.view.set_heatmap(None)
        if not self._commands.heatmap.isChecked():
            self._ui.panel.heat.say("A finer heat map is computed once it is shown.")
            return
        self._ui.panel.heat.say(f"The heat map of {self.layer} is being computed…")
        self._ask_for_finer(film.reading)

    def _image(
        self, evidence: NDArray[np.float32], usual: NDArray[np.float32]
    ) -> QImage:
        height, width = usual.shape
        if self._ui.panel.heat.contour.isChecked():
            fine = heatmap_from_evidence(evidence, (_FINER * height, _FINER * width))
            return contour_image(contours(fine))
        heat = heatmap_from_evidence(evidence, (height, width)) if self.layer else usual
        return heat_image(heat, colour_table())

    def _ask_for_finer(self, reading: Reading) -> None:
        """Have the heat maps of the layer computed, for all findings at once."""
        film, asked = self._session.shown, (reading, self.layer)
        if film is None or film.found is None or asked == self._asked:
            return
        self._asked = asked
        source = film.path, film.pixels, film.found.mends
        self._model.ask(
            partial(evidence_at, *source, reading.bundle, self.layer),
            partial(self._on_computed, asked),
            partial(self._on_failed, asked),
        )

    def _on_computed(
        self, asked: tuple[Reading, str], found: NDArray[np.float32] | None
    ) -> None:
        if asked != self._asked:  # another was asked for since
            return
        self._asked = None
        if found is None:
            self._ui.panel.heat.say("No finer heat map: another model read this film.")
            return
        self._finer = (*asked, found)
        self.refresh()

    def _on_failed(self, asked: tuple[Reading, str], error: CoreError) -> None:
        if asked == self._asked:
            self._asked = None
            self._ui.panel.heat.layer.setCurrentIndex(0)
            self._ui.banner.show_error(error)

    @pyqtSlot(str)
    def choose(self, label: str) -> None:
        """Show the heat map of a finding for the film on screen."""
        shown, film = self._session.shown, self._session.shown_film
        reading = film.reading if film is not None else None
        if shown is not None and reading is not None and label in reading.heatmaps:
            shown.label = label
            self.set_shown(True)

    @pyqtSlot(bool)
    def set_shown(self, shown: bool) -> None:
        """Show or hide heat maps, of this film and the next ones."""
        self._ui.panel.heat.set_shown(shown)
        self._commands.heatmap.setChecked(shown)
        self._ui.view.set_heatmap_shown(shown)
        self.refresh()  # a finer one is computed once it is to be seen

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
