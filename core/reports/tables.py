"""The tables of an evaluation, the same for the terminal, the page and the window."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

from core.words import exact_percent, percent

RATES: Final = {
    "precision": "Precision",
    "recall": "Recall",
    "specificity": "Specificity",
    "f1": "F1",
    "auc": "AUC",
}
_AT_POINT: Final = ("sensitivity", "specificity", "precision")


@dataclasses.dataclass(frozen=True)
class Table:
    """Rows of words, a heading for each column; figures with 95 % intervals."""

    title: str
    head: tuple[str, ...]
    rows: list[list[str]]


def rate(fields: Mapping[str, Any], name: str) -> str:
    """A figure with its interval, as "0.816 (0.764–0.865)"; a dash for none.

    Resamples of films of which all are called alike, or of a single one, say nothing
    of how sure the figure is: there it has no interval.
    """
    value, (low, high) = fields.get(name), fields.get(f"{name}_ci") or (0, 0)
    if value is None:
        return "–"
    return f"{value:.3f}" + (f" ({low:.3f}–{high:.3f})" if low < high else "")


def films_by_split(data: Mapping[str, Any]) -> Mapping[str, Mapping[str, int]]:
    """Films of a job by split and kind; a card by another hand may hold anything."""
    splits = data.get("films")
    is_known = isinstance(splits, Mapping) and all(
        isinstance(split, Mapping) for split in splits.values()
    )
    return splits if is_known else {}


def split_table(data: Mapping[str, Any]) -> Table:
    """A row for each kind of films, by split; `data` of a card."""
    splits = films_by_split(data)
    kinds = dict.fromkeys(kind for split in splits.values() for kind in split)
    rows = [[k, *(str(split.get(k, 0)) for split in splits.values())] for k in kinds]
    return Table("Films of the job", ("", *splits), rows)


def result_tables(
    result: Mapping[str, Any], names: Mapping[str, str]
) -> dict[str, Table]:
    """What there is of `findings, sets, points, unseen, sources, within`, in order.

    Args:
        result: An evaluation, short or long.
        names: Label -> as people read it.
    """
    tables = [
        ("findings", _findings(result, names)),
        ("sets", _sets(result.get("sets", {}), names)),
        ("points", _points(result, names)),
        ("unseen", _unseen(result, names)),
        ("sources", _sources(result, names)),
        ("within", _within(result, names)),
    ]
    return {name: table for name, table in tables if table.rows}


def _findings(result: Mapping[str, Any], names: Mapping[str, str]) -> Table:
    rows = [
        [names.get(label, label), f"{each['n']:,}", *(rate(each, r) for r in RATES)]
        for label, each in result["per_class"].items()
    ]
    return Table("By finding", ("", "Films", *RATES.values()), rows)


def _sets(sets: Mapping[str, Any], names: Mapping[str, str]) -> Table:
    head = ("", "They do", "One finding alone", "Cannot say")
    if not sets:
        return Table("", head, [])
    title = f"Sets of findings, made to hold the true one in {percent(sets['target'])}"
    every = ["All films", *(rate(sets, n) for n in ("coverage", "one", "cannot_say"))]
    by_label = [
        [names[label], rate(part, "coverage"), "", ""]
        for label, part in sets["by_label"].items()
    ]
    return Table(title, head, [every, *by_label])


def _points(result: Mapping[str, Any], names: Mapping[str, str]) -> Table:
    rows = [
        [
            names[point["label"]],
            percent(point["target"]),
            exact_percent(point["threshold"]),
            *(rate(point, name) for name in _AT_POINT),
        ]
        for point in result.get("sensitivity_points", ())
    ]
    title = "At the thresholds that validation chose for a sensitivity"
    head = ("", "To find", "From", *(name.capitalize() for name in _AT_POINT))
    return Table(title, head, rows)


def _unseen(result: Mapping[str, Any], names: Mapping[str, str]) -> Table:
    rows = []
    for source, part in result.get("unseen_sources", {}).items():
        first = [source, f"{part['n']:,}", part.get("reason") or rate(part, "accuracy")]
        pairs = [
            [_against(entry, names), rate(entry, "auc")]
            for entry in part.get("within_source", ())
        ]
        one, *others = pairs or [["", ""]]
        rows += [[*first, *one], *(["", "", "", *pair] for pair in others)]
    title = "Sources measured by a model that was trained without them"
    if "unseen_by" in result:
        title += f" ({result['unseen_by']})"
    head = ("Source", "Films", "Accuracy", "Between two labels", "AUC")
    return Table(title, head, rows)


def _sources(result: Mapping[str, Any], names: Mapping[str, str]) -> Table:
    labels = [names.get(label, label) for label in result["per_class"]]
    rows = [
        [
            source,
            *(f"{each['n']:,}" for each in part["per_class"].values()),
            *(rate(part, name) for name in ("accuracy", "macro_f1", "ece")),
            rate(part.get("sets", {}), "coverage"),
        ]
        for source, part in result.get("by_source", {}).items()
    ]
    figures = ("Accuracy", "Macro-F1", "Calibration error", "True finding in its set")
    return Table("By source", ("Source", *labels, *figures), rows)


def _within(result: Mapping[str, Any], names: Mapping[str, str]) -> Table:
    rows = [
        [
            entry["within"],
            _against(entry, names),
            " + ".join(map(str, entry["n"])),
            rate(entry, "auc"),
        ]
        for entry in result.get("within_source", ())
    ]
    title = "Between two labels within one source"
    return Table(title, ("Within", "Labels", "Films", "AUC"), rows)


def _against(entry: Mapping[str, Any], names: Mapping[str, str]) -> str:
    return " against ".join(names.get(label, label) for label in entry["labels"])
