"""The rows of a scan as CSV, as JSON lines and as a workbook, and its figures.

Whatever writes a file raises OutputError where that cannot be written.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from core.errors import OutputError
from core.files import atomic_write, write_json
from core.model.bundle import PROVENANCE, ModelBundle, provenance
from core.model.card import HEALTHY
from core.model.wording import normal_note
from core.scan.row import (
    WHY_HERE,
    ScanRow,
    cells_of,
    encode_cell,
    encode_cells,
    header,
    values_of,
)
from core.scan.summary import FolderCounts, ScanSummary, Share, label_sentence
from core.scan.triage import why_here

#: What a sheet can hold.
_MAX_ROWS = 1_048_576
_MAX_CELL = 32_767
_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_WIDTHS = {"file": 44, "verdict": 34, "modified": 26}
_WIDTHS |= dict.fromkeys(("warnings", "reason", "error", WHY_HERE), 40)


def row_to_json(row: ScanRow, names: Mapping[str, str]) -> dict[str, Any]:
    """A row as plain JSON values, with the keys of `predict --json` and its own.

    Args:
        names: Label -> as people read it, in output order, as for all exports.
    """
    return {
        "path": row.file,
        "finding": row.finding,
        "verdict": row.verdict or None,
        "probabilities": dict(row.probabilities) or None,
        "set": list(row.set) if row.coverage is not None else None,
        "coverage": row.coverage,
        "heat_in_lungs": row.heat_in_lungs,
        "warnings": list(row.warnings),
        "refused": bool(row.reason),
        "reason": row.reason or None,
        **{name: getattr(row, name) for name in PROVENANCE},
        "bytes": row.size,
        "modified": row.modified or None,
        "error": row.error or None,
        WHY_HERE: why_here(row, names),
    }


def write_csv(path: Path, rows: Iterable[ScanRow], names: Mapping[str, str]) -> None:
    """Write rows as the scan itself does, and why each stands where it does.

    They may be some of them, or in another order.
    """
    labels = tuple(names)
    with atomic_write(path) as partial, open(partial, "wb") as file:
        file.write(encode_cells([*header(labels), WHY_HERE]))
        for row in rows:
            cells = [*cells_of(row, labels), why_here(row, names)]
            file.write(encode_cells(cells))


def write_json_lines(
    path: Path, rows: Iterable[ScanRow], names: Mapping[str, str]
) -> None:
    """Write an object per row, one a line, as it is: nothing is made harmless."""
    with atomic_write(path) as partial:
        with open(partial, "w", encoding="utf-8", newline="") as file:
            for row in rows:
                fields = row_to_json(row, names)
                file.write(json.dumps(fields, allow_nan=False) + "\n")


def write_workbook(
    path: Path, rows: Iterable[ScanRow], names: Mapping[str, str]
) -> None:
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
    head = [*header(tuple(names)), WHY_HERE]
    with atomic_write(path) as partial:
        book = Workbook(write_only=True)
        sheet, used = _new_sheet(book, head), 1
        for row in rows:
            if used == _MAX_ROWS:
                sheet, used = _new_sheet(book, head), 1
            values = [*values_of(row, tuple(names)), why_here(row, names)]
            sheet.append([_text(v) if isinstance(v, str) else v for v in values])
            used += 1
        book.save(packed)
        partial.write_bytes(packed.getbuffer())


def _new_sheet(book: Any, names: list[str]) -> Any:
    from openpyxl.utils import get_column_letter

    sheet = book.create_sheet("Scan" if not book.sheetnames else None)
    sheet.freeze_panes = "B2"
    for number, name in enumerate(names, start=1):
        column = sheet.column_dimensions[get_column_letter(number)]
        column.width = _WIDTHS.get(name, 14)
    sheet.append([_text(name) for name in names])
    return sheet


def _text(text: str) -> str:
    return _ILLEGAL.sub("", encode_cell(text))[:_MAX_CELL]


def summary_to_json(summary: ScanSummary, bundle: ModelBundle) -> dict[str, Any]:
    """A scan's figures; every rate has its 95 % interval as `<name>_ci`.

    Args:
        bundle: That the films were read with.

    Returns:
        as `core.model.bundle.provenance`;
        `labels`: label -> as people read it;
        `films`, `read`, `refused`, `not_read`, `with_warnings`: numbers of films,
        where `read` are those with a verdict, and `refused_share`,
        `not_read_share`; `normal_note`: what a normal finding means;
        `findings`, `uncertain`: n and share of the films read, for each label
        and for none;
        `left_out`: why -> how many of what the folder holds, as
        `core.films.finder.LeftOut`, and `in_words`, of a scan that listed its folder;
        `parity`: as `core.scan.parity.Parity.to_json`, of a scan in a fast precision;
        where labels are known also `unlabelled`, `by_label` (for each true
        label: films, read, refused, not_read, `called`, `not_called`, `uncertain`, and
        `in_words`), and `evaluation`, in the shape of `evaluate --json`; null
        where none of the films read has a label.
    """
    total, card = summary.total, summary.card
    fields = {
        **provenance(card, bundle.sha256, ", ".join(sorted(summary.precisions))),
        "labels": card.names,
        "films": total.films,
        "read": total.read,
        "refused": total.refused,
        **Share("refused", total.refused, total.films).to_json("refused_share"),
        "not_read": total.not_read,
        **Share("not read", total.not_read, total.films).to_json("not_read_share"),
        "with_warnings": summary.warned,
        "normal_note": normal_note(card.names),
        "findings": {
            name: _share(total.predicted[name], total.read) for name in card.label_names
        },
        "uncertain": _share(total.predicted[None], total.read),
    }
    if summary.left_out is not None:
        said = summary.left_out.in_words()
        fields["left_out"] = {**summary.left_out, "in_words": said}
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
    """Write a scan's figures as JSON."""
    write_json(path, summary_to_json(summary, bundle))


def _label(label: str, counts: FolderCounts, summary: ScanSummary) -> dict[str, Any]:
    names, read = summary.card.label_names, counts.read
    return {
        "films": counts.films,
        "read": read,
        "refused": counts.refused,
        "not_read": counts.not_read,
        "called": {name: _share(counts.predicted[name], read) for name in names},
        "uncertain": _share(counts.predicted[None], read),
        "not_called": {
            name: _share(read - counts.predicted[name], read)
            for name in names
            if name not in (label, HEALTHY)
        },
        "in_words": label_sentence(label, counts, summary.card),
    }


def _share(count: int, of: int) -> dict[str, Any]:
    return {"n": count, **Share("", count, of).to_json()}
