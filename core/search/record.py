"""What a search was asked for, and what came of each of its trials, as text too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from core import __version__
from core.records import Count, Number
from core.runs.config import TrainingConfig
from core.runs.settings import SETTINGS
from core.search.space import Value
from core.terminal import columns

#: What trials are compared by -> as people read it.
MEASURES: Final = {
    "macro_f1": "macro-F1",
    "accuracy": "accuracy",
    "loss": "loss",
}
SAMPLERS: Final = {
    "tpe": "from what earlier trials were worth",
    "grid": "every combination",
    "random": "at random",
}
WAITING: Final = "waiting"
RUNNING: Final = "running"
FINISHED: Final = "finished"
PRUNED: Final = "pruned"
FAILED: Final = "failed"


class SearchRecord(
    msgspec.Struct, frozen=True, rename={"version": "program", "format": "version"}
):
    """What a search was asked for.

    Attributes:
        preset: Name of the preset that its settings began as.
        data: Folder or manifest.
        started: When it was asked for, with the time zone.
        config: What a trial has of all settings that the space does not vary.
        space: As its file has it; see `core.search.space`.
        trials: How many there are to be.
        measure: Of `MEASURES`, on the validation films, of the epoch that is kept.
        is_pruned: Whether hopeless trials are ended early.
        storage: Address of the database; empty for a journal in the folder. A
            password is not kept.
        backend: Of Keras.
        command: How it was begun, for the card of the model.
    """

    name: str
    preset: str
    data: Path
    started: datetime
    config: TrainingConfig
    space: dict[str, Any]
    trials: int
    sampler: str
    measure: str
    is_pruned: bool
    storage: str
    backend: str
    command: str
    version: str = __version__
    format: Literal[1] = 1


class LabelRates(msgspec.Struct, frozen=True):
    """Of one label on the validation films; None where no film can tell.

    Attributes:
        n: Films of the label.
    """

    n: Count
    sensitivity: Number | None
    specificity: Number | None


class TrialResult(msgspec.Struct, frozen=True):
    """What a trained network was worth on the validation films.

    Attributes:
        epochs: That were trained, of both phases.
        best_epoch: Number of the kept one, over both phases.
    """

    loss: Number
    accuracy: Number
    macro_f1: Number
    labels: dict[str, LabelRates]
    epochs: Count
    best_epoch: Count


class TrialRow(msgspec.Struct, frozen=True):
    """One trial.

    Attributes:
        number: From 0, as the study counts.
        params: Setting -> value.
        value: By which it is ranked: that of the measure; of a trial that runs or
            was pruned the best so far. None before its first epoch.
        reason: Why it failed.
        seconds: How long it took, or has taken; None before it began.
        is_here: Whether its files lie in the folder of this search.
    """

    number: int
    state: str
    params: dict[str, Value]
    value: Number | None = None
    result: TrialResult | None = None
    reason: str = ""
    seconds: Number | None = None
    is_here: bool = False


class SearchTable(msgspec.Struct, frozen=True):
    """All trials of a search, as they stand.

    Attributes:
        trials: How many there are to be.
        rows: The best first; see `ranked`.
        importance: Setting -> its share of what makes trials differ; empty while
            too few have ended.
        chosen: Number of the trial whose model the test films were opened for.
    """

    measure: str
    trials: int
    rows: tuple[TrialRow, ...] = ()
    importance: dict[str, Number] = {}
    chosen: int | None = None

    @property
    def best(self) -> TrialRow | None:
        """The best that has finished."""
        row = self.rows[0] if self.rows else None
        return row if row is not None and row.state == FINISHED else None

    def row(self, number: int) -> TrialRow | None:
        """A trial by its number."""
        return next((row for row in self.rows if row.number == number), None)

    def count(self, *states: str) -> int:
        """How many trials are in one of some states."""
        return sum(row.state in states for row in self.rows)


def is_better(measure: str, value: float, other: float) -> bool:
    """Whether a value of a measure is better than another."""
    return value < other if measure == "loss" else value > other


def ranked(rows: Iterable[TrialRow], measure: str) -> tuple[TrialRow, ...]:
    """Those that finished, the best first; of equal ones that of the lower loss.

    Then those that run, were pruned, failed or wait.
    """
    order = (FINISHED, RUNNING, PRUNED, FAILED, WAITING)

    def place(row: TrialRow) -> tuple[Any, ...]:
        value = float("inf") if row.value is None else row.value
        value = value if measure == "loss" or row.value is None else -value
        loss = row.result.loss if row.result else 0.0
        return order.index(row.state), value, loss, row.number

    return tuple(sorted(rows, key=place))


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
