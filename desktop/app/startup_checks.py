"""What is looked after once the window is on screen, and may take its time."""

from __future__ import annotations

from core.program import crash_reports as crash_files
from desktop.widgets.notify import Notice


def look_for_crashes() -> Notice | None:
    """Offer the reports of crashes of earlier sessions; None where there are none."""
    crash_files.adopt_dead_sessions()
    reports = crash_files.take_new_reports()
    if not reports:
        return None
    hint = "The report names no film; you can read it before you pass it on."
    if len(reports) == 1:
        text = "Something went wrong when Hilum was last open."
        return Notice(text, hint, file=reports[0])
    text = f"Something went wrong {len(reports)} times when Hilum was last open."
    return Notice(text, hint, file=reports[0].parent)
