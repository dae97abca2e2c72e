"""The columns of a scan's table: what each shows, explains and sorts by."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.films.radiograph import display_name
from core.model.bundle import Label
from core.model.classifier import percent
from core.scan.row import encode_cell
from desktop.scan.table.rows import RowStore

#: What a cell says of a row, by its number.
Text = Callable[[RowStore, int], str]

_BETWEEN: Final = " | "
_PART: Final = 500


@dataclasses.dataclass(frozen=True, eq=False)
class Column:
    """A column of the table.

    Attributes:
        title: Its heading.
        tip: What the heading explains.
        text: What a cell shows; empty where there is nothing to say.
        hover: What a cell explains; else its text.
        whole: What a cell is copied as; else its text.
        key: (n,) what all rows sort by; NaN comes last either way.
        descends: Whether the greatest come first: they are to be looked at first.
        label: Number of the label whose probability it shows; None for no such.
        severity: How grave what it says is, for its sign; empty for none.
        room: Its share of the room that the others leave, and its least width in
            letters.
    """

    title: str
    tip: str
    text: Text = lambda rows, row: ""
    hover: Text | None = None
    whole: Text | None = None
    key: Callable[[RowStore], NDArray[Any]] | None = None
    descends: bool = False
    label: int | None = None
    severity: str = ""
    room: tuple[float, int] = (0.2, 18)


def file_words(rows: RowStore, row: int) -> str:
    """Where a film is, or was."""
    file, gone = on_one_line(rows.files[row]), rows.gone.get(row)
    return f"{file} ({gone})" if gone else file


def finding_names(labels: Sequence[Label]) -> list[str]:
    """How people read the findings, by their numbers in `RowStore`."""
    return [
        *(label.display_name for label in labels),
        "Uncertain",
        "Refused",
        "Not read",
    ]


def on_one_line(text: str) -> str:
    """Text of which everything can be printed."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _finding(rows: RowStore, row: int) -> str:
    return finding_names(rows.labels)[rows.findings[row]]


def _heat(rows: RowStore, row: int) -> str:
    heat = float(rows.numbers["heat"][row])
    return "" if np.isnan(heat) else percent(heat)


def _first_warning(rows: RowStore, row: int) -> str:
    warnings = rows.warnings_of(row)
    more = f"{len(warnings)}: " if len(warnings) > 1 else ""
    return more + warnings[0] if warnings else ""


def _by_warnings(rows: RowStore) -> NDArray[Any]:
    """By how many there are, and alike ones beside each other."""
    texts = rows.warnings.ranks
    return rows.numbers["warnings"] * (1 + texts.max(initial=0)) + texts


def _reason(rows: RowStore, row: int) -> str:
    """The error without the film's name, which stands in the row already."""
    error = rows.errors[row]
    rest = error.removeprefix(f'"{display_name(Path(rows.files[row]))}" ')
    return on_one_line(rest if rest == error else rest[:1].upper() + rest[1:])


def _said(rows: RowStore, row: int) -> str:
    said = rows.verdicts[row] or on_one_line(rows.errors[row])
    return f"{file_words(rows, row)}\n{said}"


PICTURE: Final = Column("Film", "Click here to go back to triage order", hover=_said)
FILE: Final = Column(
    "File",
    "Where the film lies in the folder scanned",
    file_words,
    whole=lambda rows, row: rows.files[row],
    key=lambda rows: rows.by_file.ranks,
    room=(0.34, 28),
)
FINDING: Final = Column(
    "Finding",
    "What is stated, where the model is sure enough",
    _finding,
    key=lambda rows: rows.findings,
)
HEAT: Final = Column(
    "Heat in lungs",
    "How much of the evidence for the finding, or for the likeliest one, lies in the "
    "lungs",
    _heat,
    key=lambda rows: rows.numbers["heat"],
)
VERDICT: Final = Column(
    "Verdict",
    "The verdict as a sentence",
    lambda rows, row: rows.verdicts[row],
    key=lambda rows: np.where(rows.is_read, rows.verdicts.ranks, np.nan),
    room=(0.26, 24),
)
WARNINGS: Final = Column(
    "Warnings",
    "Why to doubt the verdict",
    _first_warning,
    hover=lambda rows, row: "\n".join(rows.warnings_of(row)),
    whole=lambda rows, row: _BETWEEN.join(rows.warnings_of(row)),
    key=_by_warnings,
    descends=True,
    severity="warn",
)
ERROR: Final = Column(
    "Error",
    "Why a film could not be read",
    _reason,
    hover=lambda rows, row: on_one_line(rows.errors[row]),
    whole=lambda rows, row: rows.errors[row],
    key=lambda rows: np.where(rows.is_read, np.nan, rows.errors.ranks),
    severity="stop",
)


def columns_for(labels: Sequence[Label]) -> tuple[Column, ...]:
    """The columns of a table, from left to right."""
    shares = (_share(label.display_name, n) for n, label in enumerate(labels))
    return (PICTURE, FILE, FINDING, *shares, HEAT, VERDICT, WARNINGS, ERROR)


def _share(name: str, number: int) -> Column:
    def text(rows: RowStore, row: int) -> str:
        share = rows.share(row, number)
        return percent(share) if share is not None else ""

    return Column(
        name,
        f"Probability of {name}",
        text,
        key=lambda rows: rows.numbers["shares"][:, number],
        descends=True,
        label=number,
    )


def row_sentence(rows: RowStore, row: int) -> str:
    """A whole row for someone who hears it."""
    parts = [file_words(rows, row), _finding(rows, row)]
    if rows.findings[row] == rows.not_read:
        parts.append(on_one_line(rows.errors[row]))
    elif rows.findings[row] == rows.refused:
        parts.append(rows.verdicts[row])
    else:
        shares = zip(rows.labels, rows.numbers["shares"][row], strict=True)
        parts += [f"{label.display_name} {percent(float(p))}" for label, p in shares]
        if heat := _heat(rows, row):
            parts.append(f"heat in lungs {heat}")
    return ", ".join([*parts, *rows.warnings_of(row)])


def rows_as_text(
    rows: RowStore, columns: Sequence[Column], numbers: Sequence[int]
) -> str:
    """Rows as text with tabs between the cells, harmless in a spreadsheet.

    May run outside the GUI thread: rows that are there do not change.

    Args:
        numbers: Of the rows, in the order they are to have.
    """
    shown = [column for column in columns if column is not PICTURE]
    parts = ["\t".join(column.title for column in shown)]
    # Part by part: to join a million cells, or to let go of them, would keep
    # other threads from running.
    for start in range(0, len(numbers), _PART):
        lines = []
        for row in numbers[start : start + _PART]:
            cells = ((column.whole or column.text)(rows, row) for column in shown)
            lines.append("\t".join(map(encode_cell, cells)))
        parts.append("\n".join(lines))
    return "\n".join(parts)
