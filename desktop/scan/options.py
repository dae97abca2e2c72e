"""How a folder is to be scanned."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from PyQt5.QtCore import Qt, pyqtSignal, pyqtSlot
from PyQt5.QtGui import QStandardItemModel
from PyQt5.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QFileDialog,
    QGridLayout,
    QRadioButton,
    QWidget,
)

from core.scan.record import FROM_FOLDERS, FROM_LIST, NO_LABELS
from desktop.widgets.buttons import button
from desktop.widgets.labels import Caption, ElidedLabel, SectionTitle, printable
from desktop.widgets.layouts import column, row

#: Precision -> what it is worth.
_PRECISIONS: Final = {
    "float32": "float32: exact, two computers agree",
    "fast": "Fast: what this computer does quickest, compared with float32",
    "bfloat16": "bfloat16: faster on newer processors, probabilities differ slightly",
    "int8": "int8: fastest, with the model's calibrated graph",
}
_INDENT_PX: Final = 24


class ScanOptions(QWidget):
    """Labels, precision, watching and hidden files.

    Signals:
        changed: something was chosen.
    """

    changed = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._list: Path | None = None
        self._start = ""
        self.no_labels = QRadioButton("No la&bels: read the films only", self)
        self.from_folders = QRadioButton("The names of the s&ubfolders", self)
        self.from_list = QRadioButton("A CSV file with the colu&mns file, label", self)
        self._group = QButtonGroup(self)
        radios = (self.no_labels, self.from_folders, self.from_list)
        for radio in radios:
            self._group.addButton(radio)
        self._about = [Caption("", self) for _ in radios]
        for radio, about in zip(radios, self._about, strict=True):
            about.setContentsMargins(_INDENT_PX, 0, 0, 4)
            radio.toggled.connect(self.changed)
        self.list_button = button("Choose a CSV f&ile…", self._on_list_clicked, self)
        self._place = ElidedLabel("No file is chosen.", self)
        self.precision_box = QComboBox(self)
        self.precision_box.setAccessibleName("Precision")
        # Its longest line must not keep the window from becoming narrow.
        policy = QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        self.precision_box.setSizeAdjustPolicy(policy)
        self.precision_box.setMinimumContentsLength(16)
        self.precision_box.currentIndexChanged[int].connect(self.changed)
        self.watch_box = QCheckBox("&Keep watching the folder afterwards", self)
        self.watch_box.setToolTip("Read new films as they come, until you stop it")
        self.watch_box.toggled.connect(self.changed)
        self.hidden_box = QCheckBox("Read hidden fi&les too", self)
        self.hidden_box.setToolTip("Files and folders whose names begin with a dot")
        self.hidden_box.toggled.connect(self.changed)
        self.no_labels.setChecked(True)
        self.set_labels((), ())
        self.set_precisions(("float32",))
        self._lay_out(radios)

    @property
    def labels(self) -> str:
        """Where labels come from, as `core.scan.record` names it."""
        if self.from_folders.isChecked():
            return FROM_FOLDERS
        return FROM_LIST if self.from_list.isChecked() else NO_LABELS

    @property
    def label_list(self) -> Path | None:
        """The CSV file that was chosen, where labels come from one."""
        return self._list if self.labels == FROM_LIST else None

    @property
    def precision(self) -> str:
        """As `core scan --precision`."""
        return str(self.precision_box.currentData())

    @property
    def watch(self) -> bool:
        """Whether to keep the folder under watch."""
        return self.watch_box.isChecked()

    @property
    def hidden(self) -> bool:
        """Whether files and folders that begin with a dot are read too."""
        return self.hidden_box.isChecked()

    @property
    def reason(self) -> str:
        """What is still missing; empty if nothing is."""
        if self.labels == FROM_LIST and self._list is None:
            return "Choose the CSV file with the labels."
        return ""

    def set_start_folder(self, folder: Path) -> None:
        """Where the dialog begins."""
        self._start = str(folder)

    def set_labels(self, known: Sequence[str], found: Sequence[str]) -> None:
        """Say which labels the model has, and which folders are named so."""
        names = ", ".join(known) or "the model's labels"
        here = f" Found here: {', '.join(found)}." if found else ""
        self._about[0].setText("Every film gets its verdict; nothing is measured.")
        self._about[1].setText(
            "Also measures how often the model is right: films in a folder named "
            f"like a label ({names}) are compared with it.{here}"
        )
        self._about[2].setText(
            "Also measures it by a list of your own; its paths are relative to it."
        )

    def choose_labels(self, source: str, label_list: Path | None = None) -> None:
        """Choose where labels come from, as `core.scan.record` names it."""
        radio = {FROM_FOLDERS: self.from_folders, FROM_LIST: self.from_list}
        radio.get(source, self.no_labels).setChecked(True)
        if label_list is not None:
            self._set_list(label_list)

    def set_precisions(
        self, names: Sequence[str], missing: Mapping[str, str] | None = None
    ) -> None:
        """Offer these; what was chosen stays so if it is among them.

        Args:
            names: The first is the one to fall back on.
            missing: Precision -> why it cannot be chosen; listed, but greyed.
        """
        chosen = self.precision_box.currentData()
        self.precision_box.clear()
        for name in names:
            self.precision_box.addItem(_PRECISIONS.get(name, name), name)
        for name, why in (missing or {}).items():
            self.precision_box.addItem(f"{name}: {why}")  # no data: never found
            place = self.precision_box.count() - 1
            self.precision_box.setItemData(place, why, Qt.ItemDataRole.ToolTipRole)
            model = self.precision_box.model()
            if isinstance(model, QStandardItemModel):
                model.item(place).setEnabled(False)
        self.choose_precision(str(chosen))

    def choose_precision(self, name: str) -> None:
        """Choose a precision that is offered; the first one if it is not."""
        self.precision_box.setCurrentIndex(max(0, self.precision_box.findData(name)))

    @pyqtSlot()
    def _on_list_clicked(self) -> None:
        file, _ = QFileDialog.getOpenFileName(
            self, "List of labels", self._start, "CSV files (*.csv);;All files (*)"
        )
        if file:
            self._set_list(Path(file))

    def _set_list(self, path: Path) -> None:
        self._list = path
        self._place.set_text(printable(path))
        self.from_list.setChecked(True)
        self.changed.emit()

    def _lay_out(self, radios: Sequence[QWidget]) -> None:
        each = zip(radios, self._about, strict=True)
        of_list = row(self.list_button, (self._place, 1), margins=(_INDENT_PX, 0, 0, 6))
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(6)
        grid.addWidget(SectionTitle("Precision", self), 0, 0)
        grid.addWidget(self.precision_box, 0, 1)
        grid.setColumnStretch(1, 3)
        grid.setColumnStretch(2, 1)
        column(
            SectionTitle("True labels of the films", self),
            *itertools.chain.from_iterable(each),
            of_list,
            grid,
            self.watch_box,
            self.hidden_box,
            of=self,
            gap=4,
        )
