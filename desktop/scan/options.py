"""How a folder is to be scanned."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PyQt5.QtCore import pyqtSignal, pyqtSlot
from PyQt5.QtWidgets import QCheckBox, QFileDialog, QWidget

from core.model.bundle import INT8_GRAPH, ModelBundle
from core.model.precision import CHOICES
from core.scan.record import FROM_FOLDERS, FROM_LIST, NO_LABELS, ScanRecord
from desktop.scan.kind import record_for
from desktop.widgets.buttons import INDENT_PX, ChoiceBox, RadioList, button
from desktop.widgets.labels import ElidedLabel, SectionTitle, printable
from desktop.widgets.layouts import column, row

#: Precision -> what it is worth.
_PRECISIONS: Final = {
    "float32": "float32: exact, two computers agree",
    "fast": "Fast: what this computer does quickest, compared with float32",
    "bfloat16": "bfloat16: faster on newer processors, probabilities differ slightly",
    "int8": "int8: fastest, with the model's calibrated graph",
}
_NO_INTEGERS: Final = "not with this model, which has no graph calibrated for it"
#: Where labels come from: in the record, on the page, and what that is good for.
_SOURCES: Final = {
    NO_LABELS: (
        "No la&bels: read the films only",
        "Every film gets its verdict; nothing is measured.",
    ),
    FROM_FOLDERS: ("The names of the s&ubfolders", ""),
    FROM_LIST: (
        "A CSV file with the colu&mns file, label",
        "Also measures it by a list of your own; its paths are relative to it.",
    ),
}
_BY_FOLDER: Final = (
    "Also measures how often the model is right: films in a folder named like a label "
    "({}) are compared with it."
)


class ScanOptions(QWidget):
    """Labels, precision, watching, hidden files and lungs.

    Attributes:
        start: Where the dialog for the list of labels begins.

    Signals:
        changed: something was chosen.
    """

    changed = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._list: Path | None = None
        self._bundle: ModelBundle | None = None
        self.start = Path()
        self.sources = RadioList(list(_SOURCES.values()), self)
        self.sources.changed.connect(self.changed)
        list_button = button("Choose a CSV f&ile…", self._on_list_clicked, self)
        self._place = ElidedLabel("No file is chosen.", self)
        self.precision_box = ChoiceBox("Precision", self, letters=16)
        self.watch_box = QCheckBox("&Keep watching the folder afterwards", self)
        self.watch_box.setToolTip("Read new films as they come, until you stop it")
        self.hidden_box = QCheckBox("Read hidden files too", self)
        self.hidden_box.setToolTip("Files and folders whose names begin with a dot")
        self.lungs_box = QCheckBox(
            "Say how much of the evidence lies in the lun&gs", self
        )
        self.lungs_box.setToolTip(
            "Takes a second, small network; without, it is faster"
        )
        self.lungs_box.setChecked(True)
        column(
            *(SectionTitle("True labels of the films", self), self.sources),
            row(list_button, (self._place, 1), margins=(INDENT_PX, 0, 0, 6)),
            row(SectionTitle("Precision", self), (self.precision_box, 3), None, gap=12),
            *(self.watch_box, self.hidden_box, self.lungs_box),
            of=self,
            gap=4,
        )

    @property
    def labels(self) -> str:
        """Where labels come from, as `core.scan.record` names it."""
        return list(_SOURCES)[self.sources.place]

    @property
    def reason(self) -> str:
        """What is still missing; empty if nothing is."""
        if self.labels == FROM_LIST and self._list is None:
            return "Choose the CSV file with the labels."
        return ""

    def record(self, folder: Path) -> ScanRecord:
        """A scan of a folder as it was chosen here; there must be a model."""
        assert self._bundle is not None
        return record_for(
            folder,
            self._bundle,
            labels=self.labels,
            label_list=self._list if self.labels == FROM_LIST else None,
            precision=str(self.precision_box.currentData()),
            watch=self.watch_box.isChecked(),
            hidden=self.hidden_box.isChecked(),
            lungs=self.lungs_box.isChecked(),
        )

    def set_bundle(self, bundle: ModelBundle) -> None:
        """Offer what a model can do; a precision that was chosen stays so."""
        self._bundle = bundle
        self.set_found(())
        box = self.precision_box
        chosen = box.currentData()
        box.clear()
        for name in CHOICES:
            box.addItem(_PRECISIONS[name], name)
        if INT8_GRAPH not in bundle.card.files:
            box.removeItem(box.findData("int8"))
            box.addItem(f"int8: {_NO_INTEGERS}")  # no data: never found
            box.model().item(box.count() - 1).setEnabled(False)
        box.setCurrentIndex(max(0, box.findData(str(chosen))))

    def set_found(self, found: Sequence[str]) -> None:
        """Say which folders of those to be scanned are named like labels."""
        labels = self._bundle.card.labels if self._bundle is not None else ()
        names = ", ".join(label.display_name for label in labels) or "of the model"
        here = f" Found here: {', '.join(found)}." if found else ""
        self.sources.set_note(1, f"{_BY_FOLDER.format(names)}{here}")

    def choose_labels(self, source: str, label_list: Path | None = None) -> None:
        """Choose where labels come from, as `core.scan.record` names it."""
        self.sources.buttons[list(_SOURCES).index(source)].setChecked(True)
        if label_list is not None:
            self._list = label_list
            self._place.set_text(printable(label_list))
            self.changed.emit()

    def choose_as(self, record: ScanRecord) -> None:
        """Choose all as it was for an earlier scan."""
        self.choose_labels(record.labels, record.label_list)
        place = self.precision_box.findData(record.precision)
        self.precision_box.setCurrentIndex(max(0, place))
        self.watch_box.setChecked(record.watch)
        self.hidden_box.setChecked(record.hidden)
        self.lungs_box.setChecked(record.lungs)

    @pyqtSlot()
    def _on_list_clicked(self) -> None:
        kinds = "CSV files (*.csv);;All files (*)"
        file, _ = QFileDialog.getOpenFileName(
            self, "List of labels", str(self.start), kinds
        )
        if file:
            self.choose_labels(FROM_LIST, Path(file))
