"""The columns of a scan's table: what each shows, explains and sorts by."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.model.bundle import Label
from core.model.lungs import HALF
from core.scan.row import encode_cell
from core.scan.triage import bare_error
from core.words import percent
from desktop.scan.table.rows import NO_TRUTH, RowStore

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
        letters: That it has room for at least.
        share: Of the room that is left.
        has_any: Whether the rows have it at all; the column is left out else.
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
    letters: int = 18
    share: float = 0.0
    has_any: Callable[[RowStore], bool] = lambda rows: True


def file_words(rows: RowStore, row: int) -> str:
    """Where a film is, or was."""
    file, gone = on_one_line(rows.files[row]), rows.gone.get(row)
    return f"{file} ({gone})" if gone else file


def finding_names(labels: Sequence[Label]) -> list[str]:
    """How people read the findings, by their numbers in `RowStore`."""
    names = (label.display_name for label in labels)
    return [*names, "Uncertain", "Refused", "Not read"]


def on_one_line(text: str) -> str:
    """Text of which everything can be printed."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _finding(rows: RowStore, row: int) -> str:
    return finding_names(rows.labels)[rows.findings[row]]


def _heat(rows: RowStore, row: int) -> str:
    heat = float(rows.numbers["heat"][row])
    return "" if np.isnan(heat) else percent(heat, HALF)


def _first_warning(rows: RowStore, row: int) -> str:
    warnings = rows.warnings_of(row)
    more = f"{len(warnings)}: " if len(warnings) > 1 else ""
    return more + warnings[0] if warnings else ""


def _reason(rows: RowStore, row: int) -> str:
    """The error without the film's name, which stands in the row already."""
    error = rows.errors[row]
    rest = bare_error(error, rows.files[row])
    return on_one_line(rest if rest == error else rest[:1].upper() + rest[1:])


def truth_names(labels: Sequence[Label]) -> list[str]:
    """How people read true labels, by their numbers in `RowStore`."""
    return [*(label.display_name for label in labels), "Not usable"]


def _truth(rows: RowStore, row: int) -> str:
    truth = int(rows.truths[row])
    if truth == NO_TRUTH:
        return ""
    by_hand = " (corrected)" if rows.files[row] in rows.corrections else ""
    return truth_names(rows.labels)[truth] + by_hand


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
    letters=24,
    share=0.4,
)
FINDING: Final = Column(
    "Finding",
    "What is stated, where the model is sure enough",
    _finding,
    key=lambda rows: rows.findings,
    letters=14,
)
WHY: Final = Column(
    "Why here",
    "Why the film stands where it does in triage order; click for that order",
    lambda rows, row: on_one_line(rows.whys[row]),
    letters=22,
    share=0.3,
)
TRUTH: Final = Column(
    "True label",
    "By its folder or by the list of labels, or as you corrected it",
    _truth,
    key=lambda rows: np.where(rows.truths == NO_TRUTH, np.nan, rows.truths),
    letters=14,
    has_any=lambda rows: rows.has_truths,
)
WRONG: Final = Column(
    "Wrong",
    "Where a finding is stated that is not the true label",
    lambda rows, row: "Wrong" if rows.wrong[row] else "",
    key=lambda rows: rows.wrong.astype(np.float64),
    descends=True,
    severity="stop",
    letters=10,
    has_any=lambda rows: rows.has_truths,
)
SET: Final = Column(
    "Could be",
    "Findings that cannot be left out, at the coverage of the scan, likeliest first",
    lambda rows, row: rows.sets[row],
    key=lambda rows: rows.sets.ranks,
    letters=14,
    has_any=lambda rows: rows.sets.has_any,
)
HEAT: Final = Column(
    "Heat in lungs",
    "How much of the evidence for the finding, or for the likeliest one, lies in the "
    "lungs",
    _heat,
    key=lambda rows: rows.numbers["heat"],
    letters=14,
    has_any=lambda rows: not np.isnan(rows.numbers["heat"]).all(),
)
VERDICT: Final = Column(
    "Verdict",
    "The verdict as a sentence",
    lambda rows, row: rows.verdicts[row],
    key=lambda rows: rows.verdicts.ranks,
    letters=22,
    share=0.3,
)
WARNINGS: Final = Column(
    "Warnings",
    "Why to doubt the verdict",
    _first_warning,
    hover=lambda rows, row: "\n".join(rows.warnings_of(row)),
    whole=lambda rows, row: _BETWEEN.join(rows.warnings_of(row)),
    # By how many there are, and alike ones beside each other.
    key=lambda rows: rows.numbers["warnings"] * float(len(rows)) + rows.warnings.ranks,
    descends=True,
    severity="warn",
    share=0.15,
    has_any=lambda rows: rows.warnings.has_any,
)
ERROR: Final = Column(
    "Error",
    "Why a film could not be read",
    _reason,
    hover=lambda rows, row: on_one_line(rows.errors[row]),
    whole=lambda rows, row: rows.errors[row],
    key=lambda rows: rows.errors.ranks,
    severity="stop",
    share=0.15,
    has_any=lambda rows: rows.errors.has_any,
)


def columns_for(labels: Sequence[Label]) -> tuple[Column, ...]:
    """The columns of a table, from left to right."""
    shares = (_share(label.display_name, n) for n, label in enumerate(labels))
    first = (PICTURE, FILE, FINDING, WHY, TRUTH, WRONG)
    return (*first, *shares, SET, HEAT, VERDICT, WARNINGS, ERROR)


def _share(name: str, number: int) -> Column:
    def text(rows: RowStore, row: int) -> str:
        return rows.percent(row, number)

    return Column(
        name,
        f"Probability of {name}",
        text,
        key=lambda rows: rows.numbers["shares"][:, number],
        descends=True,
        label=number,
        letters=min(24, max(11, len(name) + 4)),
    )


def row_words(rows: RowStore, row: int) -> str:
    """What is said of a film beside the table, one thing a line."""
    parts = [rows.verdicts[row] or on_one_line(rows.errors[row])]
    parts += [f"Could be: {found}" for found in [rows.sets[row]] if found]
    parts += [f"True label: {truth}" for truth in [_truth(rows, row)] if truth]
    parts += rows.warnings_of(row)
    parts += [gone for gone in [rows.gone.get(row)] if gone]
    return "\n".join(parts)


def row_sentence(rows: RowStore, row: int) -> str:
    """A whole row for someone who hears it."""
    parts = [file_words(rows, row), _finding(rows, row)]
    if rows.findings[row] == rows.not_read:
        parts.append(on_one_line(rows.errors[row]))
    elif rows.findings[row] == rows.refused:
        parts.append(rows.verdicts[row])
    else:
        parts += [
            f"{label.display_name} {rows.percent(row, number)}"
            for number, label in enumerate(rows.labels)
        ]
        parts += [f"Could be {found}"] if (found := rows.sets[row]) else []
        if heat := _heat(rows, row):
            parts.append(f"heat in lungs {heat}")
    if truth := _truth(rows, row):
        parts.append(f"true label {truth}")
    return ", ".join([*parts, *rows.warnings_of(row)])


def rows_as_text(
    rows: RowStore, columns: Sequence[Column], numbers: Sequence[int]
) -> str:
    """Rows as text with tabs between the cells, harmless in a spreadsheet.

    May run outside the GUI thread: rows that are there do not change.
    """
    shown = [each for each in columns if each is not PICTURE and each.has_any(rows)]
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
