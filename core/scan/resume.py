"""A scan that gets past the films that crashed the one before."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

from core.films.finder import FoundFilm
from core.jobs.events import Noted
from core.jobs.reporters import Report
from core.scan.crash_probe import films_that_crash
from core.scan.in_flight import InFlightJournal
from core.scan.row import ScanRow
from core.scan.scanner import FolderScanner


def scan_with_quarantine(
    scanner: FolderScanner,
    films: Sequence[FoundFilm],
    journal: InFlightJournal,
    *,
    report: Report,
    check: Callable[[], None],
) -> Generator[ScanRow, None, None]:
    """Read films; those in flight at a crash go through a probe first.

    Those that crash it come first, as rows that say so. The others may be too large
    to be read together, or have broken what a later one stumbled over: up to the
    last of them each film has its row before the next is read.

    Args:
        scanner: Of this machine, with `journal` as its `reading`; or what stands in
            for it on a cluster, which finds such films itself.
        journal: Of the scan; it begins anew once that is done.
        report: Hears that films are tried.

    Yields:
        A row per film.

    Raises:
        CoreError: As the `scan` of the scanner.
    """
    left_behind = journal.left_behind()
    quarantined = {film.file: film for film in films if film.file in left_behind}
    if scanner.finds_crashes or not quarantined:
        journal.begin()
        yield from scanner.scan(films, check)
        return
    count = len(quarantined)
    which = "1 film; it is" if count == 1 else f"{count} films; they are"
    report(Noted(f"The scan ended while it was reading {which} tried first."))
    crashed = set()
    for file in films_that_crash(
        scanner.bundle, scanner.folder, list(quarantined), check
    ):
        # Where the folder is gone this is no matter of the film.
        scanner.refuse_if_gone()
        yield scanner.given_up(quarantined[file])
        crashed.add(file)
    journal.begin()
    rest = [film for film in films if film.file not in crashed]
    alone = max(
        (n for n, film in enumerate(rest, 1) if film.file in quarantined), default=0
    )
    for film in rest[:alone]:
        yield from scanner.scan([film], check)
    yield from scanner.scan(rest[alone:], check)
