"""The list of what was filed: where each film came from, and where it went."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from core.filing.new_file import GO_ON
from core.regular_file import reachable
from core.scan.csv_journal import CsvJournal

NAME = "filed.csv"


class Filed(NamedTuple):
    """A line of the list.

    Attributes:
        source: Where the film was: an absolute path with slashes.
        to: Where it is now, relative to the list and with slashes.
        how: "copied" or "moved".
        finding: A label of the model, "uncertain", "refused" or "not read".
        verdict: The sentence; of a film that was not read, why.
        modified: When the film was last written to, UTC; may be empty.
    """

    source: str
    to: str
    how: str
    finding: str
    verdict: str
    modified: str
    model: str
    model_sha256: str
    precision: str
    version: str


_HEADER = ("from", *Filed._fields[1:])


class FiledList(CsvJournal):
    """`filed.csv` in the folder that films are filed in; see `CsvJournal`.

    A line is written before its film gets its name, and taken back if it does
    not, so that no film ever lies there unlisted. After a kill the last line may
    be of a film that did not come; the next one that opens the list takes it
    off.
    """

    TAKEN = (
        "Films are being filed in {folder} already.",
        "Wait for that to end, or choose another folder.",
    )
    FOREIGN = (
        "{name} in {folder} is not a list of filed films.",
        "Choose another folder, or give that file another name.",
    )
    THEN = {"then": GO_ON}

    def __init__(self, folder: Path) -> None:
        #: (source, finding) -> where it went and how, the latest.
        self.known: dict[tuple[str, str], tuple[str, str]] = {}
        #: Names that were given, in the form by which they must differ.
        self.given: set[str] = set()
        #: The last line, what was known of its film before, and of its name.
        self._last: tuple[Filed, tuple[str, str] | None, bool] | None = None
        super().__init__(folder / NAME, _HEADER)
        if self._last and not os.path.lexists(reachable(folder / self._last[0].to)):
            self.take_back()

    def add(self, cells: Sequence[str]) -> None:
        """Add a line before its film gets its name."""
        super().add(cells)
        self._take(cells)

    def take_back(self) -> None:
        """Take off the line that was just added: its film did not come."""
        super().take_back()
        assert self._last is not None
        line, known, was_given = self._last
        del self.known[line.source, line.finding]
        if known is not None:
            self.known[line.source, line.finding] = known
        if not was_given:
            self.given.discard(line.to.casefold())

    def _take(self, cells: Sequence[str]) -> None:
        if len(cells) != len(_HEADER):
            raise ValueError(f"expected {len(_HEADER)} cells. Received: {cells}")
        line = Filed(*cells)
        key, name = (line.source, line.finding), line.to.casefold()
        self._last = line, self.known.get(key), name in self.given
        self.known[key] = line.to, line.how
        self.given.add(name)
