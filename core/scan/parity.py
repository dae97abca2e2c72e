"""A scan in a fast precision against float32, on films of its own."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from core.films.finder import FoundFilm
from core.model.bundle import ModelBundle
from core.scan.row import ScanRow
from core.scan.scanner import Scanner
from core.words import films as in_films

REFERENCE = "float32"
#: Films that are read twice, where there are as many.
MOST = 200


@dataclasses.dataclass(frozen=True)
class Parity:
    """How far two precisions agree.

    Attributes:
        precision: Of the scan.
        films: Read in both.
        largest: Difference of a probability.
        differing: Films with another finding.
    """

    precision: str
    films: int
    largest: float
    differing: int

    def in_words(self) -> str:
        """As a sentence, for notes and reports."""
        films = in_films(self.films)
        verdicts = f"verdict differs for {self.differing:,}"
        if not self.differing:
            verdicts = "no verdict differs"
        return (
            f"{self.precision} against {REFERENCE} on {films}: largest difference "
            f"of a probability {self.largest:.3f}, {verdicts}."
        )

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values, with the sentence as `in_words`."""
        return {
            "precision": self.precision,
            "reference": REFERENCE,
            "films": self.films,
            "largest_difference": self.largest,
            "verdicts_that_differ": self.differing,
            "in_words": self.in_words(),
        }


def check_parity(
    rows: Callable[[], Iterable[ScanRow]],
    bundle: ModelBundle,
    folder: Path,
    check: Callable[[], None] = lambda: None,
) -> Parity | None:
    """Read up to 200 films of a scan again, in float32, and compare.

    They are spread over all rows there are, whichever run made them, so that a
    scan that was resumed is checked as a whole. Films that have changed, or can
    no longer be read, are left out.

    Args:
        rows: Gives the rows of the scan from the first on, as often as it is
            called.
        bundle: That made them.
        folder: That the films lie in.
        check: Called often; may raise to stop.

    Returns:
        None for a scan in float32, or where there is no film to compare.

    Raises:
        DatasetError: The folder is gone.
    """
    chosen = _chosen(rows)
    if not chosen:
        return None
    films = [FoundFilm(row.file, None) for row in chosen]
    scanner = Scanner(bundle, folder, precision=REFERENCE)
    count, largest, differing = 0, 0.0, 0
    with contextlib.closing(scanner.scan(films, check)) as read:
        for row, again in zip(chosen, read, strict=True):
            same_file = (row.size, row.modified) == (again.size, again.modified)
            if again.error or not same_file:
                continue
            count += 1
            largest = max(largest, _difference(row, again))
            differing += row.finding != again.finding
    return Parity(chosen[0].precision, count, largest, differing) if count else None


def _chosen(rows: Callable[[], Iterable[ScanRow]]) -> Sequence[ScanRow]:
    """Rows of films that were read in a fast precision, evenly spread."""
    total = sum(1 for _ in _fast(rows()))
    wanted = min(total, MOST)
    if not wanted:
        return []
    places = {(2 * n + 1) * total // (2 * wanted) for n in range(wanted)}
    return [row for place, row in enumerate(_fast(rows())) if place in places]


def _fast(rows: Iterable[ScanRow]) -> Iterable[ScanRow]:
    return (row for row in rows if not row.error and row.precision != REFERENCE)


def _difference(one: ScanRow, other: ScanRow) -> float:
    pairs = (
        (one.probabilities[name], other.probabilities[name])
        for name in one.probabilities
    )
    return max(abs(a - b) for a, b in pairs)
