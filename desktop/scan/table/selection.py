"""Which rows of a scan are selected, kept with the rows and not with places."""

from __future__ import annotations

import numpy as np
from PyQt5.QtCore import QItemSelection, QItemSelectionModel, QModelIndex, pyqtSignal

from desktop.scan.table.model import ScanModel
from desktop.scan.table.rows import Ids, Mask

_Flag = QItemSelectionModel.SelectionFlag


class RowSelection(QItemSelectionModel):
    """A selection of rows by their numbers.

    Qt's own holds ranges of places. When rows move it takes them apart into one
    index a row, and every cell that is drawn goes through all of them. This one
    takes Qt's requests and keeps a mark per row; Qt's own ranges stay empty, so
    the view and its delegate have to ask `is_selected`.

    Signals:
        rows_changed: other rows are selected.
    """

    rows_changed = pyqtSignal()

    def __init__(self, model: ScanModel) -> None:
        super().__init__(model)
        self._rows = model
        self._settled: Mask = np.zeros(0, bool)
        # What the mouse is still dragging over, or Shift may still change.
        self._pending: Ids = np.empty(0, np.int64)
        self._effect = _Flag.NoUpdate
        self._marks: Mask = self._settled
        model.is_selected = self.is_selected
        model.modelReset.connect(self._on_model_reset)

    @property
    def count(self) -> int:
        """How many rows are selected."""
        return int(np.count_nonzero(self._marks))

    def is_selected(self, row: int) -> bool:
        """Whether a row is selected, by its number."""
        return row < len(self._marks) and bool(self._marks[row])

    def numbers(self) -> Ids:
        """(k,) int64: numbers of the selected rows, in the order shown."""
        order = self._rows.order
        return order[self._grown(self._marks)[order]]

    def clear_rows(self) -> None:
        """Select nothing."""
        self.select(QItemSelection(), _Flag.Clear)

    def _grown(self, marks: Mask) -> Mask:
        missing = self._rows.total - len(marks)
        return (
            np.concatenate([marks, np.zeros(missing, bool)]) if missing > 0 else marks
        )

    def _with_pending(self) -> Mask:
        marks = self._grown(self._settled).copy()
        if self._effect & _Flag.Select:
            marks[self._pending] = True
        elif self._effect & _Flag.Deselect:
            marks[self._pending] = False
        elif self._effect & _Flag.Toggle:
            marks[self._pending] ^= True
        return marks

    def _on_model_reset(self) -> None:
        """What is not shown any more is not selected any more."""
        marks = self._grown(self._marks)[: self._rows.total]
        shown = np.zeros(self._rows.total, bool)
        shown[self._rows.order] = True
        self._settle(marks & shown)

    def _settle(self, marks: Mask) -> None:
        changed = self.count or np.any(marks)
        self._settled = self._marks = marks
        self._pending, self._effect = np.empty(0, np.int64), _Flag.NoUpdate
        if changed:
            self.rows_changed.emit()

    # Qt overrides

    def select(
        self,
        what: QItemSelection | QModelIndex,
        command: QItemSelectionModel.SelectionFlags,
    ) -> None:
        if command == _Flag.NoUpdate:
            return
        if isinstance(what, QModelIndex):
            what = QItemSelection(what, what) if what.isValid() else QItemSelection()
        if command & _Flag.Clear:
            self._settled = np.zeros(0, bool)
            self._pending = np.empty(0, np.int64)
        if not command & _Flag.Current:
            self._settled = self._with_pending()
            self._pending = np.empty(0, np.int64)
        if command & (_Flag.Select | _Flag.Deselect | _Flag.Toggle):
            order = self._rows.order
            parts = [order[part.top() : part.bottom() + 1] for part in what]
            self._pending = np.concatenate([np.empty(0, np.int64), *parts])
            self._effect = command
        self._marks = self._with_pending()
        self.rows_changed.emit()
