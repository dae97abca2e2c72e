"""The narrow list of all runs at the left of the Retrain tab."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PyQt5.QtCore import (
    QItemSelectionModel,
    QModelIndex,
    QSignalBlocker,
    Qt,
    QUrl,
    pyqtSignal,
    pyqtSlot,
)
from PyQt5.QtGui import QDesktopServices, QKeySequence
from PyQt5.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QLabel,
    QListView,
    QPushButton,
    QStackedWidget,
    QToolButton,
    QWidget,
)

from core.runs.run import Run
from desktop.jobs.list_model import ROW_ROLE
from desktop.retrain.runs.delegate import RunDelegate
from desktop.retrain.runs.model import LIST_COLUMNS, WHEN, RunRow, RunsModel
from desktop.widgets.buttons import ChoiceBox, action, button, separator
from desktop.widgets.labels import Caption
from desktop.widgets.layouts import column, row

_EMPTY = (
    "No model has been trained yet.\n\nPress New model, choose a folder with your "
    "films, and every training is kept here with its report."
)


class RunsPanel(QFrame):
    """Lists the runs, newest first unless asked otherwise.

    Signals:
        run_chosen: Run. It became the only one selected, or Enter was pressed.
        compare_asked: list[Run]. Two or more finished runs, as they are listed.
        deletion_asked: Run. To be confirmed by whoever deletes it.
    """

    run_chosen = pyqtSignal(object)
    compare_asked = pyqtSignal(object)
    deletion_asked = pyqtSignal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("runsPanel")
        self.model = RunsModel(LIST_COLUMNS, self)
        self.new_button = QPushButton("New &model…", self)
        self.new_button.setObjectName("newModelButton")
        self.new_button.setToolTip("Train a model on films of your own")
        self.search_button = QPushButton("Se&arches", self)
        self.search_button.setToolTip("Searches for the settings that train best")
        self.list = self._make_list()
        self.column_box = ChoiceBox("Sort runs by", self, letters=6)
        self.column_box.addItems([column.title for column in LIST_COLUMNS])
        self.column_box.setCurrentIndex(LIST_COLUMNS.index(WHEN))
        self.column_box.currentIndexChanged[int].connect(self._on_column_changed)
        self.direction = QToolButton(self)
        self.direction.setCheckable(True)
        self.direction.setAutoRaise(True)
        self.direction.toggled.connect(self._sort)
        compare = self._on_compare_triggered
        tip = "Select two or more finished runs with Ctrl"
        self.compare_button = button("Compare selected", compare, self, tip=tip)
        self._folder_action = action("Open &folder", self._on_folder_triggered, self)
        self._compare_action = action("&Compare selected runs", compare, self)
        delete, keys = self._on_delete_triggered, QKeySequence.StandardKey.Delete
        self.delete_action = action("&Delete…", delete, self, keys)
        self.delete_action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        # Its menu, too.
        before = (self._folder_action, self._compare_action, separator(self))
        self.list.addActions([*before, self.delete_action])
        self._stack = QStackedWidget(self)
        self._lay_out()
        self.model.dataChanged.connect(self._show_selection)
        self.set_runs([])
        self._sort()

    @property
    def runs(self) -> list[Run]:
        """All runs, in the order they are listed."""
        return [index.data(ROW_ROLE).run for index in self._indexes()]

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
            self._select(chosen, current.path if current is not None else None)
        self._stack.setCurrentIndex(1 if runs else 0)
        for widget in (self.column_box, self.direction):
            widget.setEnabled(len(runs) > 1)
        self._show_selection()

    def choose(self, run: Run | None) -> None:
        """Select a run, or none, without a signal."""
        with QSignalBlocker(self.list.selectionModel()):
            self.list.clearSelection()
            if run is not None:
                self._select({run.path}, run.path)
        self._show_selection()
        self.list.scrollTo(self.list.currentIndex())

    # Selection

    def _indexes(self) -> list[QModelIndex]:
        order = self.model.order
        return [order.index(row, 0) for row in range(order.rowCount())]

    def _chosen_rows(self) -> list[RunRow]:
        return [index.data(ROW_ROLE) for index in sorted(self.list.selectedIndexes())]

    def _finished_runs(self) -> list[Run]:
        return [row.run for row in self._chosen_rows() if row.bundle is not None]

    def _select(self, paths: set[Path], current: Path | None) -> None:
        flags = QItemSelectionModel.SelectionFlag
        selection = self.list.selectionModel()
        for index in self._indexes():
            path = index.data(ROW_ROLE).path
            if path in paths:
                selection.select(index, flags.Select)
            if path == current:
                selection.setCurrentIndex(index, flags.NoUpdate)

    @pyqtSlot()
    def _show_selection(self) -> None:
        count = len(self._finished_runs())
        for thing in (self.compare_button, self._compare_action):
            thing.setEnabled(count >= 2)
        words = f"{count} runs" if count >= 2 else "selected"
        self.compare_button.setText(f"Compare {words}")
        for thing in (self._folder_action, self.delete_action):
            thing.setEnabled(len(self.chosen_runs) == 1)
        self.list.viewport().update()

    @pyqtSlot()
    def _on_list_selected(self) -> None:
        self._show_selection()
        chosen = self.chosen_runs
        if len(chosen) == 1:
            self.run_chosen.emit(chosen[0])

    @pyqtSlot(QModelIndex)
    def _on_list_activated(self, index: QModelIndex) -> None:
        self.run_chosen.emit(index.data(ROW_ROLE).run)

    # Actions

    @pyqtSlot()
    def _sort(self) -> None:
        is_up = self.direction.isChecked()
        up, down = Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder
        self.model.order.sort(self.column_box.currentIndex(), up if is_up else down)
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
        self.compare_asked.emit(self._finished_runs())

    @pyqtSlot()
    def _on_folder_triggered(self) -> None:
        for run in self.chosen_runs[:1]:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(run.path)))

    @pyqtSlot()
    def _on_delete_triggered(self) -> None:
        for run in self.chosen_runs[:1]:
            self.deletion_asked.emit(run)

    # Making

    def _make_list(self) -> QListView:
        view = QListView(self)
        view.setObjectName("runsList")
        view.setModel(self.model.order)
        view.setItemDelegate(RunDelegate(view))
        view.setUniformItemSizes(True)
        view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        view.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        view.setAccessibleName("Runs")
        view.activated.connect(self._on_list_activated)
        view.selectionModel().selectionChanged.connect(self._on_list_selected)
        return view

    def _lay_out(self) -> None:
        empty = Caption(_EMPTY, self)
        empty.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        empty.setContentsMargins(14, 10, 14, 10)
        self._stack.addWidget(empty)
        self._stack.addWidget(self.list)
        sort_by = QLabel("Sort by", self)
        sorting = row(sort_by, (self.column_box, 1), self.direction, gap=4)
        column(
            column(
                row((self.new_button, 1), self.search_button),
                sorting,
                gap=10,
                margins=(10, 10, 10, 8),
            ),
            (self._stack, 1),
            column(self.compare_button, margins=(10, 8, 10, 10)),
            of=self,
            gap=0,
        )
