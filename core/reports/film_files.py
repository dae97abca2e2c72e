"""The reports on a film as files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from core.files import atomic_write
from core.reports.dicom_objects import capture, structured_report
from core.reports.film_page import film_html, film_pdf
from core.reports.film_report import FilmReport

#: Kind of a report -> how its file's name ends.
KINDS: Final = {
    "pdf": "-report.pdf",
    "html": "-report.html",
    "sc": "-heat-map.dcm",
    "sr": "-report.dcm",
}
_DICOM: Final = ("sc", "sr")
_WRITERS: Final[Mapping[str, Callable[[FilmReport], bytes]]] = {
    "pdf": film_pdf,
    "html": film_html,
    "sc": capture,
    "sr": structured_report,
}


def why_not(kind: str, report: FilmReport) -> str:
    """Why a film has no report of a kind, as a sentence; empty where it has."""
    if kind not in _DICOM:
        return ""
    if report.film.facts.format != "DICOM":
        return f"No {kind}: the film is not DICOM."
    return f"No {kind}: the film was refused." if report.verdict.refused else ""


def write_reports(report: FilmReport, files: Mapping[str, Path]) -> Iterator[str]:
    """Write each report whole or not at all, over what is in its place.

    Args:
        files: Kind -> the file.

    Yields:
        Why there is none of a kind, as `why_not`.

    Raises:
        OutputError: One cannot be written.
    """
    for kind, path in files.items():
        if said := why_not(kind, report):
            yield said
        else:
            content = _WRITERS[kind](report)
            with atomic_write(path) as partial:
                partial.write_bytes(content)
