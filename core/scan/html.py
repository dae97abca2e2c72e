"""A scan as one HTML file that needs nothing else."""

from __future__ import annotations

import heapq
import html
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from core import __version__
from core.files import atomic_write
from core.films.thumbnail import thumbnail
from core.model.bundle import ModelBundle
from core.model.classifier import percent
from core.reports.charts import confusion_chart
from core.reports.text import macro_note
from core.scan.row import ScanRow
from core.scan.summary import (
    ScanSummary,
    label_sentence,
    percent_of,
    shares_of,
)
from core.scan.triage import triage_key

#: Rows of the work list and of the films that were not read; the CSV has all.
_MOST_ROWS = 500
_MOST_FAILED = 200
_MOST_PICTURES = 24
#: Pictures of films that were chosen one by one.
_MOST_CHOSEN = 100
_CHART = (460, 360)
_RATES = {"precision": "precision", "recall": "recall", "f1": "F1", "auc": "AUC"}
_DISCLAIMER = "A research and teaching tool, not a medical device."
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto;
       padding: 0 1rem; color: #1b1f23; background: #fff; }
h1 { font-size: 1.6rem; margin-bottom: 0.2rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2rem 0 0.5rem; border-bottom: 1px solid #d0d5da; }
table { border-collapse: collapse; margin: 0.5rem 0 1.5rem; }
th, td { padding: 0.3rem 0.8rem; border-bottom: 1px solid #d0d5da; text-align: right;
         vertical-align: top; }
th:first-child, td:first-child { text-align: left; overflow-wrap: anywhere; }
table.words td { text-align: left; }
caption { text-align: left; color: #57606a; padding-bottom: 0.3rem; }
.quiet { color: #57606a; }
.wide { overflow-x: auto; }
.films { display: flex; flex-wrap: wrap; gap: 0.8rem; }
figure { margin: 0; break-inside: avoid; }
.films figure { width: 11rem; overflow-wrap: anywhere; font-size: 0.85em; }
.films img { max-width: 11rem; display: block; background: #000; }
tr { break-inside: avoid; }
@media print { body { margin: 0; max-width: none; font-size: 11px; } }
"""


def write_scan_html(
    path: Path,
    rows: Iterable[ScanRow],
    summary: ScanSummary,
    bundle: ModelBundle,
    folder: Path,
    *,
    of: int | None = None,
) -> None:
    """Write a scan for people: totals, then the films, the urgent ones first.

    Args:
        rows: All of them, one by one; only those shown are kept.
        summary: Of the same rows.
        folder: That they lie in, for the pictures of the first.
        of: How many films the scan has, where these are chosen ones.

    Raises:
        OutputError: It cannot be written.
    """
    first, failed = _chosen(rows)
    names = [label.display_name for label in bundle.card.labels]
    title = f"Scan of {folder.name or folder}"
    body = [
        f"<h1>{_text(title)}</h1>",
        f'<p class="quiet">Model {_text(bundle.card.name)}, {bundle.sha256}, '
        f"{_text(_precision(summary))}; Hilum {__version__}.</p>",
        *([] if of is None else [_chosen_of(summary.total.films, of)]),
        *_totals(summary),
        *_measured(summary),
        *_pictures(first[: _MOST_PICTURES if of is None else _MOST_CHOSEN], folder),
        *_work_list(first, summary.total.read, names, bundle.card.label_names),
        *_failures(failed, summary.total.not_read),
        f"<p>{_DISCLAIMER}</p>",
    ]
    page = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{_text(title)}</title><style>{_STYLE}</style></head>\n"
        f"<body>\n{chr(10).join(body)}\n</body></html>\n"
    )
    with atomic_write(path) as partial:
        partial.write_text(page, encoding="utf-8")


def _chosen(rows: Iterable[ScanRow]) -> tuple[list[ScanRow], list[ScanRow]]:
    """The rows to look at first, in that order, and some that were not read."""
    failed: list[ScanRow] = []

    def read() -> Iterable[ScanRow]:
        for row in rows:
            if not row.error:
                yield row
            elif len(failed) < _MOST_FAILED:
                failed.append(row)

    return heapq.nsmallest(_MOST_ROWS, read(), key=triage_key), failed


def _totals(summary: ScanSummary) -> list[str]:
    total = summary.total
    cells = [
        [_text(each.words), f"{each.count:,}", _text(percent_of(each))]
        for each in shares_of(total, None, summary.card)
    ]
    cells.append(["not read", f"{total.not_read:,}", ""])
    caption = f"{total.films:,} films; shares of those read"
    warned = f"<p>{summary.warned:,} films have a warning.</p>"
    parity = summary.parity
    left_out = summary.left_out.in_words() if summary.left_out is not None else ""
    return [
        "<h2>Totals</h2>",
        _table(caption, ["", "films", "share, 95 % interval"], cells),
        *([warned] if summary.warned else []),
        *([f"<p>{left_out}</p>"] if left_out else []),
        *(
            [f"<p>Checked: {_text(parity.in_words())}</p>"]
            if parity is not None
            else []
        ),
    ]


def _measured(summary: ScanSummary) -> list[str]:
    result = summary.evaluation() if summary.measures else None
    if result is None:
        return []
    card = summary.card
    sentences = [
        f"<p>{_text(label_sentence(label, counts, card))}</p>"
        for label, counts in summary.by_label.items()
        if counts.read or counts.not_read
    ]
    cells = [
        [
            _text(card.display_name(label)),
            f"{rates['n']:,}",
            *(_rate(rates, name) for name in _RATES),
        ]
        for label, rates in result["per_class"].items()
    ]
    names = {label.name: label.display_name for label in card.labels}
    chart = confusion_chart(result, names, size=_CHART)
    inline = re.sub(r' xmlns="[^"]*"', "", chart, count=1)
    return [
        "<h2>Against the labels</h2>",
        *sentences,
        f"<p>Accuracy {_rate(result, 'accuracy')}, macro-F1 "
        f"{_rate(result, 'macro_f1')}{macro_note(result)}, calibration error "
        f"{_rate(result, 'ece')}. "
        "Here every film is called by its likeliest label.</p>",
        _table("By finding, 95 % intervals", ["", "films", *_RATES.values()], cells),
        f"<figure>{inline}<figcaption>Truth in rows, called in columns.</figcaption>"
        "</figure>",
    ]


def _pictures(rows: Sequence[ScanRow], folder: Path) -> list[str]:
    figures = []
    for row in rows:
        data = thumbnail(folder / row.file)
        picture = f'<img alt="" src="data:image/jpeg;base64,{data}">' if data else ""
        figures.append(
            f"<figure>{picture}<figcaption><b>{_text(row.verdict)}</b><br>"
            f"{_text(row.file)}</figcaption></figure>"
        )
    if not figures:
        return []
    return [
        "<h2>To look at first</h2>",
        "<p>These are pictures of patients: mind to whom you give this file.</p>",
        f'<div class="films">{"".join(figures)}</div>',
    ]


def _work_list(
    rows: Sequence[ScanRow], read: int, names: Sequence[str], labels: Sequence[str]
) -> list[str]:
    if not rows:
        return []
    cells = [
        [
            _text(row.file),
            _text(row.verdict),
            *(percent(row.probabilities[label]) for label in labels),
            _text(" ".join(row.warnings)),
        ]
        for row in rows
    ]
    shown = f"The first {len(rows):,} of {read:,}" if len(rows) < read else "All films"
    caption = f"{shown}, likely disease first, then doubt"
    head = ["film", "verdict", *names, "warnings"]
    return ["<h2>Work list</h2>", _table(caption, head, cells)]


def _failures(rows: Sequence[ScanRow], not_read: int) -> list[str]:
    if not rows:
        return []
    cells = [[_text(row.file), _text(row.error)] for row in rows]
    shown = f"The first {len(rows):,} of {not_read:,}"
    caption = shown if len(rows) < not_read else f"{not_read:,} films"
    return ["<h2>Not read</h2>", _table(caption, ["film", "reason"], cells, "words")]


def _precision(summary: ScanSummary) -> str:
    return ", ".join(sorted(summary.precisions)) or "no film read"


def _chosen_of(films: int, of: int) -> str:
    return f"<p>A selection: {films:,} of the {of:,} films of the scan.</p>"


def _rate(fields: Any, name: str) -> str:
    if fields[name] is None:
        return "–"
    low, high = fields[f"{name}_ci"]
    return f"{fields[name]:.3f} ({low:.3f} to {high:.3f})"


def _text(text: str) -> str:
    # A file name may hold bytes that are no text.
    known = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return html.escape(known)


def _table(
    caption: str, head: Sequence[str], rows: Sequence[Sequence[str]], kind: str = ""
) -> str:
    """A table. The cells of `rows` are HTML, those of `head` are not."""
    top = "".join(f"<th>{html.escape(cell)}</th>" for cell in head)
    body = "".join(
        f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows
    )
    return (
        f'<div class="wide"><table class="{kind}"><caption>{html.escape(caption)}'
        f"</caption><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
    )
