"""Which rows of a scan are selected, kept with the rows and not with places."""

from __future__ import annotations

import numpy as np
from PyQt5.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    pyqtSignal,
    pyqtSlot,
)

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
        model.is_selected = self.is_selected
        model.layoutChanged.connect(self._drop_hidden)
        model.modelReset.connect(self.clear_rows)
        self._keep(np.zeros(0, bool))

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

    @pyqtSlot()
    def clear_rows(self) -> None:
        """Select nothing."""
        self._keep(np.zeros(0, bool))
        self.rows_changed.emit()

    def _keep(self, marks: Mask) -> None:
        """Select these; the mouse and Shift begin anew."""
        self._settled = self._marks = marks
        # What the mouse is still dragging over, or Shift may still change.
        self._pending: Ids = np.empty(0, np.int64)
        self._effect = _Flag.NoUpdate

    def _grown(self, marks: Mask) -> Mask:
        return np.pad(marks, (0, self._rows.total - len(marks)))

    def _with_pending(self) -> Mask:
        marks = self._grown(self._settled)
        if self._effect & _Flag.Select:
            marks[self._pending] = True
        elif self._effect & _Flag.Deselect:
            marks[self._pending] = False
        elif self._effect & _Flag.Toggle:
            marks[self._pending] ^= True
        return marks

    @pyqtSlot()
    def _drop_hidden(self) -> None:
        """What is not shown any more is not selected any more."""
        hidden = self._grown(self._marks)
        hidden[self._rows.order] = False
        if hidden.any():
            self._keep(self._grown(self._marks) & ~hidden)
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
            self._keep(np.zeros(0, bool))
        elif not command & _Flag.Current:
            self._keep(self._with_pending())
        if command & (_Flag.Select | _Flag.Deselect | _Flag.Toggle):
            order = self._rows.order
            parts = [order[part.top() : part.bottom() + 1] for part in what]
            self._pending = np.concatenate([np.empty(0, np.int64), *parts])
            self._effect = command
        self._marks = self._with_pending()
        self.rows_changed.emit()
