"""Which films of a scan to show, and in which order: the bar above the table."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Final

from PyQt5.QtCore import QSignalBlocker, QSize, Qt, QTimer, pyqtSignal, pyqtSlot
from PyQt5.QtGui import QIcon, QResizeEvent
from PyQt5.QtWidgets import (
    QComboBox,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QToolButton,
    QWidget,
)

from core.model.bundle import Label
from core.model.card import HEALTHY
from desktop.scan.table.cells import PICTURE, SHARE, columns_for, finding_name
from desktop.scan.table.order import (
    ANY_DISEASE,
    TRIAGE,
    WARNINGS,
    RowFilter,
    RowSort,
)
from desktop.style.finding_icons import finding_icons
from desktop.style.severity import severity_icon
from desktop.widgets.labels import Caption
from desktop.widgets.layouts import WrappedLines

#: After the last letter that was typed.
_TYPING_MS: Final = 200
#: Room for the text where it shares a line, logical pixels.
_TEXT_PX: Final = 260
#: Of an entry of the list of findings: what it lets through, and its name.
_PASSING: Final = Qt.ItemDataRole.UserRole
_NAME: Final = Qt.ItemDataRole.UserRole + 1


class ScanFilters(QWidget):
    """Finding, text and threshold; the order; and how many are shown.

    Signals:
        filter_changed: RowFilter.
        sort_changed: RowSort.
    """

    filter_changed = pyqtSignal(object)
    sort_changed = pyqtSignal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._labels: tuple[Label, ...] = ()
        self._told = RowFilter()
        self.text = self._make_text()
        self.finding = self._make_box("Films to show, by finding", letters=19)
        self.threshold = self._make_box("Probability to compare with")
        self.minimum = self._make_minimum()
        self.order = self._make_box("Sort the films by")
        self.direction = self._make_direction()
        self.clear_button = QPushButton("C&lear filters", self)
        self.clear_button.setToolTip("Show all films again")
        self.clear_button.setAutoDefault(False)
        self.clear_button.clicked.connect(self.clear)
        self.count = Caption("", self)
        self.count.setWordWrap(False)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MS)
        self._typing.timeout.connect(self._tell)
        self._lay_out()
        self.begin(())
        self.finding.currentIndexChanged.connect(self._tell)
        self.threshold.currentIndexChanged.connect(self._tell)
        self.minimum.valueChanged.connect(self._typing.start)
        self.order.currentIndexChanged.connect(self._on_order_changed)
        self.direction.toggled.connect(self._on_direction_toggled)

    @property
    def row_filter(self) -> RowFilter:
        """What is to be shown."""
        return dataclasses.replace(
            self.finding.currentData(_PASSING),
            text=self.text.text().strip(),
            label=self.threshold.currentData(),
            minimum=self.minimum.value(),
        )

    @property
    def is_filtering(self) -> bool:
        """Whether anything may be hidden."""
        wanted = self.row_filter
        return wanted != RowFilter(minimum=wanted.minimum)

    def begin(self, labels: Sequence[Label]) -> None:
        """Start afresh, for a model with these labels; tells nothing."""
        self._labels = tuple(labels)
        boxes = (self.finding, self.threshold, self.order, self.direction)
        blockers = [QSignalBlocker(box) for box in boxes]
        self.text.clear()
        self._fill_findings()
        self._fill_thresholds()
        self._fill_orders()
        self.direction.setChecked(False)
        del blockers
        self._typing.stop()
        self._told = self.row_filter
        self._show_state()
        self.set_counts([0] * (len(labels) + 3), 0)
        self.set_shown(0, 0)

    def set_counts(self, counts: Sequence[int], with_warnings: int) -> None:
        """Say how many films there are of each finding.

        Args:
            counts: By the numbers of `ScanColumns`, up to those not read.
            with_warnings: How many have a warning.
        """
        for place, count in enumerate([sum(counts), *counts, with_warnings]):
            text = f"{self.finding.itemData(place, _NAME)} ({count:,})"
            if self.finding.itemText(place) != text:
                self.finding.setItemText(place, text)

    def set_shown(self, shown: int, total: int, selected: int = 0) -> None:
        """Say how many films are shown, and how many are selected."""
        films = "film" if total == 1 else "films"
        more = f", {selected:,} selected" if selected else ""
        self.count.setText(f"{shown:,} of {total:,} {films} shown{more}")
        self._lines.arrange()

    def show_sort(self, sort: RowSort) -> None:
        """Show by what the films are sorted, without a signal."""
        sorts = (self.order.itemData(place) for place in range(self.order.count()))
        same = [(each.by, each.label) for each in sorts]
        blockers = [QSignalBlocker(self.order), QSignalBlocker(self.direction)]
        self.order.setCurrentIndex(same.index((sort.by, sort.label)))
        self.direction.setChecked(sort.is_descending)
        del blockers
        self._show_state()

    def type_text(self, text: str) -> None:
        """Go to the text field and type there."""
        self.text.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.text.setText(text)

    @pyqtSlot()
    def clear(self) -> None:
        """Show all films; the order stays."""
        blockers = [QSignalBlocker(self.finding), QSignalBlocker(self.threshold)]
        self.text.clear()
        self.finding.setCurrentIndex(0)
        self.threshold.setCurrentIndex(0)
        del blockers
        if self.clear_button.hasFocus():  # it is about to be disabled
            self.text.setFocus(Qt.FocusReason.OtherFocusReason)
        self._tell()

    @pyqtSlot()
    def _tell(self) -> None:
        self._typing.stop()
        self._show_state()
        wanted = self.row_filter
        if wanted != self._told:
            self._told = wanted
            self.filter_changed.emit(wanted)

    @pyqtSlot(int)
    def _on_order_changed(self, place: int) -> None:
        sort = self.order.itemData(place)
        with QSignalBlocker(self.direction):
            self.direction.setChecked(sort.is_descending)
        self._show_state()
        self.sort_changed.emit(sort)

    @pyqtSlot(bool)
    def _on_direction_toggled(self, is_descending: bool) -> None:
        sort = self.order.currentData()
        self._show_state()
        self.sort_changed.emit(dataclasses.replace(sort, is_descending=is_descending))

    def _show_state(self) -> None:
        self.minimum.setEnabled(self.threshold.currentData() is not None)
        self.clear_button.setEnabled(self.is_filtering)
        sort = self.order.currentData()
        self.direction.setEnabled(sort.by != TRIAGE)
        is_down = self.direction.isChecked()
        self.direction.setArrowType(  # as in the headings
            Qt.ArrowType.UpArrow if is_down else Qt.ArrowType.DownArrow
        )
        words = "Descending: the greatest first" if is_down else "Ascending"
        self.direction.setToolTip(words)
        self.direction.setAccessibleName(words)

    # Filling

    def _fill_findings(self) -> None:
        labels = self._labels
        self.finding.clear()
        self._add_finding(QIcon(), "All films", RowFilter())
        icons = finding_icons([label.name for label in labels])
        for finding in range(len(labels) + 3):
            name = finding_name(labels, finding)
            self._add_finding(icons[finding], name, RowFilter(finding=finding))
        warned = RowFilter(with_warnings=True)
        self._add_finding(severity_icon("warn"), "With warnings", warned)
        self.finding.setCurrentIndex(0)

    def _add_finding(self, icon: QIcon, name: str, passing: RowFilter) -> None:
        self.finding.addItem(icon, name)
        place = self.finding.count() - 1
        self.finding.setItemData(place, name, _NAME)
        self.finding.setItemData(place, passing, _PASSING)

    def _fill_thresholds(self) -> None:
        self.threshold.clear()
        self.threshold.addItem("Any probability", None)
        if any(label.name == HEALTHY for label in self._labels):
            self.threshold.addItem("Any disease from", ANY_DISEASE)
        for number, label in enumerate(self._labels):
            self.threshold.addItem(f"{label.display_name} from", number)
        self.threshold.setCurrentIndex(0)

    def _fill_orders(self) -> None:
        self.order.clear()
        self.order.addItem("Triage order", RowSort())
        for column in columns_for(self._labels):
            if column.kind != PICTURE:
                first = first_sort(column.kind, column.label)
                self.order.addItem(f"By {column.title}", first)
        self.order.setCurrentIndex(0)

    # Making

    def _make_text(self) -> QLineEdit:
        field = QLineEdit(self)
        field.setPlaceholderText("File, verdict, warning or error")
        field.setClearButtonEnabled(True)
        field.setAccessibleName("Text to look for in file, verdict, warnings and error")
        field.setToolTip("Show films in whose row this text stands (Ctrl+F)")
        field.setMinimumWidth(140)
        field.textChanged.connect(self._on_text_changed)
        field.returnPressed.connect(self._tell)
        return field

    @pyqtSlot(str)
    def _on_text_changed(self, text: str) -> None:
        self._typing.start()

    def _make_box(self, name: str, *, letters: int = 14) -> QComboBox:
        box = QComboBox(self)
        box.setAccessibleName(name)
        box.setToolTip(name)
        policy = QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        box.setSizeAdjustPolicy(policy)
        box.setMinimumContentsLength(letters)
        box.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        box.setMaxVisibleItems(20)
        return box

    def _make_minimum(self) -> QSpinBox:
        spin = QSpinBox(self)
        spin.setRange(0, 100)
        spin.setValue(RowFilter().minimum)
        spin.setSingleStep(5)
        spin.setSuffix(" %")
        spin.setAccessibleName("Least probability, per cent")
        spin.setToolTip("Show films with at least this probability")
        return spin

    def _make_direction(self) -> QToolButton:
        button = QToolButton(self)
        button.setCheckable(True)
        button.setAutoRaise(True)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        return button

    def _lay_out(self) -> None:
        sort = QLabel("S&ort:", self)
        sort.setBuddy(self.order)
        groups = [
            [self.text, self.finding],
            [self.threshold, self.minimum],
            [sort, self.order, self.direction],
            [self.count, self.clear_button],
        ]
        self._lines = WrappedLines(self, groups, _TEXT_PX)

    # Qt overrides

    def minimumSizeHint(self) -> QSize:
        high = super().minimumSizeHint().height()
        return QSize(self._lines.least_width, high)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lines.arrange()


def first_sort(kind: str, label: int = 0) -> RowSort:
    """How a column is sorted at first: the films to look at come first."""
    return RowSort(kind, label, is_descending=kind in (SHARE, WARNINGS))
