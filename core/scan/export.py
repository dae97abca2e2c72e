"""The rows of a scan as CSV, as JSON lines and as a workbook."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from core.errors import OutputError
from core.paths import atomic_write
from core.scan.row import ScanRow, encode_cell, encode_cells, encode_row, header

#: What a sheet can hold.
_MOST_ROWS = 1_048_576
_LONGEST_CELL = 32_767
_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_WIDTHS = {"file": 44, "verdict": 34, "warnings": 40, "error": 40, "modified": 26}


def row_to_json(row: ScanRow) -> dict[str, Any]:
    """A row as plain JSON values, with the keys of `predict --json` and its own."""
    was_read = not row.error
    return {
        "path": row.file,
        "finding": row.finding,
        "verdict": row.verdict if was_read else None,
        "probabilities": dict(row.probabilities) if was_read else None,
        "warnings": list(row.warnings),
        "model": row.model,
        "model_sha256": row.model_sha256,
        "precision": row.precision,
        "version": row.version,
        "bytes": row.size,
        "modified": row.modified or None,
        "error": row.error or None,
    }


def write_csv(path: Path, rows: Iterable[ScanRow], labels: Sequence[str]) -> None:
    """Write rows as the scan itself does: some of them, or in another order.

    Raises:
        OutputError: It cannot be written.
    """
    with atomic_write(path) as partial, open(partial, "wb") as file:
        file.write(encode_cells(header(labels)))
        for row in rows:
            file.write(encode_row(row, labels))


def write_json_lines(path: Path, rows: Iterable[ScanRow]) -> None:
    """Write an object per row, one a line, as it is: nothing is made harmless.

    Raises:
        OutputError: It cannot be written.
    """
    with atomic_write(path) as partial:
        with open(partial, "w", encoding="utf-8", newline="") as file:
            for row in rows:
                file.write(json.dumps(row_to_json(row), allow_nan=False) + "\n")


def write_workbook(path: Path, rows: Iterable[ScanRow], labels: Sequence[str]) -> None:
    """Write a workbook; a further sheet begins where one is full.

    Text that could run as a formula is made harmless, as in the CSV.

    Raises:
        OutputError: It cannot be written, or openpyxl is missing.
    """
    try:
        from openpyxl import Workbook
    except ImportError as error:
        raise OutputError(
            "Workbooks need the package openpyxl, which is not installed.",
            hint="Install the packages in requirements.txt, or export as CSV.",
        ) from error
    # In memory at first: a file that finds no room on a disk is not left behind
    # half-closed then.
    packed = io.BytesIO()
    with atomic_write(path) as partial:
        book = Workbook(write_only=True)
        sheet, used = _new_sheet(book, labels), 1
        for row in rows:
            if used == _MOST_ROWS:
                sheet, used = _new_sheet(book, labels), 1
            sheet.append(_cells(row, labels))
            used += 1
        book.save(packed)
        partial.write_bytes(packed.getbuffer())


def _new_sheet(book: Any, labels: Sequence[str]) -> Any:
    sheet = book.create_sheet("Scan" if not book.sheetnames else None)
    names = header(labels)
    sheet.freeze_panes = "B2"
    for number, name in enumerate(names):
        column = sheet.column_dimensions[_letters(number)]
        column.width = _WIDTHS.get(name, 14)
    sheet.append([_text(name) for name in names])
    return sheet


def _cells(row: ScanRow, labels: Sequence[str]) -> list[str | float | None]:
    shares = [row.probabilities.get(label) for label in labels]
    return [
        _text(row.file),
        _text(row.finding or ""),
        _text(row.verdict),
        *shares,
        _text(" | ".join(row.warnings)),
        _text(row.error),
        row.size,
        *(_text(text) for text in (row.modified, row.model, row.model_sha256)),
        *(_text(text) for text in (row.precision, row.version)),
    ]


def _text(text: str) -> str:
    return _ILLEGAL.sub("", encode_cell(text))[:_LONGEST_CELL]


def _letters(number: int) -> str:
    """A column's name: 0 is A, 26 is AA."""
    name = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        name = chr(ord("A") + rest) + name
    return name
