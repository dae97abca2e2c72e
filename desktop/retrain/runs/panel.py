"""The narrow list of all runs at the left of the Retrain tab."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PyQt5.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPoint,
    QSignalBlocker,
    QSize,
    Qt,
    QUrl,
    pyqtSignal,
    pyqtSlot,
)
from PyQt5.QtGui import QDesktopServices, QKeySequence
from PyQt5.QtWidgets import (
    QAbstractItemView,
    QAction,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QListView,
    QMenu,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from core.model.bundle import ModelBundle
from core.runs.run import Run
from desktop.jobs.list_model import ROW_ROLE
from desktop.retrain.runs.delegate import RunDelegate
from desktop.retrain.runs.model import (
    LIST_COLUMNS,
    WHEN,
    RunsModel,
    RunsOrder,
)
from desktop.retrain.runs.rows import RunRow
from desktop.widgets.labels import Caption

_EMPTY = (
    "No model has been trained yet.\n\nPress New model, choose a folder with your "
    "films, and every training is kept here with its report."
)


class RunsPanel(QFrame):
    """Lists the runs, newest first unless asked otherwise.

    Signals:
        run_chosen: Run. It became the only one selected, or Enter was pressed.
        new_asked: a new training is wanted.
        compare_asked: list[Run]. Two or more finished runs, as they are listed.
        deletion_asked: Run. To be confirmed by whoever deletes it.
    """

    run_chosen = pyqtSignal(object)
    new_asked = pyqtSignal()
    compare_asked = pyqtSignal(object)
    deletion_asked = pyqtSignal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("runsPanel")
        self.model = RunsModel(LIST_COLUMNS, self)
        self._order = RunsOrder(self.model)
        self.new_button = QPushButton("New &model…", self)
        self.new_button.setObjectName("newModelButton")
        self.new_button.setToolTip("Train a model on films of your own")
        self.new_button.clicked.connect(self.new_asked)
        self.list = self._make_list()
        self.column_box = self._make_column_box()
        self.direction = QToolButton(self)
        self.direction.setCheckable(True)
        self.direction.setAutoRaise(True)
        self.direction.toggled.connect(self._sort)
        self.compare_button = QPushButton("&Compare selected", self)
        self.compare_button.setToolTip("Select two or more finished runs with Ctrl")
        self.compare_button.clicked.connect(self._on_compare_triggered)
        self._stack = QStackedWidget(self)
        self._make_actions()
        self._lay_out()
        self.model.dataChanged.connect(self._on_selection_changed)
        self.set_runs([])
        self._sort()

    @property
    def runs(self) -> list[Run]:
        """All runs, in the order they are listed."""
        return [row.run for row in self._rows(self._all_indexes())]

    @property
    def chosen_runs(self) -> list[Run]:
        """Those that are selected, in the order they are listed."""
        return [row.run for row in self._chosen_rows()]

    def set_runs(self, runs: Sequence[Run]) -> None:
        """Replace the list; what is selected stays so."""
        chosen = {run.path for run in self.chosen_runs}
        current = self.list.currentIndex().data(ROW_ROLE)
        with QSignalBlocker(self.list.selectionModel()):
            self.model.set_runs(runs)
            self._select(chosen, current.run.path if current is not None else None)
        self._stack.setCurrentIndex(1 if runs else 0)
        for widget in (self.column_box, self.direction):
            widget.setEnabled(len(runs) > 1)
        self._on_selection_changed()
        self.list.viewport().update()

    def set_model_in_use(self, bundle: ModelBundle | None) -> None:
        """Mark the run whose model is the one in use."""
        self.model.set_model_in_use(bundle)

    def choose(self, run: Run | None) -> None:
        """Select a run, or none, without a signal."""
        paths = {run.path} if run is not None else set()
        with QSignalBlocker(self.list.selectionModel()):
            self.list.clearSelection()
            self._select(paths, run.path if run is not None else None)
        self._on_selection_changed()
        self.list.scrollTo(self.list.currentIndex())
        self.list.viewport().update()

    # Selection

    def _all_indexes(self) -> list[QModelIndex]:
        return [self._order.index(row, 0) for row in range(self._order.rowCount())]

    def _rows(self, indexes: Sequence[QModelIndex]) -> list[RunRow]:
        return [index.data(ROW_ROLE) for index in indexes]

    def _chosen_rows(self) -> list[RunRow]:
        selection = self.list.selectionModel()
        chosen = [i for i in self._all_indexes() if selection.isSelected(i)]
        return self._rows(chosen)

    def _select(self, paths: set[Path], current: Path | None) -> None:
        flags = QItemSelectionModel.SelectionFlag
        selection = self.list.selectionModel()
        for index in self._all_indexes():
            path = index.data(ROW_ROLE).run.path
            if path in paths:
                selection.select(index, flags.Select)
            if path == current:
                selection.setCurrentIndex(index, flags.NoUpdate)

    @pyqtSlot()
    def _on_selection_changed(self) -> None:
        rows = self._chosen_rows()
        finished = [row for row in rows if row.is_finished]
        is_comparable = len(finished) >= 2
        for thing in (self.compare_button, self.compare_action):
            thing.setEnabled(is_comparable)
        count = f" {len(finished)} runs" if is_comparable else " selected"
        self.compare_button.setText(f"&Compare{count}")
        for action in (self.folder_action, self.delete_action):
            action.setEnabled(len(rows) == 1)

    @pyqtSlot(QItemSelection, QItemSelection)
    def _on_list_selected(self, new: QItemSelection, old: QItemSelection) -> None:
        self._on_selection_changed()
        rows = self._chosen_rows()
        if len(rows) == 1:
            self.run_chosen.emit(rows[0].run)

    @pyqtSlot(QModelIndex)
    def _on_list_activated(self, index: QModelIndex) -> None:
        self.run_chosen.emit(index.data(ROW_ROLE).run)

    # Actions

    @pyqtSlot()
    def _sort(self) -> None:
        descending = Qt.SortOrder.DescendingOrder
        ascending = Qt.SortOrder.AscendingOrder
        is_up = self.direction.isChecked()
        self._order.sort(
            self.column_box.currentIndex(), ascending if is_up else descending
        )
        arrow = Qt.ArrowType.UpArrow if is_up else Qt.ArrowType.DownArrow
        self.direction.setArrowType(arrow)
        words = "smallest or earliest first" if is_up else "largest or latest first"
        self.direction.setToolTip(f"Now {words}; press to turn it round")
        self.direction.setAccessibleName(f"Order: {words}")

    @pyqtSlot(int)
    def _on_column_changed(self, column: int) -> None:
        # Names and words from A on, times and figures from the newest and best.
        is_text = not LIST_COLUMNS[column].is_number and LIST_COLUMNS[column] != WHEN
        with QSignalBlocker(self.direction):
            self.direction.setChecked(is_text)
        self._sort()

    @pyqtSlot()
    def _on_compare_triggered(self) -> None:
        finished = [row.run for row in self._chosen_rows() if row.is_finished]
        if len(finished) >= 2:
            self.compare_asked.emit(finished)

    @pyqtSlot()
    def _on_folder_triggered(self) -> None:
        for run in self.chosen_runs[:1]:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(run.path)))

    @pyqtSlot()
    def _on_delete_triggered(self) -> None:
        for run in self.chosen_runs[:1]:
            self.deletion_asked.emit(run)

    @pyqtSlot(QPoint)
    def _on_menu_asked(self, place: QPoint) -> None:
        menu = QMenu(self)
        menu.addActions([self.folder_action, self.compare_action])
        menu.addSeparator()
        menu.addAction(self.delete_action)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.list.viewport().mapToGlobal(place))

    # Making

    def _make_list(self) -> QListView:
        view = QListView(self)
        view.setObjectName("runsList")
        view.setModel(self._order)
        view.setItemDelegate(RunDelegate(view))
        view.setUniformItemSizes(True)
        view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        view.setAccessibleName("Runs")
        view.customContextMenuRequested.connect(self._on_menu_asked)
        view.activated.connect(self._on_list_activated)
        view.selectionModel().selectionChanged.connect(self._on_list_selected)
        return view

    def _make_column_box(self) -> QComboBox:
        box = QComboBox(self)
        box.addItems([column.title for column in LIST_COLUMNS])
        box.setCurrentIndex(LIST_COLUMNS.index(WHEN))
        box.setAccessibleName("Sort runs by")
        box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        box.currentIndexChanged[int].connect(self._on_column_changed)
        return box

    def _make_actions(self) -> None:
        self.folder_action = QAction("Open &folder", self)
        self.folder_action.triggered.connect(self._on_folder_triggered)
        self.compare_action = QAction("&Compare selected runs", self)
        self.compare_action.triggered.connect(self._on_compare_triggered)
        self.delete_action = QAction("&Delete…", self)
        self.delete_action.setShortcut(QKeySequence(QKeySequence.StandardKey.Delete))
        context = Qt.ShortcutContext.WidgetShortcut
        self.delete_action.setShortcutContext(context)
        self.delete_action.triggered.connect(self._on_delete_triggered)
        self.list.addAction(self.delete_action)

    def _lay_out(self) -> None:
        empty = Caption(_EMPTY, self)
        empty.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        empty.setContentsMargins(14, 10, 14, 10)
        self._stack.addWidget(empty)
        self._stack.addWidget(self.list)
        sorting = QHBoxLayout()
        sorting.setSpacing(4)
        sorting.addWidget(QLabel("Sort by", self))
        sorting.addWidget(self.column_box, 1)
        sorting.addWidget(self.direction)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for part in (self.new_button, sorting):
            inset = QHBoxLayout()
            inset.setContentsMargins(10, 10, 10, 0)
            if isinstance(part, QHBoxLayout):
                inset.addLayout(part)
            else:
                inset.addWidget(part)
            column.addLayout(inset)
        column.addSpacing(8)
        column.addWidget(self._stack, 1)
        foot = QHBoxLayout()
        foot.setContentsMargins(10, 8, 10, 10)
        foot.addWidget(self.compare_button)
        column.addLayout(foot)

    # Qt overrides

    def sizeHint(self) -> QSize:
        return QSize(280, 600)

    def minimumSizeHint(self) -> QSize:
        return QSize(215, 200)
