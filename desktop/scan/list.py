"""The list of earlier scans."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PyQt5.QtCore import (
    QSignalBlocker,
    Qt,
    pyqtSignal,
    pyqtSlot,
)
from PyQt5.QtGui import QKeySequence
from PyQt5.QtWidgets import (
    QAbstractItemView,
    QAction,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from core.scan.record import CANCELLED, FAILED, FINISHED, PAUSED, RUNNING
from core.scan.store import Scan
from desktop.jobs.list_model import Column, JobListModel
from desktop.widgets.figures_table import make_plain
from desktop.widgets.labels import printable
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


def _state(scan: Scan) -> str:
    return state_of(scan)[0]


def _why(scan: Scan) -> str:
    return scan.damage or scan.record.message or _state(scan)


_COLUMNS: Final = (
    Column(
        "Folder",
        lambda scan: printable(Path(scan.record.name)),
        hover=lambda scan: printable(scan.record.folder),
    ),
    Column("Started", lambda scan: short_when(scan.record.started)),
    Column("Films", _films, is_number=True),
    Column("Model", lambda scan: scan.record.model or "–"),
    Column("State", _state, severity=lambda scan: state_of(scan)[1], hover=_why),
)
#: Words that columns from the second on have room for.
_WIDTHS: Final = (
    "20 Nov, 00:00",
    "999 of 9,999",
    "Hilum chest X-ray model",
    "+ Interrupted",
)


def state_of(scan: Scan) -> tuple[str, str]:
    """How a scan stands in a word or some, and how grave that is."""
    if scan.damage:
        return "Damaged", "stop"
    if scan.is_at_work:
        return ("Paused" if scan.record.status == PAUSED else "Under way"), "note"
    return _STATES[scan.record.status]


class ScanList(QWidget):
    """Earlier scans with what can be done with them.

    Signals:
        open_asked: Scan. Its films are to be shown.
        resume_asked: Scan. To go on.
        deletion_asked: Scan. To be confirmed by whoever deletes it.
    """

    open_asked = pyqtSignal(object)
    resume_asked = pyqtSignal(object)
    deletion_asked = pyqtSignal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = JobListModel(_COLUMNS, self)
        self._own: Scan | None = None
        self.view = self._make_view()
        self.open_button = QPushButton("&Open", self)
        self.open_button.clicked.connect(self._on_open_triggered)
        self.resume_button = QPushButton("&Go on", self)
        self.resume_button.clicked.connect(self._on_resume_clicked)
        self.delete_button = QPushButton("Dele&te…", self)
        self.delete_button.clicked.connect(self._on_delete_triggered)
        self._delete_action = QAction("Dele&te…", self.view)
        self._delete_action.setShortcut(QKeySequence.StandardKey.Delete)
        context = Qt.ShortcutContext.WidgetShortcut
        self._delete_action.setShortcutContext(context)
        self._delete_action.triggered.connect(self._on_delete_triggered)
        self.view.addAction(self._delete_action)
        line = QHBoxLayout()
        line.setSpacing(8)
        for button in (self.open_button, self.resume_button, self.delete_button):
            line.addWidget(button)
        line.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.view)
        column.addLayout(line)
        self.set_scans([], None)

    def set_scans(self, rows: Sequence[Scan], own: Scan | None) -> None:
        """Replace the list; what is selected stays so.

        Args:
            rows: In the order to show.
            own: The scan at work that is followed, as it stands now.
        """
        chosen = self._chosen()
        self._own = own
        if own is not None:
            rows = [own if own.path == each.path else each for each in rows]
        with QSignalBlocker(self.view.selectionModel()):
            self.model.set_rows(rows)
            row = self.model.row_of(chosen.path) if chosen else None
            if rows:
                self.view.selectRow(row or 0)
        row_px = self.view.verticalHeader().defaultSectionSize()
        shown = max(1, min(len(rows), _MOST_ROWS))
        head = self.view.horizontalHeader().sizeHint().height()
        self.view.setFixedHeight(row_px * shown + head + 4)
        self._on_selection_changed()

    def _chosen(self) -> Scan | None:
        rows = self.view.selectionModel().selectedRows()
        return self.model.rows[rows[0].row()] if rows else None

    @pyqtSlot()
    def _on_selection_changed(self) -> None:
        chosen = self._chosen()
        is_whole = chosen is not None and not chosen.damage
        is_free = chosen is not None and not chosen.is_at_work
        self.open_button.setEnabled(is_whole)
        is_done = chosen is not None and chosen.record.status == FINISHED
        self.resume_button.setEnabled(is_whole and is_free and self._own is None)
        self.resume_button.setText("Look for &new films" if is_done else "&Go on")
        for thing in (self.delete_button, self._delete_action):
            thing.setEnabled(is_free)

    @pyqtSlot()
    def _on_open_triggered(self) -> None:
        chosen = self._chosen()
        if chosen is not None and not chosen.damage:
            self.open_asked.emit(chosen)

    @pyqtSlot()
    def _on_resume_clicked(self) -> None:
        chosen = self._chosen()
        if chosen is not None:
            self.resume_asked.emit(chosen)

    @pyqtSlot()
    def _on_delete_triggered(self) -> None:
        chosen = self._chosen()
        if chosen is not None:
            self.deletion_asked.emit(chosen)

    def _make_view(self) -> QTableView:
        view = QTableView(self)
        view.setObjectName("compareTable")  # looks like one
        view.setModel(self.model)
        view.setAccessibleName("Earlier scans")
        make_plain(view)
        view.setTabKeyNavigation(False)
        view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        view.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        row_px = self.fontMetrics().height() + 10
        view.verticalHeader().setDefaultSectionSize(row_px)
        head = view.horizontalHeader()
        head.setMinimumSectionSize(70)
        mode = QHeaderView.ResizeMode
        head.setSectionResizeMode(0, mode.Stretch)
        for column, words in enumerate(_WIDTHS, start=1):
            head.setSectionResizeMode(column, mode.Interactive)
            width = self.fontMetrics().horizontalAdvance(words)
            view.setColumnWidth(column, width + 24)
        view.activated.connect(self._on_open_triggered)
        view.selectionModel().selectionChanged.connect(self._on_selection_changed)
        return view
