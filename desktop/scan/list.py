"""The list of earlier scans."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from PyQt5.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
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
from desktop.scan.disk import Listed
from desktop.style.severity import severity_icon
from desktop.widgets.figures_table import cell_alignment, make_plain
from desktop.widgets.labels import printable
from desktop.widgets.times import short_when

_ROOT: Final = QModelIndex()
_STATES: Final = {
    RUNNING: ("Interrupted", "warn"),
    PAUSED: ("Paused", "note"),
    CANCELLED: ("Cancelled", "note"),
    FINISHED: ("Finished", "good"),
    FAILED: ("Failed", "stop"),
}
#: Rows that the list is high at most before it scrolls.
_MOST_ROWS: Final = 8


@dataclasses.dataclass(frozen=True)
class _Column:
    title: str
    text: Callable[[Listed], str]
    is_number: bool = False


def _films(listed: Listed) -> str:
    record = listed.scan.record
    if record.films is None or record.films <= record.done:
        return f"{record.done:,}"
    return f"{record.done:,} of {record.films:,}"


_COLUMNS: Final = (
    _Column("Folder", lambda listed: printable(Path(listed.scan.record.name))),
    _Column("Started", lambda listed: short_when(listed.scan.record.started)),
    _Column("Films", _films, is_number=True),
    _Column("Model", lambda listed: listed.scan.record.model or "–"),
    _Column("State", lambda listed: state_of(listed)[0]),
)
_STATE: Final = len(_COLUMNS) - 1
#: Words that columns from the second on have room for.
_WIDTHS: Final = (
    "20 Nov, 00:00",
    "999 of 9,999",
    "Hilum chest X-ray model",
    "+ In another window",
)


def state_of(listed: Listed, own: Scan | None = None) -> tuple[str, str]:
    """How a scan stands in a word or some, and how grave that is.

    Args:
        listed: The scan.
        own: The one that this window has under way.
    """
    scan = listed.scan
    if scan.damage:
        return "Damaged", "stop"
    if own is not None and own.path == scan.path:
        return ("Paused" if own.record.status == PAUSED else "Under way"), "note"
    if listed.is_held:
        return "In another window", "note"
    return _STATES[scan.record.status]


class ScanListModel(QAbstractTableModel):
    """Scans in rows."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[Listed] = []
        self._own: Scan | None = None

    def set_scans(self, rows: Sequence[Listed], own: Scan | None) -> None:
        """Replace the rows.

        Args:
            rows: In the order to show.
            own: The scan that this window has under way.
        """
        self.beginResetModel()
        self._rows, self._own = list(rows), own
        self.endResetModel()

    def listed(self, row: int) -> Listed | None:
        """The scan in a row."""
        return self._rows[row] if 0 <= row < len(self._rows) else None

    def row_of(self, path: Path) -> int | None:
        """Where a scan is."""
        for row, listed in enumerate(self._rows):
            if listed.scan.path == path:
                return row
        return None

    # Qt overrides

    def rowCount(self, parent: QModelIndex = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: QModelIndex = _ROOT) -> int:
        return 0 if parent.isValid() else len(_COLUMNS)

    def data(
        self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if not index.isValid():
            return None
        listed, column = self._rows[index.row()], _COLUMNS[index.column()]
        state, severity = state_of(listed, self._own)
        text = state if index.column() == _STATE else column.text(listed)
        if role == Qt.ItemDataRole.DisplayRole:
            return text
        if role == Qt.ItemDataRole.DecorationRole and index.column() == _STATE:
            return severity_icon(severity)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{column.title}: {text}"
        if role == Qt.ItemDataRole.ToolTipRole:
            record = listed.scan.record
            if index.column() == _STATE:
                return listed.scan.damage or record.message or text
            return printable(record.folder) if index.column() == 0 else text
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return cell_alignment(is_number=column.is_number)
        return None

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> object:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return _COLUMNS[section].title
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return cell_alignment(is_number=_COLUMNS[section].is_number)
        return None


class ScanList(QWidget):
    """Earlier scans with what can be done with them.

    Signals:
        open_asked: Listed. Its films are to be shown.
        resume_asked: Scan. To go on.
        deletion_asked: Scan. To be confirmed by whoever deletes it.
    """

    open_asked = pyqtSignal(object)
    resume_asked = pyqtSignal(object)
    deletion_asked = pyqtSignal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = ScanListModel(self)
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

    def set_scans(self, rows: Sequence[Listed], own: Scan | None) -> None:
        """Replace the list; what is selected stays so."""
        chosen = self._chosen()
        self._own = own
        with QSignalBlocker(self.view.selectionModel()):
            self.model.set_scans(rows, own)
            row = self.model.row_of(chosen.scan.path) if chosen else None
            if rows:
                self.view.selectRow(row or 0)
        row_px = self.view.verticalHeader().defaultSectionSize()
        shown = max(1, min(len(rows), _MOST_ROWS))
        head = self.view.horizontalHeader().sizeHint().height()
        self.view.setFixedHeight(row_px * shown + head + 4)
        self._on_selection_changed()

    def _chosen(self) -> Listed | None:
        rows = self.view.selectionModel().selectedRows()
        return self.model.listed(rows[0].row()) if rows else None

    @pyqtSlot()
    def _on_selection_changed(self) -> None:
        chosen = self._chosen()
        is_whole = chosen is not None and not chosen.scan.damage
        own = self._own
        is_own = chosen is not None and own is not None
        is_own = is_own and own.path == chosen.scan.path  # type: ignore[union-attr]
        is_free = chosen is not None and not chosen.is_held and not is_own
        self.open_button.setEnabled(is_whole)
        is_done = chosen is not None and chosen.scan.record.status == FINISHED
        self.resume_button.setEnabled(is_whole and is_free and own is None)
        self.resume_button.setText("Look for &new films" if is_done else "&Go on")
        for thing in (self.delete_button, self._delete_action):
            thing.setEnabled(is_free)

    @pyqtSlot()
    def _on_open_triggered(self) -> None:
        chosen = self._chosen()
        if chosen is not None and not chosen.scan.damage:
            self.open_asked.emit(chosen)

    @pyqtSlot()
    def _on_resume_clicked(self) -> None:
        chosen = self._chosen()
        if chosen is not None:
            self.resume_asked.emit(chosen.scan)

    @pyqtSlot()
    def _on_delete_triggered(self) -> None:
        chosen = self._chosen()
        if chosen is not None:
            self.deletion_asked.emit(chosen.scan)

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
