"""Which rows of a scan are shown, and in which order."""

from __future__ import annotations

import dataclasses
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from desktop.scan.table.columns import ScanColumns
from desktop.scan.table.texts import Ids, Mask

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
class SortWish:
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
class FilterWish:
    """What a row must have to be shown.

    Attributes:
        finding: A number as in `ScanColumns`; None for any.
        with_warnings: Whether it must have a warning.
        text: Part of its file, verdict, warnings or error; empty for any.
        label: Whose probability must reach `least`; `ANY_DISEASE`, or None for
            no such wish.
        least: In per cent, 0 to 100.
    """

    finding: int | None = None
    with_warnings: bool = False
    text: str = ""
    label: int | None = None
    least: int = 50


def rows_in_order(columns: ScanColumns, sort: SortWish, wish: FilterWish) -> Ids:
    """(m,) int64: numbers of the rows to show, from first to last."""
    order = _sorted(columns, sort)
    if wish == dataclasses.replace(FilterWish(), least=wish.least):
        return order
    return order[shown_rows(columns, wish)[order]]


def shown_rows(columns: ScanColumns, wish: FilterWish) -> Mask:
    """(n,) bool: rows that pass the filter."""
    shown = np.ones(len(columns), bool)
    if wish.finding is not None:
        shown &= columns.findings == wish.finding
    if wish.with_warnings:
        shown &= columns.warning_counts > 0
    if wish.label is not None:
        share = (
            columns.disease
            if wish.label == ANY_DISEASE
            else columns.shares[:, wish.label]
        )
        shown &= share >= wish.least / 100  # not for NaN: it was not read
    if wish.text:
        shown &= columns.holding(wish.text)
    return shown


def triage_order(columns: ScanColumns) -> Ids:
    """(n,) int64: as `sorted(rows, key=triage_key)` would have them."""
    order = columns.by_name
    order = order[np.argsort(columns.triage[order, 1], kind="stable")]
    # Whole per cents: small numbers are sorted without comparing them.
    percents = np.rint(100 * columns.triage[order, 0]).astype(np.int16)
    return order[np.argsort(percents, kind="stable")]


def _sorted(columns: ScanColumns, sort: SortWish) -> Ids:
    if sort.by == FILE:
        return columns.by_file[::-1] if sort.is_descending else columns.by_file
    order = triage_order(columns)  # what is equal otherwise
    if sort.by == TRIAGE:
        return order
    if sort.by == WARNINGS:
        order = order[np.argsort(columns.warning_ranks[order], kind="stable")]
        return order[_stable(columns.warning_counts[order], sort)]
    if sort.by == FINDING:
        return order[_stable(columns.findings[order], sort)]
    if sort.by == VERDICT:
        return _empty_last(
            order[_stable(columns.verdict_ranks[order], sort)],
            columns.findings == columns.not_read,
        )
    if sort.by == ERROR:
        return _empty_last(
            order[_stable(columns.error_ranks[order], sort)],
            columns.findings != columns.not_read,
        )
    return order[_stable(columns.shares[order, sort.label], sort)]


def _stable(values: NDArray[Any], sort: SortWish) -> Ids:
    """The places of values from first to last; NaN is last either way."""
    signed = -values if sort.is_descending else values
    return np.argsort(signed, kind="stable")


def _empty_last(order: Ids, is_empty: Mask) -> Ids:
    empty = is_empty[order]
    return np.concatenate([order[~empty], order[empty]])
