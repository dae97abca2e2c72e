"""Which films of a scan to show, and in which order: the bar above the table."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Final

from PyQt5.QtCore import QSignalBlocker, QSize, Qt, QTimer, pyqtSignal, pyqtSlot
from PyQt5.QtGui import QResizeEvent
from PyQt5.QtWidgets import QLabel, QLineEdit, QSpinBox, QToolButton, QWidget

from core.model.bundle import Label
from core.model.card import HEALTHY
from desktop.scan.table.columns import Column, finding_names, truth_names
from desktop.scan.table.model import ANY_DISEASE, WRONG, RowFilter, RowSort
from desktop.scan.table.rows import NO_TRUTH, RowStore
from desktop.style.finding_icons import finding_icons
from desktop.style.severity import severity_icon
from desktop.widgets.buttons import ChoiceBox, button
from desktop.widgets.labels import Caption
from desktop.widgets.layouts import WrappedLines

#: After the last letter that was typed.
_TYPING_MS: Final = 200
#: What the count has room for.
_WIDEST: Final = "8,888 of 8,888 films shown, 8,888 selected"
#: Room for the text where it shares a line, logical pixels.
_TEXT_PX: Final = 260


class ScanFilters(QWidget):
    """Finding, true label, text and threshold; the order; and how many are shown.

    Signals:
        filter_changed: RowFilter.
        sort_changed: RowSort.
    """

    filter_changed = pyqtSignal(object)
    sort_changed = pyqtSignal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._typing = QTimer(
            self, singleShot=True, interval=_TYPING_MS, timeout=self._tell
        )
        self.text = QLineEdit(self)
        self.text.setPlaceholderText("File, verdict, warning or error")
        self.text.setClearButtonEnabled(True)
        self.text.setAccessibleName(
            "Text to look for in file, verdict, warnings and error"
        )
        self.text.setToolTip("Show films in whose row this text stands (Ctrl+F)")
        self.text.setMinimumWidth(140)
        self.finding = ChoiceBox("Films to show, by finding", self, letters=19)
        self.truth = ChoiceBox("Films to show, by true label", self, letters=16)
        self.truth.hide()
        self.threshold = ChoiceBox("Probability to compare with", self)
        self.minimum = QSpinBox(self)
        self.minimum.setRange(0, 100)
        self.minimum.setValue(RowFilter().minimum)
        self.minimum.setSingleStep(5)
        self.minimum.setSuffix(" %")
        self.minimum.setAccessibleName("Least probability, per cent")
        self.minimum.setToolTip("Show films with at least this probability")
        self.order = ChoiceBox("Sort the films by", self)
        self.order.setMaxVisibleItems(20)
        self.direction = QToolButton(self)
        self.direction.setCheckable(True)
        self.direction.setAutoRaise(True)
        self.direction.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        tip = "Show all films again"
        self.clear_button = button("Clear filters", self.clear, self, tip=tip)
        self.clear_button.setAutoDefault(False)
        self.count = Caption("", self)
        self.count.setWordWrap(False)
        # A row that is selected does not break the lines anew.
        self.count.setMinimumWidth(self.count.fontMetrics().horizontalAdvance(_WIDEST))
        sort = QLabel("S&ort:", self)
        sort.setBuddy(self.order)
        groups = [
            [self.text, self.finding],
            [self.truth],
            [self.threshold, self.minimum],
            [sort, self.order, self.direction],
            [self.count, self.clear_button],
        ]
        self._lines = WrappedLines(self, groups, _TEXT_PX)
        self.begin((), ())
        self.text.textChanged[str].connect(self._typing.start)
        self.text.returnPressed.connect(self._tell)
        self.finding.currentIndexChanged.connect(self._tell)
        self.truth.currentIndexChanged.connect(self._tell)
        self.threshold.currentIndexChanged.connect(self._tell)
        self.minimum.valueChanged.connect(self._typing.start)
        self.order.currentIndexChanged.connect(self._on_order_changed)
        self.direction.toggled.connect(self._on_direction_toggled)

    @property
    def row_filter(self) -> RowFilter:
        """What is to be shown."""
        return dataclasses.replace(
            self.finding.currentData(),
            truth=self.truth.currentData(),
            text=self.text.text().strip(),
            label=self.threshold.currentData(),
            minimum=self.minimum.value(),
        )

    def begin(self, labels: Sequence[Label], columns: Sequence[Column]) -> None:
        """Start afresh, for a model with these labels; tells nothing."""
        boxes = (self.finding, self.truth, self.threshold, self.order)
        blockers = [QSignalBlocker(each) for each in (*boxes, self.direction)]
        for box in boxes:
            box.clear()
        self.text.clear()
        names = finding_names(labels)
        self._names = ["All films", *names, "With warnings"]
        self.finding.addItem(self._names[0], RowFilter())
        signs = finding_icons([label.name for label in labels])
        for number, (sign, name) in enumerate(zip(signs, names, strict=True)):
            self.finding.addItem(sign, name, RowFilter(finding=number))
        warned = RowFilter(with_warnings=True)
        self.finding.addItem(severity_icon("warn"), self._names[-1], warned)
        self.truth.addItem("Any true label", None)
        truths = truth_names(labels)
        self._truths = {"Wrong": WRONG, **{name: n for n, name in enumerate(truths)}}
        self._truths["No true label"] = NO_TRUTH
        for name, number in self._truths.items():
            self.truth.addItem(name, number)
        self.truth.hide()
        self.threshold.addItem("Any probability", None)
        if any(label.name == HEALTHY for label in labels):
            self.threshold.addItem("Any disease from", ANY_DISEASE)
        for number, label in enumerate(labels):
            self.threshold.addItem(f"{label.display_name} from", number)
        self.order.addItem("Triage order", RowSort())
        for column in columns:
            if column.key is not None:
                self.order.addItem(f"By {column.title}", RowSort.first(column))
        self.direction.setChecked(False)
        del blockers
        self._typing.stop()
        self._show_state()

    def set_counts(self, rows: RowStore) -> None:
        """Say how many films there are of each finding, with a warning, and so on."""
        counts = rows.counts()
        warned = int((rows.numbers["warnings"] > 0).sum())
        for place, count in enumerate([sum(counts), *counts, warned]):
            self.finding.setItemText(place, f"{self._names[place]} ({count:,})")
        self.truth.setVisible(rows.has_truths)
        for place, (name, number) in enumerate(self._truths.items(), start=1):
            found = rows.wrong if number == WRONG else rows.truths == number
            self.truth.setItemText(place, f"{name} ({int(found.sum()):,})")

    def set_shown(self, shown: int, total: int, selected: int) -> None:
        """Say how many films are shown, and how many are selected."""
        films = "film" if total == 1 else "films"
        more = f", {selected:,} selected" if selected else ""
        self.count.setText(f"{shown:,} of {total:,} {films} shown{more}")
        self._lines.arrange()

    def show_sort(self, sort: RowSort) -> None:
        """Show by what the films are sorted, without a signal."""
        sorts = (self.order.itemData(place) for place in range(self.order.count()))
        columns = [each.column for each in sorts]
        blockers = [QSignalBlocker(self.order), QSignalBlocker(self.direction)]
        self.order.setCurrentIndex(columns.index(sort.column))
        self.direction.setChecked(sort.is_descending)
        del blockers
        self._show_state()

    @pyqtSlot(str)
    def type_text(self, text: str) -> None:
        """Go to the text field and type there."""
        self.text.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.text.setText(text)

    @pyqtSlot()
    def clear(self) -> None:
        """Show all films; the order stays."""
        boxes = (self.finding, self.truth, self.threshold)
        blockers = [QSignalBlocker(each) for each in boxes]
        self.text.clear()
        for box in boxes:
            box.setCurrentIndex(0)
        del blockers
        if self.clear_button.hasFocus():  # it is about to be disabled
            self.text.setFocus(Qt.FocusReason.OtherFocusReason)
        self._tell()

    @pyqtSlot()
    def _tell(self) -> None:
        self._typing.stop()
        self._show_state()
        self.filter_changed.emit(self.row_filter)

    @pyqtSlot()
    def _on_order_changed(self) -> None:
        sort = self.order.currentData()
        with QSignalBlocker(self.direction):
            self.direction.setChecked(sort.is_descending)
        self._show_state()
        self.sort_changed.emit(sort)

    @pyqtSlot(bool)
    def _on_direction_toggled(self, is_descending: bool) -> None:
        self._show_state()
        sort = self.order.currentData()
        self.sort_changed.emit(dataclasses.replace(sort, is_descending=is_descending))

    def _show_state(self) -> None:
        self.minimum.setEnabled(self.threshold.currentData() is not None)
        self.clear_button.setEnabled(self.row_filter.is_filtering)
        self.direction.setEnabled(self.order.currentData().column is not None)
        is_down = self.direction.isChecked()
        self.direction.setArrowType(  # as in the headings
            Qt.ArrowType.UpArrow if is_down else Qt.ArrowType.DownArrow
        )
        words = "Descending: the greatest first" if is_down else "Ascending"
        self.direction.setToolTip(words)
        self.direction.setAccessibleName(words)

    # Qt overrides

    def minimumSizeHint(self) -> QSize:
        high = super().minimumSizeHint().height()
        return QSize(self._lines.least_width, high)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lines.arrange()
