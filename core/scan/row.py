"""A row of a scan, and how it stands in a CSV file."""

from __future__ import annotations

import csv
import dataclasses
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

from core.records import convert

#: Columns before and after one per label.
_BEFORE = ("file", "finding", "verdict")
_AFTER = (
    "warnings",
    "refused",
    "reason",
    "error",
    "bytes",
    "modified",
    "model",
    "model_sha256",
    "precision",
    "version",
    "preprocessing",
    "temperature",
    "set",
    "coverage",
    "heat_in_lungs",
)
#: Columns that older scans lack; those that came last are lacked by more of them.
_NEW = (
    frozenset({"heat_in_lungs"}),
    frozenset({"refused", "reason", "preprocessing", "temperature", "set", "coverage"}),
)
#: Last column of exports, which `core.scan.triage.why_here` fills. It follows from
#: the others, so it is not read back.
WHY_HERE = "why_here"
_PROBABILITY = "p_"
_BETWEEN = " | "
#: Column -> field, where they are called otherwise.
_FIELDS = {"bytes": "size"}
#: Columns whose empty cells are no text.
_OPTIONAL = (
    *("finding", "warnings", "bytes", "temperature", "set", "coverage"),
    "heat_in_lungs",
)
#: A spreadsheet may take text that starts so for a formula, and run it. The
#: mark itself is among them, so that taking it off again gives what was.
_MARK = "'"
_RISKY = frozenset("=+-@\t\r\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}") | {
    "\N{FULLWIDTH HYPHEN-MINUS}",
    "\N{FULLWIDTH COMMERCIAL AT}",
    _MARK,
}
_ESCAPED = re.compile(r"\\(?:\\|u([0-9a-f]{4}))")


@dataclasses.dataclass(frozen=True, kw_only=True)
class ScanRow:
    """What a scan says of one film.

    Attributes:
        file: Path relative to the folder scanned, with slashes.
        finding: A label of the model; None when uncertain, in doubt, refused or not
            read.
        verdict: The sentence; empty when not read.
        probabilities: Label -> calibrated probability; empty when not read or
            refused.
        warnings: Sentences on why to doubt it.
        error: Why it could not be read; empty if it was.
        size: Of the file as it was read, bytes; None where unknown.
        modified: When the file had last been written to, UTC; may be empty.
        model: Name of the model.
        model_sha256: Names the model's graph and weights.
        precision: "float32", "bfloat16" or "int8".
        version: Of this program.
        reason: Why the film was refused, so that it has no finding and no
            probabilities; empty if it was not.
        preprocessing: What was done to the film, as `PreprocessSpec.version`.
        temperature: Of the model; None in rows of before.
        set: Labels that could not be left out, likeliest first; may be all, or none.
        coverage: Share of sets that hold the true finding; None where there is no set.
        heat_in_lungs: As `core.model.classifier.Verdict` has it; None too where a
            scan did without.
    """

    file: str
    finding: str | None = None
    verdict: str = ""
    probabilities: Mapping[str, float] = dataclasses.field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    error: str = ""
    size: int | None
    modified: str
    model: str
    model_sha256: str
    precision: str
    version: str
    reason: str = ""
    preprocessing: str = ""
    temperature: float | None = None
    set: tuple[str, ...] = ()
    coverage: float | None = None
    heat_in_lungs: float | None = None

    @property
    def refused(self) -> bool:
        """Whether it was read and is not of a kind to have a verdict."""
        return bool(self.reason)

    @property
    def stamp(self) -> tuple[int | None, str]:
        """Of the file as it was read, as `FilmState.stamp`."""
        return self.size, self.modified


def header(labels: Sequence[str]) -> list[str]:
    """Names of the columns for a model with these labels."""
    return [*_BEFORE, *(_PROBABILITY + label for label in labels), *_AFTER]


def _headers(labels: Sequence[str]) -> list[list[str]]:
    """Those of this program, of older ones, and of exports."""
    found = [header(labels)]
    for new in _NEW:
        found.append([name for name in found[-1] if name not in new])
    return [*found, [*found[0], WHY_HERE]]


def is_header(line: bytes, labels: Sequence[str]) -> bool:
    """Whether a first line is that of a scan with these labels, maybe an older one."""
    return line in map(encode_cells, _headers(labels))


def labels_of(cells: Sequence[str]) -> tuple[str, ...]:
    """The labels whose columns a first line names.

    Raises:
        ValueError: It is not the first line of a scan's file.
    """
    starts = (name for name in cells if name.startswith(_PROBABILITY))
    labels = tuple(name.removeprefix(_PROBABILITY) for name in starts)
    if len(labels) < 2 or list(cells) not in _headers(labels):
        raise ValueError(f"expected {header(('...', '...'))}. Received: {cells}")
    return labels


def values_of(row: ScanRow, labels: Sequence[str]) -> list[str | float | None]:
    """What stands in the columns of `header`; None where nothing does."""

    def value(column: str) -> str | float | None:
        found = getattr(row, _FIELDS.get(column, column))
        return _BETWEEN.join(found) if isinstance(found, tuple) else found

    probabilities = map(row.probabilities.get, labels)
    return [*map(value, _BEFORE), *probabilities, *map(value, _AFTER)]


def cells_of(row: ScanRow, labels: Sequence[str]) -> list[str]:
    """A row as the cells of a line of CSV."""
    return [_cell(value) for value in values_of(row, labels)]


def _cell(value: str | float | None) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.6f}"
    return "" if value is None else str(value)


def encode_cells(cells: Sequence[str]) -> bytes:
    """Cells as one line of CSV; text is made harmless and kept on the line."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(map(encode_cell, cells))
    return text.getvalue().encode("utf-8")


def encode_cell(text: str) -> str:
    r"""Text as it stands in a cell: on one line, in UTF-8, and no formula.

    File names may hold line ends, and bytes that are no text. These become
    \uXXXX, and a backslash becomes two, so that no two names become one. What a
    spreadsheet could take for a formula is marked by an apostrophe.
    """
    if not text.isprintable() or "\\" in text:
        text = "".join(map(_escaped, text))
    return _MARK + text if text[:1] in _RISKY and text else text


def decode_cell(text: str) -> str:
    """What was given to `encode_cell`."""
    return _ESCAPED.sub(
        lambda found: chr(int(found[1], 16)) if found[1] else "\\",
        text.removeprefix(_MARK),
    )


def decode_line(line: bytes) -> list[str]:
    """The cells of one line, as they were given to `encode_cells`.

    Raises:
        ValueError: It is not a whole line of CSV in UTF-8.
    """
    text = line.decode("utf-8")
    try:
        rows = list(csv.reader([text], strict=True))
    except csv.Error as error:
        raise ValueError(str(error)) from error
    if len(rows) != 1 or "\0" in text:
        raise ValueError("expected one line of CSV")
    return [decode_cell(cell) for cell in rows[0]]


def row_from_cells(cells: Sequence[str], labels: Sequence[str]) -> ScanRow:
    """Rebuild a row, checking each cell.

    Raises:
        ValueError: A cell is missing or of the wrong kind.
    """
    by_count = {len(columns): columns for columns in _headers(labels)}
    columns = by_count.get(len(cells), [])
    if not columns:
        raise ValueError(f"expected {len(header(labels))} cells, got {len(cells)}")
    named = {"refused": "", "reason": ""} | dict(zip(columns, cells, strict=True))
    named.pop(WHY_HERE, None)
    found = {label: named.pop(_PROBABILITY + label) for label in labels}
    reason = named.get("reason", "")
    has_verdict = not (named["error"] or reason)
    if not named["file"] or any(bool(cell) != has_verdict for cell in found.values()):
        raise ValueError("expected a file, and probabilities, a reason or an error")
    if named.pop("refused", "") not in (("true",) if reason else ("false", "")):
        raise ValueError(f"expected true where there is a reason. Received: {named}")
    if named["finding"] not in ("", *labels):
        raise ValueError(f"expected a finding of {labels}. Received: {named}")
    fields: dict[str, Any] = {
        _FIELDS.get(column, column): cell
        for column, cell in named.items()
        if cell or column not in _OPTIONAL
    }
    for name in ("warnings", "set"):
        if name in fields:
            fields[name] = fields[name].split(_BETWEEN)
    fields["probabilities"] = found if has_verdict else {}
    return convert({"size": None, **fields}, ScanRow, strict=False)


def _escaped(character: str) -> str:
    if character == "\\":
        return "\\\\"
    code = ord(character)
    is_split = code in (0x85, 0x2028, 0x2029)  # line ends to some programs
    if code < 0x20 or 0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000 or is_split:
        return f"\\u{code:04x}"
    return character
