"""What the cells of a scan's table say."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from core.films.radiograph import display_name
from core.model.bundle import Label
from core.model.classifier import percent
from core.scan.row import encode_cell
from desktop.scan.table.columns import ScanColumns
from desktop.scan.table.order import ERROR, FILE, FINDING, VERDICT, WARNINGS

PICTURE: Final = "picture"
SHARE: Final = "share"
UNCERTAIN: Final = "Uncertain"
NOT_READ: Final = "Not read"

_BETWEEN: Final = " | "
_PART: Final = 500


@dataclasses.dataclass(frozen=True)
class Column:
    """A column of the table.

    Attributes:
        kind: What `RowSort.by` calls it, "share", or "picture".
        title: Its heading.
        tip: What the heading explains.
        label: Number of the label, for a share.
    """

    kind: str
    title: str
    tip: str
    label: int = 0


def columns_for(labels: Sequence[Label]) -> tuple[Column, ...]:
    """The columns of a table, from left to right."""
    shares = (
        Column(
            SHARE,
            label.display_name,
            f"Probability of {label.display_name}",
            number,
        )
        for number, label in enumerate(labels)
    )
    return (
        Column(PICTURE, "Film", "Click here to go back to triage order"),
        Column(FILE, "File", "Where the film lies in the folder scanned"),
        Column(FINDING, "Finding", "What is stated, where the model is sure enough"),
        *shares,
        Column(VERDICT, "Verdict", "The verdict as a sentence"),
        Column(WARNINGS, "Warnings", "Why to doubt the verdict"),
        Column(ERROR, "Error", "Why a film could not be read"),
    )


def finding_name(labels: Sequence[Label], finding: int) -> str:
    """How people read a finding, by its number in `ScanColumns`."""
    names = [*(label.display_name for label in labels), UNCERTAIN, NOT_READ]
    return names[finding]


def cell_text(
    rows: ScanColumns, labels: Sequence[Label], row: int, column: Column
) -> str:
    """What a cell shows; empty where there is nothing to say."""
    if column.kind == FILE:
        return file_words(rows, row)
    if column.kind == FINDING:
        return finding_name(labels, int(rows.findings[row]))
    if column.kind == SHARE:
        share = rows.share(row, column.label)
        return percent(share) if share is not None else ""
    if column.kind == VERDICT:
        return rows.verdict(row)
    if column.kind == WARNINGS:
        warnings = rows.warnings_of(row)
        more = f"{len(warnings)}: " if len(warnings) > 1 else ""
        return more + warnings[0] if warnings else ""
    if column.kind == ERROR:
        return _reason(rows, row)
    return ""


def cell_tip(
    rows: ScanColumns, labels: Sequence[Label], row: int, column: Column
) -> str | None:
    """What is shown on hovering: all of it."""
    if column.kind == WARNINGS:
        return "\n".join(rows.warnings_of(row)) or None
    if column.kind == ERROR:
        return on_one_line(rows.error(row)) or None
    if column.kind == PICTURE:
        said = rows.verdict(row) or on_one_line(rows.error(row))
        return f"{file_words(rows, row)}\n{said}"
    return cell_text(rows, labels, row, column) or None


def file_words(rows: ScanColumns, row: int) -> str:
    """Where a film is, or was."""
    file, gone = on_one_line(rows.files[row]), rows.gone.get(row)
    return f"{file} ({gone})" if gone else file


def row_sentence(rows: ScanColumns, labels: Sequence[Label], row: int) -> str:
    """A whole row for someone who hears it."""
    finding = int(rows.findings[row])
    parts = [file_words(rows, row), finding_name(labels, finding)]
    if finding == rows.not_read:
        parts.append(on_one_line(rows.error(row)))
    else:
        parts += [
            f"{label.display_name} {percent(float(share))}"
            for label, share in zip(labels, rows.numbers["shares"][row], strict=True)
        ]
    parts += rows.warnings_of(row)
    return ", ".join(parts)


def rows_as_text(
    rows: ScanColumns, labels: Sequence[Label], numbers: Sequence[int]
) -> str:
    """Rows as text with tabs between the cells, harmless in a spreadsheet.

    May run outside the GUI thread: rows that are there do not change.
    """
    shown = [column for column in columns_for(labels) if column.kind != PICTURE]
    parts = ["\t".join(column.title for column in shown)]
    # Part by part: to join a million cells, or to let go of them, would keep
    # other threads from running.
    for start in range(0, len(numbers), _PART):
        lines = []
        for row in numbers[start : start + _PART]:
            cells = (_whole_text(rows, labels, row, column) for column in shown)
            lines.append("\t".join(map(encode_cell, cells)))
        parts.append("\n".join(lines))
    return "\n".join(parts)


def _whole_text(
    rows: ScanColumns, labels: Sequence[Label], row: int, column: Column
) -> str:
    if column.kind == FILE:
        return rows.files[row]
    if column.kind == WARNINGS:
        return _BETWEEN.join(rows.warnings_of(row))
    if column.kind == ERROR:
        return rows.error(row)
    return cell_text(rows, labels, row, column)


def _reason(rows: ScanColumns, row: int) -> str:
    """The error without the film's name, which stands in the row already."""
    error = rows.error(row)
    rest = error.removeprefix(f'"{display_name(Path(rows.files[row]))}" ')
    return on_one_line(rest if rest == error else rest[:1].upper() + rest[1:])


def on_one_line(text: str) -> str:
    """Text of which everything can be printed."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
