"""A report on the film on screen, made off the GUI thread."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import ImageReadError
from core.films.radiograph import Radiograph, display_name, read_film_file
from core.model.local_card import with_local_card
from core.reports.film_files import write_reports
from core.reports.film_report import FilmReport
from desktop.diagnose.films import OpenFilm
from desktop.diagnose.reading import DiagnosedFilm, Reading, read_film
from desktop.film.pyramid import build_pyramid


@dataclasses.dataclass(frozen=True, eq=False)
class ReportJob:
    """A film and how it is shown.

    Attributes:
        film: Its file, or its pixels.
        found: What is on screen of it, which the report is to be about.
        reading: What the model says of it.
        label: The finding whose heat map is shown.
        evidence: (h, w) float32 that this is drawn from.
        scale: What is to be said of its colours, if it is of an earlier layer.
        opacity, contour: How it is drawn.
        coverage: Of the set of findings.
    """

    film: OpenFilm
    found: DiagnosedFilm
    reading: Reading
    label: str
    evidence: NDArray[np.float32] | None
    scale: str
    opacity: float
    contour: bool
    coverage: float

    def write(self, files: Mapping[str, Path], *, with_patient: bool) -> None:
        """Write reports, as `core.reports.film_files` does. Takes its time.

        Raises:
            ImageReadError: The film is not what it was when it was opened.
            OutputError: One cannot be written.
        """
        path, pixels, local = self.film.path, self.film.pixels, self.reading.local
        film = read_film(path, pixels, self.found.mends)
        if not self._is_on_screen(film):
            raise ImageReadError(
                f"{display_name(path)} has changed since it was opened.",
                hint="Open it again, then save the report.",
            )
        report = FilmReport(
            film=film,
            content=read_film_file(path)[0] if pixels is None else b"",
            bundle=with_local_card(self.reading.bundle, local),
            verdict=self.reading.verdict,
            label=self.label,
            evidence=self.evidence,
            scale=self.scale,
            local=local.in_words() if local is not None else "",
            coverage=self.coverage,
            opacity=self.opacity,
            contour=self.contour,
            mends=self.found.mends,
            with_patient=with_patient,
        )
        list(write_reports(report, files))

    def _is_on_screen(self, film: Radiograph) -> bool:
        """Whether the file still holds the film that the verdict is about."""
        found = self.found
        if (film.facts, film.identity) != (found.facts, found.identity):
            return False
        now, then = build_pyramid(film).levels[-1], found.pyramid.levels[-1]
        return np.array_equal(now, then)
