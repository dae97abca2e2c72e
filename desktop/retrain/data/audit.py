"""What `core audit` found, as the window shows it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from core.errors import DatasetError
from core.json_file import read_json
from desktop.widgets.figures_table import Cell, Rows

SPLIT_TITLES: Final = {"train": "Training", "val": "Validation", "test": "Test"}
#: Labels that find room beside each other.
_MOST_COLUMNS: Final = 4
#: What looks for shortcuts -> what may be one.
_PROBES: Final = {"metadata": "the files give", "frame": "the frame gives"}
#: Kind of a leak -> what is said of one, and of several.
_LEAKS: Final = {
    "identical": (
        "1 film is",
        "{} films are",
        "in several splits, as the same picture",
    ),
    "similar": (
        "1 film is",
        "{} films are",
        "in one split, and as an altered copy in another",
    ),
    "patient": ("1 patient is", "{} patients are", "in several splits"),
    "group": ("1 group is", "{} groups are", "in several splits"),
}

#: Films by split or source, and by label.
_Counts = Mapping[str, Mapping[str, int]]


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


class AuditResult:
    """What is shown of a check, of its JSON.

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

    def __init__(self, found: Mapping[str, Any], audit: Path, split: Path) -> None:
        none = {"summary": found["splits"], "sha256": "", "origin": ""}
        made = found["split"] or none
        self.audit, self.split = audit, split if found["split"] else None
        self.labels: Mapping[str, int] = dict(found["labels"].items())
        self.splits: _Counts = made["summary"]
        self.sources: _Counts = found["sources"]
        self.split_sha256, self.origin = made["sha256"], made["origin"]
        self.leaks = () if found["split"] else tuple(_leaks(found["leaks"]))
        self.probes = tuple(_probe(found["shortcuts"], name) for name in _PROBES)
        said = {probe.text for probe in self.probes}
        sentences = [Finding(**each) for each in found["sentences"]]
        findings = [each for each in sentences if each.text not in said]
        advice = (each.hint for each in sentences if each.text in said)
        self.advice = max(advice, default="")
        stops = [finding for finding in findings if finding.severity == "stop"]
        self.problem: Finding | None = None
        if self.split is None and not self.leaks:
            unsplit = Finding("stop", "The films cannot be split.")
            self.problem = stops[0] if stops else unsplit
        # What stops has a place of its own, at the top.
        told = stops if self.leaks else [self.problem]
        self.findings = tuple(each for each in findings if each not in told)
        self.lists = tuple(table for table in _lists(found) if table.rows)

    @property
    def films(self) -> int:
        """How many can be used."""
        return sum(self.labels.values())

    @property
    def has_shortcut(self) -> bool:
        """Whether the labels can be told apart without looking at lungs."""
        return any(probe.severity == "stop" for probe in self.probes)

    def by_split(self) -> Rows:
        """Films per label and split, with a last row of sums."""
        known = [name for name in SPLIT_TITLES if name in self.splits]
        columns = [*known, *sorted(set(self.splits) - set(known))]
        titles = [SPLIT_TITLES.get(name, name or "No split") for name in columns]
        rows: list[tuple[Cell, ...]] = [
            (label, *(self.splits[name].get(label, 0) for name in columns), films)
            for label, films in self.labels.items()
        ]
        sums = [sum(self.splits[name].values()) for name in columns]
        rows.append(("All", *sums, self.films))
        headers = ("Label", *titles, "All")
        return Rows("Films by label and split", headers, tuple(rows), has_total=True)

    def by_source(self) -> Rows:
        """Films per source and label; one below the other where labels are many."""
        title, rows = "Films by source and label", self.sources.items()
        if len(self.labels) > _MOST_COLUMNS:
            long = tuple(
                (source or "not stated", label, films)
                for source, counts in rows
                for label, films in counts.items()
            )
            return Rows(title, ("Source", "Label", "Films"), long)
        wide: tuple[tuple[Cell, ...], ...] = tuple(
            (source or "not stated", *(counts.get(x, 0) for x in self.labels))
            for source, counts in rows
        )
        return Rows(title, ("Source", *self.labels), wide)


def read_audit(audit: Path, split: Path) -> AuditResult:
    """Read what a check found; it was told to write the split where it could.

    Raises:
        DatasetError: The file is missing or not what it should be.
    """
    try:
        return AuditResult(read_json(audit), audit, split)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DatasetError(
            f"What the check of the films wrote cannot be read ({error}).",
            hint="Check them again.",
        ) from error


def _leaks(leaks: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """One finding per kind of leak."""
    for kind in dict.fromkeys(leak["kind"] for leak in leaks):
        one, many, what = _LEAKS.get(kind, ("1 leak is", "{} leaks are", "found"))
        rows = tuple(
            (
                ", ".join(leak["files"]),
                ", ".join(SPLIT_TITLES.get(s, s) for s in leak["splits"]),
                leak["sentence"],
            )
            for leak in leaks
            if leak["kind"] == kind
        )
        count = one if len(rows) == 1 else many.format(f"{len(rows):,}")
        table = Rows(f"Leaks: {kind}", ("Films", "Splits", "What leaks"), rows)
        yield Finding("stop", f"{count} {what}.", details=table)


def _probe(shortcuts: Mapping[str, Any], name: str) -> Finding:
    probe = shortcuts.get(name)
    if probe is None:
        text = "There are too few films to tell whether {} labels away."
        return Finding("note", text.format(_PROBES[name]), word="Not measured")
    low, high = probe["auc_ci"]
    severity, word = "good", "No shortcut"
    if probe["is_red"]:
        severity, word = "stop", "Shortcut"
    elif low > 0.5:
        severity, word = "note", "Weak"
    figures = (
        f"95 % interval {low:.2f} to {high:.2f}; with the labels shuffled "
        f"{probe['chance']:.2f}."
    )
    return Finding(severity, probe["sentence"], figures, word=word)


def _lists(found: Mapping[str, Any]) -> Iterator[Rows]:
    unreadable = tuple(found["unreadable"].items())
    yield Rows("Films that cannot be read", ("Film", "Reason"), unreadable)
    yield _numbered("Identical films", found["identical"])
    similar = tuple(
        (*pair["files"], pair["how"], pair["likeness"]) for pair in found["similar"]
    )
    yield Rows("Altered copies", ("Film", "Like", "How", "Likeness"), similar)
    yield _numbered("One film under several labels", found["conflicts"])
    left_out = tuple(found["left_out"].items())
    yield Rows("Films left out", ("Reason", "Films"), left_out)
    kinds: list[tuple[Cell, ...]] = [
        ("Size", f"{size['width']} × {size['height']} pixels", size["films"])
        for size in found["sizes"].get("commonest", ())
    ]
    for title, key in (("View", "views"), ("Format", "formats"), ("Bits", "bits")):
        kinds += [(title, name, films) for name, films in found[key].items()]
    heads = ("What", "Which", "Films")
    yield Rows("Sizes, views and formats", heads, tuple(kinds))


def _numbered(title: str, groups: Sequence[Sequence[str]]) -> Rows:
    rows = tuple((i, file) for i, group in enumerate(groups, 1) for file in group)
    return Rows(title, ("Group", "Film"), rows)
