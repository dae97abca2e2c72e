"""A scan as one HTML file that needs nothing else."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from core.films.thumbnail import thumbnail
from core.model.bundle import ModelBundle, provenance
from core.model.card import set_in_words
from core.model.wording import normal_note
from core.reports.bar_charts import confusion_chart
from core.reports.pages import CHART, inline, write_page
from core.reports.tables import result_tables
from core.reports.text import overall
from core.scan.row import ScanRow
from core.scan.summary import ScanSummary, label_sentences, shares_of
from core.scan.triage import triage_key, why_here
from core.words import percent

#: Rows of the work list and of the films that were not read; the CSV has all.
_MAX_ROWS = 500
_MAX_FAILED = 200
_MAX_REFUSED = 200
_MAX_PICTURES = 24
#: Pictures of films that were chosen one by one.
_MAX_CHOSEN = 100


def write_scan_html(
    path: Path,
    rows: Iterable[ScanRow],
    summary: ScanSummary,
    bundle: ModelBundle,
    folder: Path,
    *,
    of: int | None = None,
) -> None:
    """Write a scan for people: totals, then the films in triage order.

    Args:
        rows: All of them, one by one; only those shown are kept.
        summary: Of the same rows.
        folder: That they lie in, for the pictures of the first.
        of: How many films the scan has, where these are chosen ones.

    Raises:
        OutputError: It cannot be written.
    """
    first, refused, failed = _chosen(rows)
    pictures = first[: _MAX_PICTURES if of is None else _MAX_CHOSEN]
    shares = shares_of(summary.total, None, summary.card)
    write_page(
        path,
        "scan.html",
        title=f"Scan of {folder.name or folder}",
        bundle=bundle,
        names=bundle.card.names,
        made_with=provenance(
            bundle.card,
            bundle.sha256,
            ", ".join(sorted(summary.precisions)) or "no film read",
        ),
        of=of,
        summary=summary,
        total=summary.total,
        shares=[(each.words, each.count, each.in_percent()) for each in shares],
        **_measured(summary),
        pictures=[(row, thumbnail(folder / row.file)) for row in pictures],
        first=first,
        refused=refused,
        failed=failed,
        why={row.file: why_here(row, bundle.card.names) for row in first},
        normal_note=normal_note(bundle.card.names),
        percent=percent,
        sets={row.file: set_in_words(row.set, bundle.card.names) for row in first}
        if any(row.coverage is not None for row in first)
        else {},
    )


def _chosen(
    rows: Iterable[ScanRow],
) -> tuple[list[ScanRow], list[ScanRow], list[ScanRow]]:
    """Rows to look at first, in that order; some refused; some not read."""
    refused: list[ScanRow] = []
    failed: list[ScanRow] = []

    def with_verdict() -> Iterable[ScanRow]:
        for row in rows:
            if row.probabilities:
                yield row
            elif row.reason and len(refused) < _MAX_REFUSED:
                refused.append(row)
            elif row.error and len(failed) < _MAX_FAILED:
                failed.append(row)

    first = heapq.nsmallest(_MAX_ROWS, with_verdict(), key=triage_key)
    return first, refused, failed


def _measured(summary: ScanSummary) -> dict[str, Any]:
    """What films of known labels show, where there are any."""
    result = summary.evaluation() if summary.measures else None
    if result is None:
        return {"measured": None}
    chart = confusion_chart(result, summary.card.names, size=CHART)
    return {
        "measured": result,
        "overall": overall(result),
        "by_finding": result_tables(result, summary.card.names)["findings"],
        "confusion": inline(chart, "What was called what"),
        "label_sentences": label_sentences(summary),
    }
