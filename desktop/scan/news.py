"""What is said of a scan in a line: that it began, or ended."""

from __future__ import annotations

from core.scan.record import FINISHED, ScanRecord
from core.words import films as in_films


def started_in_words(record: ScanRecord, *, by_itself: bool) -> str:
    """A scan is under way now.

    Args:
        record: Of it.
        by_itself: Whether it went on after an accident.
    """
    begins = "Going on with the scan of" if by_itself else "Scanning"
    return (
        f"{begins} {record.name}. If you close the window, it goes on at the next "
        "start."
    )


def ended_in_words(record: ScanRecord) -> str:
    """A scan is under way no more."""
    ended = "has finished" if record.status == FINISHED else "has ended"
    films = in_films(record.done)
    return f"The scan of {record.name} {ended}: {films} listed."


def deletion_in_words(record: ScanRecord) -> tuple[str, str]:
    """What to ask before a scan is deleted, and what that means."""
    return (
        f"Delete the scan of {record.name}?",
        "Its list of verdicts is deleted; the films stay where they are.",
    )


def one_folder_in_words(count: int) -> str:
    """Why several things that were dropped are not taken."""
    return (
        f"{count:,} files or folders were dropped, and a scan takes one folder. Drop "
        "the folder that they lie in: folders below it are read too."
    )
