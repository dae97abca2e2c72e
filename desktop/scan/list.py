"""The list of earlier scans."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PyQt5.QtCore import QSignalBlocker, Qt, pyqtSlot
from PyQt5.QtGui import QKeySequence
from PyQt5.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QPushButton,
    QTableView,
    QWidget,
)

from core.scan.record import CANCELLED, FAILED, FINISHED, PAUSED, RUNNING
from core.scan.store import Scan
from desktop.jobs.list_model import Column, JobListModel
from desktop.widgets.buttons import action
from desktop.widgets.figures_table import make_plain
from desktop.widgets.labels import printable
from desktop.widgets.layouts import column, row
from desktop.widgets.times import short_when

_STATES: Final = {
    RUNNING: ("Interrupted", "warn"),
    PAUSED: ("Paused", "note"),
    CANCELLED: ("Cancelled", "note"),
    FINISHED: ("Finished", "good"),
    FAILED: ("Failed", "stop"),
}
#: Rows that the list is high at most before it scrolls.
_MOST_ROWS: Final = 8


def _films(scan: Scan) -> str:
    record = scan.record
    if record.films is None or record.films <= record.done:
        return f"{record.done:,}"
    return f"{record.done:,} of {record.films:,}"


def _state(scan: Scan) -> tuple[str, str]:
    """How a scan stands in a word or some, and how grave that is."""
    if scan.damage:
        return "Damaged", "stop"
    if scan.is_at_work:
        return ("Paused" if scan.record.status == PAUSED else "Under way"), "note"
    return _STATES[scan.record.status]


_COLUMNS: Final = (
    Column(
        "Folder",
        lambda scan: printable(Path(scan.record.name)),
        hover=lambda scan: printable(scan.record.folder),
    ),
    Column("Started", lambda scan: short_when(scan.record.started)),
    Column("Films", _films, is_number=True),
    Column("Model", lambda scan: scan.record.model or "–"),
    Column(
        "State",
        lambda scan: _state(scan)[0],
        severity=lambda scan: _state(scan)[1],
        hover=lambda scan: scan.damage or scan.record.message or _state(scan)[0],
    ),
)
#: Words that columns from the second on have room for.
_WIDTHS: Final = (
    "20 Nov, 00:00",
    "999 of 9,999",
    "Hilum chest X-ray model",
    "+ Interrupted",
)


class ScanList(QWidget):
    """Earlier scans, and buttons for what can be done with the one selected.

    Whoever shows, starts and deletes scans listens to the buttons.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = JobListModel(_COLUMNS, self)
        self._own: Scan | None = None
        self.view = self._make_view()
        self.open_button = QPushButton("&Open", self)
        self.resume_button = QPushButton("&Go on", self)
        self.delete_button = QPushButton("Dele&te…", self)
        # A disabled button is not clicked by these either.
        self.view.activated.connect(self.open_button.click)
        keys = QKeySequence.StandardKey.Delete
        delete = action("Dele&te…", self.delete_button.click, self.view, keys)
        delete.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self.view.addAction(delete)
        buttons = row(self.open_button, self.resume_button, self.delete_button, None)
        column(self.view, buttons, of=self)
        self.set_scans([], None)

    @property
    def chosen(self) -> Scan | None:
        """The scan that is selected."""
        rows = self.view.selectionModel().selectedRows()
        return self.model.rows[rows[0].row()] if rows else None

    def set_scans(self, scans: Sequence[Scan], own: Scan | None) -> None:
        """Replace the list; what is selected stays so.

        Args:
            own: The scan at work that is followed, as it stands now.
        """
        chosen = self.chosen
        self._own = own
        if own is not None:
            scans = [own if own.path == each.path else each for each in scans]
        with QSignalBlocker(self.view.selectionModel()):
            self.model.set_rows(scans)
            place = self.model.row_of(chosen.path) if chosen else None
            if scans:
                self.view.selectRow(place or 0)
        row_px = self.view.verticalHeader().defaultSectionSize()
        shown = max(1, min(len(scans), _MOST_ROWS))
        head = self.view.horizontalHeader().sizeHint().height()
        self.view.setFixedHeight(row_px * shown + head + 4)
        self._on_selection_changed()

    @pyqtSlot()
    def _on_selection_changed(self) -> None:
        chosen = self.chosen
        is_whole = chosen is not None and not chosen.damage
        is_free = chosen is not None and not chosen.is_at_work
        self.open_button.setEnabled(is_whole)
        is_done = chosen is not None and chosen.record.status == FINISHED
        self.resume_button.setEnabled(is_whole and is_free and self._own is None)
        self.resume_button.setText("Look for &new films" if is_done else "&Go on")
        self.delete_button.setEnabled(is_free)

    def _make_view(self) -> QTableView:
        view = QTableView(self)
        view.setObjectName("compareTable")  # looks like one
        view.setModel(self.model)
        view.setAccessibleName("Earlier scans")
        make_plain(view)
        view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        metrics = self.fontMetrics()
        view.verticalHeader().setDefaultSectionSize(metrics.height() + 10)
        head = view.horizontalHeader()
        head.setMinimumSectionSize(70)
        head.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for place, words in enumerate(_WIDTHS, start=1):
            view.setColumnWidth(place, metrics.horizontalAdvance(words) + 24)
        view.selectionModel().selectionChanged.connect(self._on_selection_changed)
        return view
