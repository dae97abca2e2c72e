"""Takes what is on screen to files and to the clipboard."""

from __future__ import annotations

import dataclasses
from functools import partial
from pathlib import Path

from PyQt5.QtCore import QObject, pyqtSlot

from core.model.local_card import with_local_card
from core.reports.film_report import margin_of
from core.reports.margin import Margin
from desktop.diagnose.actions import DiagnoseActions
from desktop.diagnose.heatmap import HeatMap
from desktop.diagnose.layout import DiagnoseLayout
from desktop.diagnose.lung_outline import LungOutline
from desktop.diagnose.output.report_dialog import ReportDialog
from desktop.diagnose.output.reports import ReportJob
from desktop.diagnose.picture import PictureJob
from desktop.diagnose.saver import FilmSaver
from desktop.diagnose.session import FilmSession
from desktop.settings import Settings
from desktop.widgets.dialogs import run_dialog


class FilmOutputs(QObject):
    """Saves and copies the film on screen, and reports on it.

    Args:
        session: Whose film is on screen.
        ui: The film and the panel beside it.
        heatmap, lungs: What lies over the film.
        commands: The actions that ask for it.
        saver: Does it off the GUI thread, and tells how it went.
    """

    def __init__(
        self,
        session: FilmSession,
        ui: DiagnoseLayout,
        heatmap: HeatMap,
        lungs: LungOutline,
        commands: DiagnoseActions,
        saver: FilmSaver,
        settings: Settings,
    ) -> None:
        super().__init__(ui)
        self._session, self._ui = session, ui
        self._heatmap, self._lungs = heatmap, lungs
        self._commands, self._saver = commands, saver
        self._settings = settings
        commands.save.triggered.connect(partial(self._save, as_shown=True))
        commands.save_plain.triggered.connect(partial(self._save, as_shown=False))
        commands.copy.triggered.connect(partial(self._copy, as_shown=True))
        commands.copy_plain.triggered.connect(partial(self._copy, as_shown=False))
        commands.report.triggered.connect(self._on_report_triggered)

    def picture(
        self, *, with_heatmap: bool, with_outline: bool = True, with_words: bool = False
    ) -> PictureJob | None:
        """The film on screen as a picture at full size; None without a film.

        Args:
            with_heatmap: Lay the heat map over it, if there is one.
            with_outline: And the outline of the lungs, if it is on screen.
            with_words: Say the verdict in a margin below, if there is one.
        """
        film = self._session.shown_film
        if film is None:
            return None
        about = film.reading.provenance if film.reading is not None else ""
        evidence = self._heatmap.evidence if with_heatmap else None
        if evidence is not None:
            about = f"{about}. {self._heatmap.about}".removesuffix(". ")
        view = self._ui.view
        about = ". ".join(filter(None, (about, view.viewport.orientation)))
        low, high = view.grey_window
        job = PictureJob(
            film=film.pyramid,
            source=film.path,
            low=low,
            high=high,
            inverted=view.inverted,
            evidence=evidence,
            opacity=self._ui.panel.heat.opacity,
            contour=self._ui.panel.heat.contour.isChecked(),
            outline=self._lungs.lines if with_outline else (),
            quarters=view.viewport.quarters,
            is_flipped=view.viewport.is_flipped,
            about=about,
            identity=film.identity,
        )
        return dataclasses.replace(
            job, margin=self._margin(job) if with_words else None
        )

    def report(self) -> ReportJob | None:
        """The film on screen with its heat map; None without a verdict."""
        shown, film = self._session.shown, self._session.shown_film
        if shown is None or film is None or film.reading is None:
            return None
        return ReportJob(
            film=shown,
            found=film,
            reading=film.reading,
            label=self._heatmap.label or "",
            evidence=self._heatmap.evidence,
            scale=self._heatmap.about,
            opacity=self._ui.panel.heat.opacity,
            contour=self._ui.panel.heat.contour.isChecked(),
            coverage=self._ui.panel.sets.coverage,
        )

    def _margin(self, job: PictureJob) -> Margin | None:
        film = self._session.shown_film
        if film is None or film.reading is None:
            return None
        reading, label = film.reading, self._heatmap.label
        return margin_of(
            reading.verdict,
            with_local_card(reading.bundle, reading.local),
            self._ui.panel.sets.coverage,
            local=reading.local.in_words() if reading.local is not None else "",
            label=label if job.evidence is not None and label else "",
            scale=self._heatmap.about,
            opacity=job.opacity,
        )

    def _picture(self, as_shown: bool) -> PictureJob | None:
        """The film as it is on screen, or alone."""
        with_heatmap = as_shown and self._commands.heatmap.isChecked()
        return self.picture(
            with_heatmap=with_heatmap, with_outline=as_shown, with_words=as_shown
        )

    def _save(self, *, as_shown: bool) -> None:
        job = self._picture(as_shown)
        if job is not None:
            words = filter(None, (self._heatmap.label, self._heatmap.layer))
            name = "-".join(words) if job.evidence is not None else None
            self._saver.ask_and_save(job, name)

    def _copy(self, *, as_shown: bool) -> None:
        job = self._picture(as_shown)
        if job is not None:
            self._saver.copy(job)

    @pyqtSlot()
    def _on_report_triggered(self) -> None:
        job, film = self.report(), self._session.shown_film
        if job is None or film is None:
            return
        folder = self._settings.save_folder or str(film.path.absolute().parent)
        dialog = ReportDialog(
            *(film.path, Path(folder)),
            is_dicom=film.facts.format == "DICOM",
            is_refused=job.reading.verdict.refused is not None,
            parent=self._ui.view.window(),
        )
        dialog.accepted.connect(partial(self._on_report_accepted, dialog, job))
        run_dialog(dialog)

    def _on_report_accepted(self, dialog: ReportDialog, job: ReportJob) -> None:
        self._settings.save_folder = str(dialog.folder)
        task = partial(job.write, dialog.files, with_patient=dialog.patient.isChecked())
        self._saver.save_report(task, dialog.folder)
