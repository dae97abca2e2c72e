"""The CSV file of a scan: its result, and the journal by which it goes on."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from core.errors import RESUME, OutputError
from core.regular_file import open_regular
from core.scan.csv_journal import CsvJournal, parsed_lines, spoilt_line
from core.scan.row import (
    ScanRow,
    cells_of,
    decode_line,
    encode_cells,
    header,
    is_header,
    labels_of,
    row_from_cells,
)

_MAX_HEADER = 1 << 20


class ScanFile(CsvJournal):
    """The CSV file that a scan adds its rows to; see `CsvJournal`.

    Args:
        path: Of the file. Its folder is made if missing.
        labels: Of the model, in output order.
        resume: Whether to go on where such a file ends; one that is not there
            is begun.
        overwrite: Whether to begin anew where there is one.

    Attributes:
        rows: Number of rows in it.
    """

    TAKEN = ("Another scan is writing {name}.", "Wait for it, or choose another name.")
    FOREIGN = (
        "{name} is not what a scan with this model's labels wrote.",
        "Choose the file that the scan wrote, or begin a new one.",
    )
    THEN = {"code": RESUME}

    def __init__(
        self,
        path: Path,
        labels: Sequence[str],
        *,
        resume: bool = False,
        overwrite: bool = False,
    ) -> None:
        self.rows = 0
        self._labels = tuple(labels)
        new = not (resume or overwrite)
        super().__init__(path, header(labels), new=new, overwrite=not resume)

    def append(self, row: ScanRow) -> None:
        """Add a row, as `add` does a line."""
        self.add(cells_of(row, self._labels))
        self.rows += 1

    def read(self) -> Iterator[ScanRow]:
        """The rows so far, one by one."""
        return read_rows(self.path, self._labels)

    def _take(self, cells: Sequence[str]) -> None:
        row_from_cells(cells, self._labels)
        self.rows += 1


class ScanTail:
    """Takes new whole rows of a scan's file while it grows, from its beginning on.

    Args:
        path: Of the file, which need not be there yet.
        labels: Of the model, in output order.
    """

    def __init__(self, path: Path, labels: Sequence[str]) -> None:
        self._path = path
        self._labels = tuple(labels)
        self._place = 0

    def read(self, count: int) -> list[ScanRow]:
        """The next rows, at most so many; none where no whole line follows.

        Raises:
            OutputError: It cannot be read, or is not the result of such a scan.
        """
        if not self._path.exists():
            if not self._place:
                return []
            raise OutputError(
                f"{self._path.name} is gone.",
                hint="What was read of it stays on screen until the window closes.",
            )
        rows: list[ScanRow] = []
        following = placed_rows(self._path, self._labels, self._place)
        try:
            for _, self._place, row in itertools.islice(following, count):
                rows.append(row)
        except OutputError:
            if not rows:  # else it is said the next time
                raise
        return rows


def read_rows(path: Path, labels: Sequence[str]) -> Iterator[ScanRow]:
    """The rows of a scan's file, one by one; it may still grow.

    A line that is not whole yet, or was torn by a power cut, ends them.

    Raises:
        OutputError: It is not there, or not the result of such a scan.
    """
    for _, _, row in placed_rows(path, labels):
        yield row


def placed_rows(
    path: Path, labels: Sequence[str], start: int = 0
) -> Iterator[tuple[int, int, ScanRow]]:
    """As `read_rows`, each after the places where its line begins and ends, in bytes.

    Args:
        start: The end of a row to go on after; 0 for all of them.
    """
    try:
        with open(path, "rb") as lines:
            if lines.seek(0, 2) < start:
                raise spoilt_line(path, start)
            lines.seek(start)
            if not start and not is_header(first := lines.readline(), labels):
                if encode_cells(header(labels)).startswith(first):
                    return
                said, hint = ScanFile.FOREIGN
                raise OutputError(said.format(name=path.name), hint=hint)
            yield from parsed_lines(
                lines, path, lambda cells: row_from_cells(cells, labels)
            )
    except OSError as error:
        raise _unread(path, error) from error


def rows_at(
    path: Path, labels: Sequence[str], places: Iterable[int]
) -> Iterator[ScanRow]:
    """The rows whose lines begin at these places, in their order.

    Raises:
        OutputError: The file is no longer what it was.
    """
    try:
        with open(path, "rb") as lines:
            for place in places:
                lines.seek(place)
                try:
                    cells = decode_line(lines.readline().rstrip(b"\n"))
                    row = row_from_cells(cells, labels)
                except ValueError as error:
                    raise OutputError(
                        f"{path.name} was changed while it was read.", hint="Try again."
                    ) from error
                yield row
    except OSError as error:
        raise _unread(path, error) from error


def read_labels(path: Path) -> tuple[str, ...]:
    """The labels of the model that a scan's file was made with.

    Raises:
        OutputError: It is not there, or not the result of a scan.
    """
    try:
        with open_regular(path) as lines:
            first = lines.readline(_MAX_HEADER)
    except (OSError, ValueError) as error:
        raise _unread(path, error) from error
    try:
        return labels_of(decode_line(first.removesuffix(b"\n")))
    except ValueError as error:
        raise OutputError(
            f"{path.name} is not the result of a scan.",
            hint="Choose the CSV file that a scan wrote.",
        ) from error


def _unread(path: Path, error: OSError | ValueError) -> OutputError:
    return OutputError(
        f"{path.name} cannot be read: {getattr(error, 'strerror', None) or error}.",
        hint="Check the name and the folder.",
    )
