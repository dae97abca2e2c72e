"""The rows of a scan as CSV, as JSON lines and as a workbook."""

from __future__ import annotations

import dataclasses
import io
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from core.errors import OutputError
from core.files import atomic_write
from core.model.bundle import PROVENANCE, ModelBundle, provenance
from core.scan.row import ScanRow, encode_cell, encode_cells, encode_row, header
from core.scan.summary import (
    FolderCounts,
    ScanSummary,
    interval,
    label_sentence,
)
from core.scan.triage import HEALTHY

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
        "set": list(row.set) if row.coverage is not None else None,
        "coverage": row.coverage,
        "warnings": list(row.warnings),
        **{name: getattr(row, name) for name in PROVENANCE},
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
    from openpyxl.utils import get_column_letter

    sheet = book.create_sheet("Scan" if not book.sheetnames else None)
    names = header(labels)
    sheet.freeze_panes = "B2"
    for number, name in enumerate(names, start=1):
        column = sheet.column_dimensions[get_column_letter(number)]
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
        *(_text(text) for text in (row.precision, row.version, row.preprocessing)),
        *(row.temperature, _text(" | ".join(row.set)), row.coverage),
    ]


def _text(text: str) -> str:
    return _ILLEGAL.sub("", encode_cell(text))[:_LONGEST_CELL]


def summary_to_json(summary: ScanSummary, bundle: ModelBundle) -> dict[str, Any]:
    """A scan's figures; every rate has its 95 % interval as `<name>_ci`.

    Args:
        bundle: That the films were read with.

    Returns:
        as `core.model.bundle.provenance`;
        `labels`: label -> as people read it;
        `films`, `read`, `not_read`, `with_warnings`: numbers of films, and
        `not_read_share`;
        `findings`, `uncertain`: n and share of the films read, for each label
        and for none;
        `left_out`: why -> how many of what the folder holds, as
        `core.films.left_out.LeftOut`, and `in_words`, of a scan that listed its folder;
        `parity`: as `core.scan.parity.Parity.to_json`, of a scan in a fast precision;
        where labels are known also `unlabelled`, `by_label` (for each true
        label: films, read, not_read, `called`, `not_called`, `uncertain`, and
        `in_words`), and `evaluation`, in the shape of `evaluate --json`; null
        where none of the films read has a label.
    """
    total, card = summary.total, summary.card
    fields = {
        **provenance(card, bundle.sha256, ", ".join(sorted(summary.precisions))),
        "labels": {label.name: label.display_name for label in card.labels},
        "films": total.films,
        "read": total.read,
        "not_read": total.not_read,
        **_rate("not_read_share", total.not_read, total.films),
        "with_warnings": summary.warned,
        "findings": {
            name: _share(total.called[name], total.read) for name in card.label_names
        },
        "uncertain": _share(total.called[None], total.read),
    }
    if summary.left_out is not None:
        counts = dataclasses.asdict(summary.left_out)
        fields["left_out"] = {**counts, "in_words": summary.left_out.in_words()}
    if summary.parity is not None:
        fields["parity"] = summary.parity.to_json()
    if not summary.measures:
        return fields
    return {
        **fields,
        "unlabelled": summary.unlabelled,
        "by_label": {
            label: _label(label, counts, summary)
            for label, counts in summary.by_label.items()
            if counts.films
        },
        "evaluation": summary.evaluation(),
    }


def write_summary(path: Path, summary: ScanSummary, bundle: ModelBundle) -> None:
    """Write a scan's figures as JSON.

    Raises:
        OutputError: The file cannot be written.
    """
    text = json.dumps(summary_to_json(summary, bundle), indent=1, allow_nan=False)
    with atomic_write(path) as partial:
        partial.write_text(text + "\n", encoding="utf-8")


def _label(label: str, counts: FolderCounts, summary: ScanSummary) -> dict[str, Any]:
    card = summary.card
    return {
        "films": counts.films,
        "read": counts.read,
        "not_read": counts.not_read,
        "called": {
            name: _share(counts.called[name], counts.read) for name in card.label_names
        },
        "uncertain": _share(counts.called[None], counts.read),
        "not_called": {
            name: _share(counts.read - counts.called[name], counts.read)
            for name in card.label_names
            if name not in (label, HEALTHY)
        },
        "in_words": label_sentence(label, counts, card),
    }


def _share(count: int, of: int) -> dict[str, Any]:
    return {"n": count, **_rate("share", count, of)}


def _rate(name: str, count: int, of: int) -> dict[str, Any]:
    if not of:
        return {name: None, f"{name}_ci": None}
    return {name: count / of, f"{name}_ci": list(interval(count, of))}
