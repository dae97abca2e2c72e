"""A report as a file of its own."""

from __future__ import annotations

from pathlib import Path

from core.data.dataset import listed_films
from core.outputs import check_files
from core.reports.html import write_report_html
from core.reports.report_json import report_json
from desktop.retrain.report.data import ReportData


def save_report(data: ReportData, path: Path) -> Path:
    """Write the report of a run as one HTML file that needs nothing else.

    Returns:
        The file.

    Raises:
        OutputError: It cannot be written, or is one of the run's films or files.
    """
    run = data.run
    check_files(
        [path],
        overwrite=True,  # the dialog has asked
        inputs=[data.bundle.path, run.split, run.record.data],
        films=lambda: listed_films(run.split),
    )
    card = data.bundle.card
    report = data.report or report_json(
        result=data.result,
        validation=card.metrics.get("val", {}),
        card=card,
        sha256=data.bundle.sha256,
        notes=data.notes,
    )
    films = {each.file: each.path for each in data.mistakes if each.path is not None}
    write_report_html(path, report, films)
    return path
