"""The films of a scan in the order in which to look at them, or some of them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from core.errors import DatasetError
from core.regular_file import open_regular
from core.scan.results import placed_rows, read_labels, rows_at
from core.scan.row import ScanRow, decode_cell
from core.scan.triage import triage_key
from core.words import some

#: The search for a wish to stop costs more than a row.
_ROWS_PER_CHECK = 1000


class WorkList:
    """Rows of a scan's file as it is now; what is added later is not among them.

    Only the places of the rows are kept, so that a scan of any size can be put
    in order.

    Args:
        path: Of the file.
        only: Files to take, in the order to take them in; all, in triage order,
            if None.
        check: Called often; may raise to stop.

    Raises:
        OutputError: It is not the result of a scan.
        DatasetError: None of the files is in it.

    Attributes:
        labels: Of the model, in output order.
        total: Rows in the file.
        missing: Files that were asked for and are not in it.
        models: Hash of each model that rows were made with -> its name.
    """

    def __init__(
        self,
        path: Path,
        only: Sequence[str] | None = None,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self.path = path
        self.labels = read_labels(path)
        self.total = 0
        self.missing: tuple[str, ...] = ()
        self.models: dict[str, str] = {}
        self._places: list[int] = []
        if only is None:
            self._take_all(check)
        else:
            self._take(only, check)

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[ScanRow]:
        """The rows, read anew each time."""
        return rows_at(self.path, self.labels, self._places)

    def as_scanned(self) -> Iterator[ScanRow]:
        """The rows in the order of the file: intervals hang on it a little."""
        return rows_at(self.path, self.labels, sorted(self._places))

    def _take_all(self, check: Callable[[], None]) -> None:
        keyed = [(triage_key(row), place) for place, row in self._rows(check)]
        keyed.sort()
        self._places = [place for _, place in keyed]

    def _take(self, only: Sequence[str], check: Callable[[], None]) -> None:
        places = dict.fromkeys(only, -1)
        for place, row in self._rows(check):
            if row.file in places:
                places[row.file] = place
        self._places = [place for place in places.values() if place >= 0]
        self.missing = tuple(file for file, place in places.items() if place < 0)
        if self.missing and not self._places:
            raise DatasetError(
                f"None of the films asked for is in {self.path.name}.",
                hint="Name them as its first column does, one a line.",
            )

    def _rows(self, check: Callable[[], None]) -> Iterator[tuple[int, ScanRow]]:
        for place, _, row in placed_rows(self.path, self.labels):
            if self.total % _ROWS_PER_CHECK == 0:
                check()
            self.total += 1
            self.models.setdefault(row.model_sha256, row.model)
            yield place, row

    def missing_in_words(self) -> str:
        """What was asked for and is not there; empty if all is."""
        if not self.missing:
            return ""
        count = len(self.missing)
        return f"Not in {self.path.name}: {count:,} ({some(self.missing)})."


def read_list(path: Path) -> list[str]:
    """Names of films from a text file, one a line, as a scan's file has them.

    Raises:
        DatasetError: It cannot be read, or names none.
    """
    try:
        with open_regular(path) as file:
            lines = file.read().decode("utf-8-sig").split("\n")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise DatasetError(
            f"The list {path.name} cannot be read: {reason}.",
            hint="Give it one file a line, named as the scan's file names it.",
        ) from error
    names = [decode_cell(line.removesuffix("\r")) for line in lines if line.strip()]
    if sys.platform == "win32":  # typed by hand, or by another program
        names = [name.replace("\\", "/") for name in names]
    if not names:
        raise DatasetError(
            f"The list {path.name} names no film.", hint="Give it one file a line."
        )
    return list(dict.fromkeys(names))
