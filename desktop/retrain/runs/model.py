"""The runs as a table that sorts, for lists and comparisons."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from typing import Final

from PyQt5.QtCore import (
    QModelIndex,
    QObject,
    QSortFilterProxyModel,
    Qt,
    QTimer,
    pyqtSlot,
)

from core.model.bundle import ModelBundle
from core.runs.run import Run
from desktop.jobs.list_model import SORT_ROLE, Column, JobListModel
from desktop.retrain.runs.rows import RunRow, read_row
from desktop.widgets.times import time_in_words, when_in_words

#: Whether the model of the row is the one in use.
IN_USE_ROLE: Final = Qt.ItemDataRole.UserRole + 3

#: Time at a stretch for reading runs, so that the window stays fluid.
_SLICE_S: Final = 0.015
_UNKNOWN: Final = "–"


def _accuracy(row: RunRow) -> str:
    return row.accuracy.in_words() if row.accuracy else _UNKNOWN


def _macro_f1(row: RunRow) -> str:
    return row.macro_f1.in_words() if row.macro_f1 else _UNKNOWN


NAME: Final = Column("Name", lambda row: row.name, lambda row: row.name.casefold())
WHEN: Final = Column(
    "Started",
    lambda row: when_in_words(row.run.record.started),
    lambda row: row.run.record.started.timestamp(),
)
STATE: Final = Column(
    "State",
    lambda row: row.state,
    lambda row: row.state,
    severity=lambda row: row.severity if row.is_read else "",
)
ACCURACY: Final = Column(
    "Test accuracy",
    _accuracy,
    lambda row: row.accuracy.value if row.accuracy else None,
    is_number=True,
    tip="Share of the test films called rightly, with its 95 % interval",
)
MACRO_F1: Final = Column(
    "Macro-F1",
    _macro_f1,
    lambda row: row.macro_f1.value if row.macro_f1 else None,
    is_number=True,
    tip="Mean of the labels' F1 on the test films, with its 95 % interval",
)
PRESET: Final = Column("Preset", lambda row: row.preset, lambda row: row.preset)
BACKBONE: Final = Column("Backbone", lambda row: row.backbone, lambda row: row.backbone)
DATA: Final = Column("Data", lambda row: row.data, lambda row: row.data.casefold())
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
    """Runs in rows; what their files say is filled in while the window goes on.

    Args:
        columns: What to show of them.
    """

    def __init__(
        self, columns: Sequence[Column], parent: QObject | None = None
    ) -> None:
        super().__init__(columns, parent)
        self._in_use = ""
        self._unread: list[int] = []
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._on_timer_timeout)

    @property
    def is_reading(self) -> bool:
        """Whether files are still to be looked at."""
        return bool(self._unread)

    def set_runs(self, runs: Sequence[Run]) -> None:
        """Show these runs; what was read of them before stays until read anew."""
        known = {row.path: row for row in self._rows}
        self.set_rows(
            [
                dataclasses.replace(known.get(run.path, RunRow(run)), run=run)
                for run in runs
            ]
        )
        self._unread = list(range(len(runs)))
        self._timer.start()

    def set_model_in_use(self, bundle: ModelBundle | None) -> None:
        """Mark the runs whose model is the one in use."""
        self._in_use = bundle.sha256 if bundle is not None else ""
        self.announce(0, len(self._rows) - 1)

    def is_in_use(self, row: RunRow) -> bool:
        """Whether this run's model is the one in use."""
        return row.bundle is not None and row.bundle.sha256 == self._in_use

    def text(self, row: RunRow, column: Column) -> str:
        text = column.text(row)
        return self._letter(row) + text if column is SPLIT else text

    @pyqtSlot()
    def _on_timer_timeout(self) -> None:
        began = time.monotonic()
        while self._unread and time.monotonic() - began < _SLICE_S:
            number = self._unread.pop(0)
            row = read_row(self._rows[number].run)
            if row != self._rows[number]:
                self._rows[number] = row
                self.announce(number, number)
        if not self._unread:
            self._timer.stop()

    def _letter(self, row: RunRow) -> str:
        """Tells splits apart where they differ: "A · ", "B · "."""
        splits = list(dict.fromkeys(each.split_sha256 for each in self._rows))
        if len(splits) < 2 or not row.split_sha256:
            return ""
        return f"{chr(ord('A') + splits.index(row.split_sha256) % 26)} · "

    def _tip(self, row: RunRow) -> str:
        lines = [f"{column.title}: {column.text(row)}" for column in LIST_COLUMNS]
        return "\n".join([*lines, *(["The model in use"] * self.is_in_use(row))])

    # Qt overrides

    def data(
        self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if index.isValid() and role == IN_USE_ROLE:
            return self.is_in_use(self._rows[index.row()])
        if index.isValid() and role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(self._rows[index.row()])
        return super().data(index, role)


class RunsOrder(QSortFilterProxyModel):
    """The runs in the order of a column; unknown figures always come last."""

    def __init__(self, model: RunsModel) -> None:
        super().__init__(model)
        self.setSourceModel(model)
        self.setSortRole(SORT_ROLE)
        self.setDynamicSortFilter(True)

    # Qt overrides

    def lessThan(self, left: QModelIndex, right: QModelIndex) -> bool:
        a, b = left.data(SORT_ROLE), right.data(SORT_ROLE)
        if a[0] != b[0]:  # only one of them is known
            is_ascending = self.sortOrder() == Qt.SortOrder.AscendingOrder
            return bool(b[0]) if is_ascending else bool(a[0])
        return bool(a < b)
