"""The runs as a table that sorts, for lists and comparisons."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

from PyQt5.QtCore import QModelIndex, QObject, Qt, QTimer, pyqtSlot

from core.errors import CoreError
from core.model.bundle import ModelBundle, peek_bundle
from core.runs.presets import PRESETS
from core.runs.progress import read_progress
from core.runs.run import FAILED, FINISHED, INTERRUPTED, RUNNING, Run
from core.runs.settings import SETTINGS
from desktop.jobs.list_model import Column, JobListModel
from desktop.widgets.rates import Rate, rate_of
from desktop.widgets.times import time_in_words, when_in_words

#: Whether the model of the row is the one in use.
IN_USE_ROLE: Final = Qt.ItemDataRole.UserRole + 3

#: Time at a stretch for reading runs, so that the window stays fluid.
_SLICE_S: Final = 0.015
_UNKNOWN: Final = "–"


#: State -> how people read it, and the sign that goes with it.
_STATES: Final = {
    RUNNING: ("Running", "note"),
    FINISHED: ("Finished", "good"),
    INTERRUPTED: ("Interrupted", "warn"),
    FAILED: ("Failed", "stop"),
}
_PAUSED: Final = ("Paused", "warn")
_DAMAGED: Final = ("Damaged", "stop")


@dataclasses.dataclass(frozen=True)
class RunRow:
    """What is shown of a run.

    Attributes:
        run: The run.
        state: In words.
        severity: Of the state, as `desktop.style.severity` draws it.
        bundle: Its card, files unchecked; None unless it is finished.
        accuracy, macro_f1: On the test films; None where not measured.
        epochs: That were done, in both phases.
        seconds: It ran.
        is_read: Whether the files have been looked at; until then only what
            the record says is known.
    """

    run: Run
    state: str = ""
    severity: str = "note"
    bundle: ModelBundle | None = None
    accuracy: Rate | None = None
    macro_f1: Rate | None = None
    epochs: int = 0
    seconds: float = 0.0
    is_read: bool = False

    @property
    def path(self) -> Path:
        """The run's folder."""
        return self.run.path

    @property
    def name(self) -> str:
        """Of the model, or of the folder of a run whose record is lost."""
        return self.run.record.name or self.run.path.name

    @property
    def preset(self) -> str:
        """Title of the preset it began as."""
        name = self.run.record.preset
        return PRESETS[name].title if name in PRESETS else name or "None"

    @property
    def backbone(self) -> str:
        """As people write it."""
        return SETTINGS["backbone"].in_words(self.run.record.config.backbone)

    @property
    def data(self) -> str:
        """Name of the folder or manifest."""
        path = self.run.record.data
        return path.name or str(path)

    @property
    def split_sha256(self) -> str:
        """Hash of its split; empty where unknown."""
        if self.bundle is None:
            return ""
        return str(self.bundle.card.data.get("split_sha256", ""))


def read_row(run: Run) -> RunRow:
    """Look at the files of a run; takes a few milliseconds."""
    state = run.state()
    words, severity = _STATES[state]
    if state == INTERRUPTED and run.was_paused():
        words, severity = _PAUSED
    bundle: ModelBundle | None = None
    if state == FINISHED:
        try:
            bundle = peek_bundle(run.bundle_dir)
        except CoreError:
            words, severity = _DAMAGED
    test = bundle.card.metrics.get("test", {}) if bundle is not None else {}
    return RunRow(
        run=run,
        state=words,
        severity=severity,
        bundle=bundle,
        accuracy=rate_of(test, "accuracy"),
        macro_f1=rate_of(test, "macro_f1"),
        epochs=len(read_progress(run)[0].epochs),
        seconds=run.times.seconds(),
        is_read=True,
    )


def _words(title: str, attribute: str, **more: Any) -> Column:
    get = attrgetter(attribute)
    return Column(title, get, lambda row: get(row).casefold(), **more)


def _rate(title: str, attribute: str, tip: str) -> Column:
    def get(row: RunRow) -> Rate | None:
        rate: Rate | None = getattr(row, attribute)
        return rate

    return Column(
        title,
        lambda row: rate.in_words() if (rate := get(row)) else _UNKNOWN,
        lambda row: rate.value if (rate := get(row)) else None,
        is_number=True,
        tip=f"{tip}, with its 95 % interval",
    )


NAME: Final = _words("Name", "name")
WHEN: Final = Column(
    "Started",
    lambda row: when_in_words(row.run.record.started),
    lambda row: row.run.record.started.timestamp(),
)
STATE: Final = _words(
    "State", "state", severity=lambda row: row.severity if row.is_read else ""
)
ACCURACY: Final = _rate(
    "Test accuracy", "accuracy", "Share of the test films called rightly"
)
MACRO_F1: Final = _rate(
    "Macro-F1", "macro_f1", "Mean of the labels' F1 on the test films"
)
PRESET: Final = _words("Preset", "preset")
BACKBONE: Final = _words("Backbone", "backbone")
DATA: Final = _words("Data", "data")
SPLIT: Final = Column(
    "Split",
    lambda row: row.split_sha256[:8] or _UNKNOWN,
    lambda row: row.split_sha256,
    tip="Which films were for training, validation and test: runs whose splits "
    "differ were measured on different films",
)
TIME: Final = Column(
    "Time taken",
    lambda row: time_in_words(row.seconds) or _UNKNOWN,
    lambda row: row.seconds,
    is_number=True,
)
EPOCHS: Final = Column(
    "Epochs",
    lambda row: str(row.epochs) if row.epochs else _UNKNOWN,
    lambda row: float(row.epochs),
    is_number=True,
    tip="That were done, in both phases",
)

LIST_COLUMNS: Final = (NAME, WHEN, STATE, ACCURACY, MACRO_F1, PRESET, DATA, TIME)
COMPARE_COLUMNS: Final = (
    *(NAME, ACCURACY, MACRO_F1, PRESET, BACKBONE),
    *(DATA, SPLIT, TIME, EPOCHS, WHEN),
)


class RunsModel(JobListModel):
    """Runs in rows; what their files say is filled in while the window goes on."""

    def __init__(
        self, columns: Sequence[Column], parent: QObject | None = None
    ) -> None:
        super().__init__(columns, parent)
        self._in_use = ""
        self._unread: list[int] = []
        self._timer = QTimer(self, timeout=self._on_timer_timeout)

    @property
    def is_reading(self) -> bool:
        """Whether files are still to be looked at."""
        return bool(self._unread)

    def set_runs(self, runs: Sequence[Run]) -> None:
        """Show these runs; what was read of them before stays until read anew."""
        known = {row.path: row for row in self.rows}
        rows = (
            dataclasses.replace(known.get(run.path, RunRow(run)), run=run)
            for run in runs
        )
        self.set_rows(list(rows))
        self._unread = list(range(len(runs)))
        self._timer.start()

    def set_model_in_use(self, bundle: ModelBundle | None) -> None:
        """Mark the runs whose model is the one in use."""
        self._in_use = bundle.sha256 if bundle is not None else ""
        self.announce(0, len(self.rows) - 1)

    def text(self, row: RunRow, column: Column) -> str:
        text = column.text(row)
        return self._letter(row) + text if column is SPLIT else text

    @pyqtSlot()
    def _on_timer_timeout(self) -> None:
        began = time.monotonic()
        while self._unread and time.monotonic() - began < _SLICE_S:
            number = self._unread.pop(0)
            row = read_row(self.rows[number].run)
            if row != self.rows[number]:
                self.rows[number] = row
                self.announce(number, number)
        if not self._unread:
            self._timer.stop()

    def _letter(self, row: RunRow) -> str:
        """Tells splits apart where they differ: "A · ", "B · "."""
        splits = list(dict.fromkeys(each.split_sha256 for each in self.rows))
        if len(splits) < 2 or not row.split_sha256:
            return ""
        return f"{chr(ord('A') + splits.index(row.split_sha256) % 26)} · "

    # Qt overrides

    def data(
        self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if not index.isValid() or role not in (
            IN_USE_ROLE,
            Qt.ItemDataRole.ToolTipRole,
        ):
            return super().data(index, role)
        row = self.rows[index.row()]
        is_in_use = row.bundle is not None and row.bundle.sha256 == self._in_use
        if role == IN_USE_ROLE:
            return is_in_use
        lines = [f"{column.title}: {column.text(row)}" for column in LIST_COLUMNS]
        return "\n".join([*lines, *(["The model in use"] if is_in_use else [])])
