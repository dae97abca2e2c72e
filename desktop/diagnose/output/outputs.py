"""Takes what is on screen to files and to the clipboard."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PyQt5.QtCore import QObject, pyqtSlot

from core.errors import ImageReadError
from core.films.radiograph import Radiograph, display_name, read_film_file
from core.model.local_card import with_local_card
from core.reports.film_files import write_reports
from core.reports.film_report import FilmReport
from core.reports.statement import Statement
from desktop.diagnose.actions import DiagnoseActions
from desktop.diagnose.films import OpenFilm
from desktop.diagnose.heatmap import HeatMap, LungOutline
from desktop.diagnose.layout import DiagnoseLayout
from desktop.diagnose.output.report_dialog import ReportDialog
from desktop.diagnose.picture import PictureJob
from desktop.diagnose.reading import DiagnosedFilm, read_film
from desktop.diagnose.saver import FilmSaver
from desktop.diagnose.session import FilmSession
from desktop.film.pyramid import build_pyramid
from desktop.settings import Settings
from desktop.widgets.dialogs import run_dialog


@dataclasses.dataclass(frozen=True, eq=False)
class ReportJob:
    """A film and how it is shown.

    Attributes:
        film: Its file, or its pixels.
        found: What is on screen of it, which the report is to be about.
        said: What is said of it.
        evidence: (h, w) float32 that its heat map is drawn from.
        contour: Whether that is drawn as lines.
    """

    film: OpenFilm
    found: DiagnosedFilm
    said: Statement
    evidence: NDArray[np.float32] | None
    contour: bool

    def write(self, files: Mapping[str, Path], *, with_patient: bool) -> None:
        """Write reports, as `core.reports.film_files` does. Takes its time.

        Raises:
            ImageReadError: The film is not what it was when it was opened.
            OutputError: One cannot be written.
        """
        path, pixels = self.film.path, self.film.pixels
        film = read_film(path, pixels, self.found.mends)
        if not self._is_on_screen(film):
            raise ImageReadError(
                f"{display_name(path)} has changed since it was opened.",
                hint="Open it again, then save the report.",
            )
        report = FilmReport(
            film=film,
            content=read_film_file(path)[0] if pixels is None else b"",
            evidence=self.evidence,
            contour=self.contour,
            mends=self.found.mends,
            with_patient=with_patient,
            **vars(self.said),
        )
        list(write_reports(report, files))

    def _is_on_screen(self, film: Radiograph) -> bool:
        """Whether the file still holds the film that the verdict is about."""
        found = self.found
        if (film.facts, film.identity) != (found.facts, found.identity):
            return False
        now, then = build_pyramid(film).levels[-1], found.pyramid.levels[-1]
        return np.array_equal(now, then)


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
        said = self._statement(with_heatmap=evidence is not None)
        return PictureJob(
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
            said=said if with_words else None,
            identity=film.identity,
        )

    def report(self) -> ReportJob | None:
        """The film on screen with its heat map; None without a verdict."""
        shown, film = self._session.shown, self._session.shown_film
        evidence = self._heatmap.evidence
        said = self._statement(with_heatmap=evidence is not None)
        if shown is None or film is None or said is None:
            return None
        contour = self._ui.panel.heat.contour.isChecked()
        return ReportJob(shown, film, said, evidence, contour)

    def _statement(self, *, with_heatmap: bool) -> Statement | None:
        """What is said of the film on screen; None without a verdict."""
        film = self._session.shown_film
        if film is None or film.reading is None:
            return None
        reading = film.reading
        return Statement(
            bundle=with_local_card(reading.bundle, reading.local),
            verdict=reading.verdict,
            label=self._heatmap.label or "" if with_heatmap else "",
            scale=self._heatmap.about,
            local=reading.local.in_words() if reading.local is not None else "",
            coverage=self._ui.panel.sets.coverage,
            opacity=self._ui.panel.heat.opacity,
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
