"""The trials of a search as text, the best first."""

from __future__ import annotations

from collections.abc import Sequence

from core.runs.settings import SETTINGS
from core.search.record import (
    FAILED,
    FINISHED,
    MEASURES,
    PRUNED,
    LabelRates,
    SearchTable,
    TrialRow,
)
from core.terminal import columns


def table_text(table: SearchTable, names: Sequence[str]) -> str:
    """The ranked table for a terminal.

    Args:
        names: Of the settings that vary.
    """
    labels = labels_of(table)
    head = ["trial", MEASURES[table.measure], "state", *names]
    head += [f"{label} sens/spec" for label in labels]
    rows = [[str(row.number), *cells(row, names, labels)] for row in table.rows]
    lines = columns([head, *rows])
    lines += ["", summary(table)]
    for row in table.rows:
        if row.reason:
            lines.append(f"Trial {row.number} failed: {row.reason}")
    return "\n".join(lines)


def cells(row: TrialRow, names: Sequence[str], labels: Sequence[str]) -> list[str]:
    """A trial in words: value, state, its settings, rates of each label."""
    value = "" if row.value is None else f"{row.value:.4f}"
    params = [setting_text(name, row.params.get(name)) for name in names]
    rates = row.result.labels if row.result else {}
    return [value, row.state, *params, *(rates_text(rates.get(x)) for x in labels)]


def setting_text(name: str, value: object) -> str:
    """A value of a setting as people read it."""
    if value is None:
        return ""
    # As many digits as tell one trial from another.
    shown = float(f"{value:.4g}") if isinstance(value, float) else value
    return SETTINGS[name].in_words(shown)


def rates_text(rates: LabelRates | None) -> str:
    """Sensitivity and specificity of a label."""
    if rates is None:
        return ""
    both = (rates.sensitivity, rates.specificity)
    return "/".join("-" if rate is None else f"{rate:.3f}" for rate in both)


def labels_of(table: SearchTable) -> tuple[str, ...]:
    """The labels that trials were measured on; none before the first finished."""
    return next((tuple(r.result.labels) for r in table.rows if r.result), ())


def summary(table: SearchTable) -> str:
    """How many trials came to what."""
    finished, pruned = table.count(FINISHED), table.count(PRUNED)
    failed = table.count(FAILED)
    said = f"{finished} of {table.trials} trials finished"
    said += f", {pruned} were given up as hopeless" if pruned else ""
    said += f", {failed} failed" if failed else ""
    best = table.best
    if best is None:
        return f"{said}."
    said += f"; the best is trial {best.number}, on the validation films."
    if table.chosen is not None:
        said += f" The test films were opened for trial {table.chosen}."
    return said
