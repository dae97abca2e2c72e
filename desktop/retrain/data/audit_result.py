"""What a check of the films found, as the window shows it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from desktop.widgets.row_table import Cell, Rows

SPLIT_TITLES: Final = {"train": "Training", "val": "Validation", "test": "Test"}
#: Labels that find room beside each other.
_MOST_COLUMNS: Final = 4


@dataclasses.dataclass(frozen=True)
class Finding:
    """Something the check found.

    Attributes:
        severity: "stop", "warn", "note" or "good".
        text: One sentence.
        hint: What it means or what can be done; may be empty.
        details: The films concerned; None where there is no list.
        word: Beside its sign; the severity's own when empty.
    """

    severity: str
    text: str
    hint: str = ""
    details: Rows | None = None
    word: str = ""


@dataclasses.dataclass(frozen=True)
class AuditResult:
    """What is shown of a check.

    Attributes:
        audit: The file with all of it.
        split: The manifest that says which film is where; None where there is
            no split that may be used.
        labels: Label -> films that can be read, in output order.
        splits: Split -> label -> films: of the split to use, or else of the
            one that the data brings.
        sources: Source -> label -> films.
        split_sha256: Of the split; empty where there is none.
        origin: Of the split: "given", "made" or "regrouped"; empty for none.
        leaks: Why training may not start as it is; empty where nothing leaks.
        problem: Why the films cannot serve at all; None if they can.
        probes: The shortcut audit: two sentences at most.
        advice: What to do about shortcuts; empty where there are none.
        findings: Gravest first.
        lists: Films of interest, for windows of their own.
    """

    audit: Path
    split: Path | None
    labels: Mapping[str, int]
    splits: Mapping[str, Mapping[str, int]]
    sources: Mapping[str, Mapping[str, int]]
    split_sha256: str = ""
    origin: str = ""
    leaks: tuple[Finding, ...] = ()
    problem: Finding | None = None
    probes: tuple[Finding, ...] = ()
    advice: str = ""
    findings: tuple[Finding, ...] = ()
    lists: tuple[Rows, ...] = ()

    @property
    def films(self) -> int:
        """How many can be used."""
        return sum(self.labels.values())

    @property
    def has_shortcut(self) -> bool:
        """Whether the labels can be told apart without looking at lungs."""
        return any(probe.severity == "stop" for probe in self.probes)


def table_by_split(result: AuditResult) -> Rows:
    """Films per label and split, with a last row of sums."""
    known = [name for name in SPLIT_TITLES if name in result.splits]
    columns = [*known, *sorted(set(result.splits) - set(known))]
    titles = [SPLIT_TITLES.get(name, name or "No split") for name in columns]
    rows: list[tuple[Cell, ...]] = [
        (label, *(result.splits[name].get(label, 0) for name in columns), films)
        for label, films in result.labels.items()
    ]
    sums = [sum(result.splits[name].values()) for name in columns]
    rows.append(("All", *sums, result.films))
    headers = ("Label", *titles, "All")
    return Rows("Films by label and split", headers, tuple(rows), has_total=True)


def table_by_source(result: AuditResult) -> Rows:
    """Films per source and label; one below the other where labels are many."""
    sources = {name or "not stated": counts for name, counts in result.sources.items()}
    title = "Films by source and label"
    if len(result.labels) > _MOST_COLUMNS:
        long = tuple(
            (source, label, films)
            for source, counts in sources.items()
            for label, films in counts.items()
        )
        return Rows(title, ("Source", "Label", "Films"), long)
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (source, *(counts.get(label, 0) for label in result.labels))
        for source, counts in sources.items()
    )
    return Rows(title, ("Source", *result.labels), rows)
