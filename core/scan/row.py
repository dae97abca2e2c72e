"""A row of a scan, and how it stands in a CSV file."""

from __future__ import annotations

import csv
import dataclasses
import io
import re
from collections.abc import Mapping, Sequence

#: Columns before and after one per label.
_BEFORE = ("file", "finding", "verdict")
_AFTER = (
    "warnings",
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
)
#: Columns that older scans lack.
_NEW = frozenset({"preprocessing", "temperature", "set", "coverage"})
_SHARE = "p_"
_BETWEEN = " | "
#: A spreadsheet may take text that starts so for a formula, and run it. The
#: mark itself is among them, so that taking it off again gives what was.
_MARK = "'"
_RISKY = frozenset("=+-@\t\r\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}") | {
    "\N{FULLWIDTH HYPHEN-MINUS}",
    "\N{FULLWIDTH COMMERCIAL AT}",
    _MARK,
}
_ESCAPED = re.compile(r"\\(?:\\|u([0-9a-f]{4}))")


@dataclasses.dataclass(frozen=True)
class ScanRow:
    """What a scan says of one film.

    Attributes:
        file: Path relative to the folder scanned, with slashes.
        finding: A label of the model; None when uncertain or not read.
        verdict: The sentence; empty when not read.
        probabilities: Label -> calibrated probability; empty when not read.
        warnings: Sentences on why to doubt it.
        error: Why it could not be read; empty if it was.
        size: Of the file as it was read, bytes; None where unknown.
        modified: When the file had last been written to, UTC; may be empty.
        model: Name of the model.
        model_sha256: Names the model's graph and weights.
        precision: "float32", "bfloat16" or "int8".
        version: Of this program.
        preprocessing: What was done to the film, as `PreprocessSpec.version`.
        temperature: Of the model; None in rows of before.
        set: Labels that could not be left out, likeliest first; may be all, or none.
        coverage: Share of sets that hold the true finding; None where there is no set.
    """

    file: str
    finding: str | None
    verdict: str
    probabilities: Mapping[str, float]
    warnings: tuple[str, ...]
    error: str
    size: int | None
    modified: str
    model: str
    model_sha256: str
    precision: str
    version: str
    preprocessing: str = ""
    temperature: float | None = None
    set: tuple[str, ...] = ()
    coverage: float | None = None


def header(labels: Sequence[str]) -> list[str]:
    """Names of the columns for a model with these labels."""
    return [*_BEFORE, *(_SHARE + label for label in labels), *_AFTER]


def _headers(labels: Sequence[str]) -> tuple[list[str], list[str]]:
    """Those of this program, and of older ones."""
    names = header(labels)
    return names, [name for name in names if name not in _NEW]


def is_header(line: bytes, labels: Sequence[str]) -> bool:
    """Whether a first line is that of a scan with these labels, maybe an older one."""
    return line in map(encode_cells, _headers(labels))


def labels_of(cells: Sequence[str]) -> tuple[str, ...]:
    """The labels whose columns a first line names.

    Raises:
        ValueError: It is not the first line of a scan's file.
    """
    labels = tuple(
        name.removeprefix(_SHARE) for name in cells if name.startswith(_SHARE)
    )
    if len(labels) < 2 or list(cells) not in _headers(labels):
        raise ValueError(f"expected {header(('...', '...'))}. Received: {cells}")
    return labels


def encode_row(row: ScanRow, labels: Sequence[str]) -> bytes:
    """A row as one line of CSV, in UTF-8 and with its end."""
    shares = row.probabilities
    return encode_cells(
        [
            row.file,
            row.finding or "",
            row.verdict,
            *(f"{shares[name]:.6f}" if shares else "" for name in labels),
            _BETWEEN.join(row.warnings),
            row.error,
            "" if row.size is None else str(row.size),
            row.modified,
            row.model,
            row.model_sha256,
            row.precision,
            row.version,
            row.preprocessing,
            "" if row.temperature is None else f"{row.temperature:g}",
            _BETWEEN.join(row.set),
            "" if row.coverage is None else f"{row.coverage:g}",
        ]
    )


def encode_cells(cells: Sequence[str]) -> bytes:
    """Cells as one line of CSV; text is made harmless and kept on the line."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(map(encode_cell, cells))
    return text.getvalue().encode("utf-8")


def encode_cell(text: str) -> str:
    """Text as it stands in a cell: harmless, and on one line."""
    return neutralise(escape(text))


def decode_cell(text: str) -> str:
    """What was given to `encode_cell`."""
    return _unescape(text.removeprefix(_MARK))


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
    names = header(labels)
    if len(cells) == len(names) - len(_NEW):
        names = [name for name in names if name not in _NEW]
    elif len(cells) != len(names):
        raise ValueError(f"expected {len(names)} cells, got {len(cells)}")
    named = dict.fromkeys(_NEW, "") | dict(zip(names, cells, strict=True))
    shares = [named[_SHARE + label] for label in labels]
    was_read = not named["error"]
    if not named["file"] or was_read != all(shares) or was_read != any(shares):
        raise ValueError("expected a file, and probabilities or an error")
    if named["finding"] not in ("", *labels):
        raise ValueError(f"expected a finding of {labels}. Got {named['finding']!r}")
    warnings = named["warnings"]
    return ScanRow(
        file=named["file"],
        finding=named["finding"] or None,
        verdict=named["verdict"],
        probabilities=(
            dict(zip(labels, map(float, shares), strict=True)) if was_read else {}
        ),
        warnings=tuple(warnings.split(_BETWEEN)) if warnings else (),
        error=named["error"],
        size=int(named["bytes"]) if named["bytes"] else None,
        modified=named["modified"],
        model=named["model"],
        model_sha256=named["model_sha256"],
        precision=named["precision"],
        version=named["version"],
        preprocessing=named["preprocessing"],
        temperature=float(named["temperature"]) if named["temperature"] else None,
        set=tuple(named["set"].split(_BETWEEN)) if named["set"] else (),
        coverage=float(named["coverage"]) if named["coverage"] else None,
    )


def neutralise(text: str) -> str:
    """Text that no spreadsheet takes for a formula; an apostrophe marks it."""
    return _MARK + text if text[:1] in _RISKY and text else text


def escape(text: str) -> str:
    r"""Text on one line that UTF-8 can hold.

    File names may hold line ends, and bytes that are no text. These become
    \uXXXX, and a backslash becomes two, so that no two names become one.
    """
    if text.isprintable() and "\\" not in text:
        return text
    return "".join(_escaped(character) for character in text)


def _escaped(character: str) -> str:
    if character == "\\":
        return "\\\\"
    code = ord(character)
    is_split = code in (0x85, 0x2028, 0x2029)  # line ends to some programs
    if code < 0x20 or 0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000 or is_split:
        return f"\\u{code:04x}"
    return character


def _unescape(text: str) -> str:
    return _ESCAPED.sub(
        lambda found: chr(int(found[1], 16)) if found[1] else "\\", text
    )
