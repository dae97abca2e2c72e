"""Which rows of a scan are shown, and in which order."""

from __future__ import annotations

import dataclasses
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from desktop.scan.table.columns import Ids, Mask, ScanColumns

#: Sort by what, besides a label's number as in "share 0".
TRIAGE: Final = "triage"
FILE: Final = "file"
FINDING: Final = "finding"
VERDICT: Final = "verdict"
WARNINGS: Final = "warnings"
ERROR: Final = "error"

#: Which label to compare with: none, or any that is a disease.
ANY_DISEASE: Final = -1


@dataclasses.dataclass(frozen=True)
class RowSort:
    """What to sort by.

    Attributes:
        by: One of the names above, or "share" for a probability.
        label: Whose probability.
        is_descending: Whether the greatest comes first. Rows without a value
            come last either way; triage knows one direction only.
    """

    by: str = TRIAGE
    label: int = 0
    is_descending: bool = False


@dataclasses.dataclass(frozen=True)
class RowFilter:
    """What a row must have to be shown.

    Attributes:
        finding: A number as in `ScanColumns`; None for any.
        with_warnings: Whether it must have a warning.
        text: Part of its file, verdict, warnings or error; empty for any.
        label: Whose probability must reach `minimum`; `ANY_DISEASE`, or None for
            any.
        minimum: In per cent, 0 to 100.
    """

    finding: int | None = None
    with_warnings: bool = False
    text: str = ""
    label: int | None = None
    minimum: int = 50


def rows_in_order(columns: ScanColumns, sort: RowSort, wanted: RowFilter) -> Ids:
    """(m,) int64: numbers of the rows to show, from first to last."""
    order = _sorted(columns, sort)
    if wanted == dataclasses.replace(RowFilter(), minimum=wanted.minimum):
        return order
    return order[shown_rows(columns, wanted)[order]]


def shown_rows(columns: ScanColumns, wanted: RowFilter) -> Mask:
    """(n,) bool: rows that pass the filter."""
    shown = np.ones(len(columns), bool)
    if wanted.finding is not None:
        shown &= columns.findings == wanted.finding
    if wanted.with_warnings:
        shown &= columns.numbers["warnings"] > 0
    if wanted.label is not None:
        is_any = wanted.label == ANY_DISEASE
        numbers = columns.numbers
        share = numbers["disease"] if is_any else numbers["shares"][:, wanted.label]
        shown &= share >= wanted.minimum / 100  # not for NaN: it was not read
    if wanted.text:
        shown &= columns.holding(wanted.text)
    return shown


def triage_order(columns: ScanColumns) -> Ids:
    """(n,) int64: as `sorted(rows, key=triage_key)` would have them."""
    order = columns.by_name.ids
    triage = columns.numbers["triage"]
    order = order[np.argsort(triage[order, 1], kind="stable")]
    # Whole per cents: small numbers are sorted without comparing them.
    percents = np.rint(100 * triage[order, 0]).astype(np.int16)
    return order[np.argsort(percents, kind="stable")]


def _sorted(columns: ScanColumns, sort: RowSort) -> Ids:
    if sort.by == FILE:
        ids = columns.by_file.ids
        return ids[::-1] if sort.is_descending else ids
    order = triage_order(columns)  # what is equal otherwise
    if sort.by == TRIAGE:
        return order
    is_read = columns.findings != columns.not_read
    if sort.by == WARNINGS:
        order = order[np.argsort(columns.warnings.ranks[order], kind="stable")]
        return _stable(order, columns.numbers["warnings"], sort)
    if sort.by == FINDING:
        return _stable(order, columns.findings, sort)
    if sort.by == VERDICT:
        return _empty_last(_stable(order, columns.verdicts.ranks, sort), ~is_read)
    if sort.by == ERROR:
        return _empty_last(_stable(order, columns.errors.ranks, sort), is_read)
    return _stable(order, columns.numbers["shares"][:, sort.label], sort)


def _stable(order: Ids, values: NDArray[Any], sort: RowSort) -> Ids:
    """The rows from the first to the last value; NaN is last either way."""
    signed = -values[order] if sort.is_descending else values[order]
    return order[np.argsort(signed, kind="stable")]


def _empty_last(order: Ids, is_empty: Mask) -> Ids:
    empty = is_empty[order]
    return np.concatenate([order[~empty], order[empty]])
