"""Reads what `core audit` wrote."""

from __future__ import annotations

import collections
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from core.errors import DatasetError
from core.json_file import read_json
from desktop.retrain.data.audit_result import SPLIT_TITLES, AuditResult, Finding
from desktop.widgets.row_table import Cell, Rows

_PROBES: Final = ("metadata", "frame")
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


def read_audit(audit: Path, split: Path) -> AuditResult:
    """Read the result of a check.

    Args:
        audit: What the check found.
        split: The manifest that it was told to write, where it could.

    Raises:
        DatasetError: The file is missing or not what it should be.
    """
    try:
        found: dict[str, Any] = read_json(audit)
        return _result(found, audit, split)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DatasetError(
            f"What the check of the films wrote cannot be read ({error}).",
            hint="Check them again.",
        ) from error


def _result(found: Mapping[str, Any], audit: Path, split: Path) -> AuditResult:
    made = found["split"]
    leaks = () if made else _leaks(found["leaks"])
    probes = tuple(_probe(found["shortcuts"], name) for name in _PROBES)
    said = {probe.text for probe in probes}
    findings = [
        Finding(str(one["severity"]), str(one["text"]), str(one["hint"]))
        for one in found["sentences"]
        if one["text"] not in said
    ]
    advice = [str(one["hint"]) for one in found["sentences"] if one["text"] in said]
    stops = [finding for finding in findings if finding.severity == "stop"]
    problem = None
    if made is None and not leaks:
        problem = stops[0] if stops else Finding("stop", "The films cannot be split.")
    # What stops has a place of its own, at the top.
    rest = [f for f in findings if f is not problem and not (leaks and f in stops)]
    return AuditResult(
        audit=audit,
        split=split if made else None,
        labels={str(label): int(n) for label, n in found["labels"].items()},
        splits=_counts(made["summary"] if made else found["splits"]),
        sources=_counts(found["sources"]),
        split_sha256=str(made["sha256"]) if made else "",
        origin=str(made["origin"]) if made else "",
        leaks=leaks,
        problem=problem,
        probes=probes,
        advice=max(advice, default=""),
        findings=tuple(rest),
        lists=tuple(table for table in _lists(found) if table.rows),
    )


def _counts(tally: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
    return {
        str(outer): {str(inner): int(n) for inner, n in counts.items()}
        for outer, counts in tally.items()
    }


def _leaks(leaks: Sequence[Mapping[str, Any]]) -> tuple[Finding, ...]:
    """One finding per kind of leak."""
    by_kind: dict[str, list[Mapping[str, Any]]] = collections.defaultdict(list)
    for leak in leaks:
        by_kind[str(leak["kind"])].append(leak)
    findings = []
    for kind, group in by_kind.items():
        one, many, what = _LEAKS.get(kind, ("1 leak is", "{} leaks are", "found"))
        count = one if len(group) == 1 else many.format(f"{len(group):,}")
        rows: tuple[tuple[Cell, ...], ...] = tuple(
            (
                ", ".join(leak["files"]),
                ", ".join(SPLIT_TITLES.get(s, s) for s in leak["splits"]),
                str(leak["sentence"]),
            )
            for leak in group
        )
        table = Rows(f"Leaks: {kind}", ("Films", "Splits", "What leaks"), rows)
        findings.append(Finding("stop", f"{count} {what}.", details=table))
    return tuple(findings)


def _probe(shortcuts: Mapping[str, Any], name: str) -> Finding:
    probe = shortcuts.get(name)
    if probe is None:
        subject = "the files" if name == "metadata" else "the frame"
        text = f"There are too few films to tell whether {subject} give labels away."
        return Finding("note", text, word="Not measured")
    text = str(probe["sentence"])
    low, high = probe["auc_ci"]
    figures = (
        f"95 % interval {low:.2f} to {high:.2f}; with the labels shuffled "
        f"{probe['chance']:.2f}."
    )
    if probe["is_red"]:
        return Finding("stop", text, figures, word="Shortcut")
    if low > 0.5:
        return Finding("note", text, figures, word="Weak")
    return Finding("good", text, figures, word="No shortcut")


def _lists(found: Mapping[str, Any]) -> list[Rows]:
    unreadable = tuple((file, reason) for file, reason in found["unreadable"].items())
    similar = tuple(
        (pair["files"][0], pair["files"][1], pair["how"], float(pair["likeness"]))
        for pair in found["similar"]
    )
    left_out = tuple((reason, int(n)) for reason, n in found["left_out"].items())
    return [
        Rows("Films that cannot be read", ("Film", "Reason"), unreadable),
        _numbered("Identical films", found["identical"]),
        Rows("Altered copies", ("Film", "Like", "How", "Likeness"), similar),
        _numbered("One film under several labels", found["conflicts"]),
        Rows("Films left out", ("Reason", "Films"), left_out),
        Rows("Sizes, views and formats", ("What", "Which", "Films"), _kinds(found)),
    ]


def _numbered(title: str, groups: Sequence[Sequence[str]]) -> Rows:
    rows = tuple((i, file) for i, group in enumerate(groups, 1) for file in group)
    return Rows(title, ("Group", "Film"), rows)


def _kinds(found: Mapping[str, Any]) -> tuple[tuple[Cell, ...], ...]:
    rows: list[tuple[Cell, ...]] = [
        ("Size", f"{size['width']} × {size['height']} pixels", int(size["films"]))
        for size in found["sizes"].get("commonest", ())
    ]
    for title, key in (("View", "views"), ("Format", "formats"), ("Bits", "bits")):
        rows += [(title, str(name), int(n)) for name, n in found[key].items()]
    return tuple(rows)
