"""The choice of the films."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PyQt5.QtCore import Qt, pyqtSignal, pyqtSlot
from PyQt5.QtGui import QFontDatabase, QShowEvent
from PyQt5.QtWidgets import QFileDialog, QFrame, QLabel, QVBoxLayout, QWidget

from core.paths import corrected_films
from desktop.widgets.buttons import button
from desktop.widgets.labels import Caption, ElidedLabel, SectionTitle, printable
from desktop.widgets.layouts import column, row

_FOLDER_EXAMPLE: Final = """my films
├─ covid
│    ├─ 0001.png
│    └─ 0002.dcm
├─ pneumonia
│    └─ …
└─ normal
     └─ …"""
_CSV_EXAMPLE: Final = """file,label,patient
a/0001.png,covid,P1
a/0002.dcm,covid,P1
b/0003.jpg,normal,P2"""
_ALSO: Final = (
    "The columns patient, group, source and split may be there too. DICOM, PNG, JPEG, "
    "TIFF, BMP, WebP and GIF films can be read. Films stay where they are, on this "
    "computer."
)


class DataChooser(QFrame):
    """Takes a folder or a CSV file; shows how they must look while there is none.

    Attributes:
        start_folder: Where the dialogs begin; may be empty or gone.

    Signals:
        data_chosen: Path. What the user chose; may not be what is needed.
    """

    data_chosen = pyqtSignal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("dataChooser")
        self.start_folder = ""
        self._title = SectionTitle("Choose or drop the films to learn from", self)
        self._place = ElidedLabel("", self)
        self._folder_button = button("", self._on_folder_clicked, self)
        csv_button = button("Choose a &CSV file…", self._on_csv_clicked, self)
        self.corrected_button = button(
            "Take corrected films", self._on_corrected_clicked, self
        )
        self.corrected_button.setToolTip("The films whose labels you corrected")
        self._examples = QWidget(self)
        folder = self._example(
            "A folder with one subfolder per label:", _FOLDER_EXAMPLE
        )
        lines = self._example("or a CSV file that lists the films:", _CSV_EXAMPLE)
        column(
            row((folder, 1), (lines, 1), gap=28),
            Caption(_ALSO, self._examples),
            of=self._examples,
            gap=6,
            margins=(0, 4, 0, 0),
        )
        column(
            self._title,
            self._place,
            row(self._folder_button, csv_button, self.corrected_button, None),
            self._examples,
            of=self,
            gap=10,
            margins=(16, 12, 16, 12),
        )
        self.set_data(None)

    def set_data(self, data: Path | None) -> None:
        """Show what was chosen."""
        self._title.setVisible(data is None)
        self._examples.setVisible(data is None)
        self._place.setVisible(data is not None)
        if data is not None:
            self._place.set_text(printable(data))
            self._place.setAccessibleName(f"Films: {printable(data)}")
        more = "an&other folder…" if data else "a f&older…"
        self._folder_button.setText(f"Choose {more}")

    @pyqtSlot()
    def _on_folder_clicked(self) -> None:
        folder = QFileDialog.getExistingDirectory(
            self, "Folder with a subfolder per label", self.start_folder
        )
        if folder:
            self.data_chosen.emit(Path(folder))

    @pyqtSlot()
    def _on_csv_clicked(self) -> None:
        kinds = "CSV files (*.csv);;All files (*)"
        file, _ = QFileDialog.getOpenFileName(
            self, "List of films", self.start_folder, kinds
        )
        if file:
            self.data_chosen.emit(Path(file))

    @pyqtSlot()
    def _on_corrected_clicked(self) -> None:
        self.data_chosen.emit(corrected_films())

    def _example(self, title: str, text: str) -> QVBoxLayout:
        picture = QLabel(text, self._examples)
        picture.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        picture.setTextFormat(Qt.TextFormat.PlainText)
        picture.setObjectName("layoutExample")
        return column(Caption(title, self._examples), picture, None, gap=6)

    def mark_drop(self, is_over: bool) -> None:
        """Show that letting go would choose what is dragged."""
        self.setProperty("isDropTarget", is_over)
        self.style().unpolish(self)
        self.style().polish(self)

    # Qt overrides

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.corrected_button.setVisible(corrected_films().is_file())
