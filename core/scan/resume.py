"""A scan that gets past the films that ended the one before."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

from core.films.finder import FoundFilm
from core.jobs.events import Noted
from core.jobs.reporters import Report
from core.scan.crash_probe import films_that_end_readers
from core.scan.in_flight import ReadingNotes
from core.scan.row import ScanRow
from core.scan.scanner import Scanner, given_up


def scan_warily(
    scanner: Scanner,
    films: Sequence[FoundFilm],
    notes: ReadingNotes,
    *,
    report: Report,
    check: Callable[[], None],
) -> Generator[ScanRow, None, None]:
    """Read films; those that were being read at an accident are tried first.

    Those that end whoever reads them come first, as rows that say so. The others
    may be too large to be read together, or have broken what a later one stumbled
    over: up to the last of them each film has its row before the next is read.

    Args:
        scanner: Of this machine, with `notes` as its `reading`; or what stands in
            for it on a cluster, which finds such films itself.
        films: Of the folder.
        notes: Of the scan; they begin anew once that is done.
        report: Hears that films are tried.
        check: Called often; may raise to stop.

    Yields:
        A row per film.

    Raises:
        CoreError: As the `scan` of the scanner.
    """
    left_behind = notes.left_behind()
    suspects = {film.file: film for film in films if film.file in left_behind}
    if scanner.finds_crashes or not suspects:
        notes.begin()
        yield from scanner.scan(films, check)
        return
    which = (
        "1 film; it is" if len(suspects) == 1 else f"{len(suspects)} films; they are"
    )
    report(Noted(f"The scan ended while it was reading {which} tried first."))
    bad = set()
    for file in films_that_end_readers(
        scanner.bundle, scanner.folder, list(suspects), check
    ):
        # Where the folder is gone this is no matter of the film.
        scanner.refuse_if_gone()
        yield given_up(suspects[file], scanner.bundle, scanner.precision)
        bad.add(file)
    notes.begin()
    rest = [film for film in films if film.file not in bad]
    alone = max(
        (n for n, film in enumerate(rest, 1) if film.file in suspects), default=0
    )
    for film in rest[:alone]:
        yield from scanner.scan([film], check)
    yield from scanner.scan(rest[alone:], check)
