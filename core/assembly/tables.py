"""Tables and folders of films as others made them."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.etree.ElementTree import ParseError

from core.errors import DatasetError
from core.films.finder import find_films

#: What openpyxl raises of files that are no workbooks, ValueError aside.
_NO_WORKBOOK = (zipfile.BadZipFile, KeyError, ParseError)


def find_tables(folder: Path, *patterns: str) -> list[Path]:
    """Tables that lie in a folder or in one just below it, by their names."""
    return [
        table
        for pattern in patterns
        for table in sorted([*folder.glob(pattern), *folder.glob(f"*/{pattern}")])
    ]


def read_table(table: Path, columns: Sequence[str]) -> Iterator[dict[str, str]]:
    """The rows of a CSV file, or of the first sheet of a workbook.

    Args:
        columns: That it must have; others it may.

    Yields:
        Column -> trimmed text, empty where a row is too short; no empty rows.

    Raises:
        DatasetError: It cannot be read, or lacks a column.
    """
    rows = _rows(table)
    head = next(rows, [])
    if missing := [column for column in columns if column not in head]:
        raise DatasetError(
            f"The table {table.name} lacks what it should have: the columns "
            f"{', '.join(missing)}.",
            hint=f"Its first line is: {', '.join(head)[:200] or 'empty'}. Take the "
            "table as it was published.",
        )
    for row in filter(any, rows):
        yield dict.fromkeys(head, "") | dict(zip(head, row, strict=False))


def films_by_stem(folder: Path) -> dict[str, Path]:
    """Name without its suffix -> film, wherever below the folder it lies."""
    found: dict[str, Path] = {}
    for film in find_films(folder).films:
        path = folder / film.file
        found.setdefault(path.stem, path)
    return found


def _rows(table: Path) -> Iterator[list[str]]:
    try:
        if table.suffix == ".xlsx":
            from openpyxl import load_workbook

            # Not by its name: openpyxl would leave the file open when it fails.
            with open(table, "rb") as file:
                sheet = load_workbook(file, read_only=True).worksheets[0]
                for row in sheet.iter_rows(values_only=True):
                    yield ["" if cell is None else str(cell).strip() for cell in row]
        else:
            with open(table, encoding="utf-8-sig", newline="") as file:
                for cells in csv.reader(file):
                    yield [cell.strip() for cell in cells]
    except (OSError, ValueError, csv.Error, *_NO_WORKBOOK) as error:
        raise DatasetError(
            f"The table {table.name} cannot be read: {error}.",
            hint="Take it as it was published: CSV in UTF-8, or a workbook.",
        ) from error
