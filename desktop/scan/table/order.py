"""Which rows of a scan are shown, and in which order."""

from __future__ import annotations

import dataclasses
from typing import Final

import numpy as np

from desktop.scan.table.columns import Column
from desktop.scan.table.rows import Ids, Mask, RowStore

#: Which label to compare with: any that is a disease.
ANY_DISEASE: Final = -1


@dataclasses.dataclass(frozen=True)
class RowSort:
    """What to sort by.

    Attributes:
        column: By what it says; None for triage, which knows one direction only.
        is_descending: Whether the greatest comes first. Rows without a value
            come last either way.
    """

    column: Column | None = None
    is_descending: bool = False

    @classmethod
    def first(cls, column: Column | None) -> RowSort:
        """How a column is sorted at first; triage order for one without a key."""
        if column is None or column.key is None:
            return cls()
        return cls(column, column.descends)


@dataclasses.dataclass(frozen=True)
class RowFilter:
    """What a row must have to be shown.

    Attributes:
        finding: A number as in `RowStore`; None for any.
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

    @property
    def is_filtering(self) -> bool:
        """Whether anything may be hidden."""
        return self != RowFilter(minimum=self.minimum)


def rows_in_order(rows: RowStore, sort: RowSort, wanted: RowFilter) -> Ids:
    """(m,) int64: numbers of the rows to show, from first to last."""
    order = triage_order(rows)
    if sort.column is not None and sort.column.key is not None:
        values = sort.column.key(rows)[order]
        # Equal ones stay in triage order; NaN is last either way.
        signed = -values if sort.is_descending else values
        order = order[np.argsort(signed, kind="stable")]
    return order[_shown(rows, wanted)[order]] if wanted.is_filtering else order


def triage_order(rows: RowStore) -> Ids:
    """(n,) int64: as `sorted(rows, key=triage_key)` would have them."""
    order = rows.by_name.ids
    triage = rows.numbers["triage"]
    order = order[np.argsort(triage[order, 1], kind="stable")]
    # Whole per cents: small numbers are sorted without comparing them.
    percents = np.rint(100 * triage[order, 0]).astype(np.int16)
    return order[np.argsort(percents, kind="stable")]


def _shown(rows: RowStore, wanted: RowFilter) -> Mask:
    shown = np.ones(len(rows), bool)
    numbers = rows.numbers
    if wanted.finding is not None:
        shown &= rows.findings == wanted.finding
    if wanted.with_warnings:
        shown &= numbers["warnings"] > 0
    if wanted.label is not None:
        is_any = wanted.label == ANY_DISEASE
        share = numbers["disease"] if is_any else numbers["shares"][:, wanted.label]
        shown &= share >= wanted.minimum / 100  # not for NaN: it was not read
    if wanted.text:
        shown &= rows.holding(wanted.text)
    return shown
