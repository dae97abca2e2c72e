"""The choice of the films: by button, or dropped."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PyQt5.QtCore import Qt, pyqtSignal, pyqtSlot
from PyQt5.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent, QFontDatabase
from PyQt5.QtWidgets import (
    QFileDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from desktop.film.incoming import films_in
from desktop.widgets.labels import Caption, ElidedLabel, SectionTitle, printable

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


class DataChooser(QFrame):
    """Takes a folder or a CSV file; shows how they must look while there is none.

    Signals:
        data_chosen: Path. What the user chose; may not be what is needed.
        refused: str. Why what was dropped cannot be taken.
    """

    data_chosen = pyqtSignal(object)
    refused = pyqtSignal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("dataChooser")
        self.setAcceptDrops(True)
        self._data: Path | None = None
        self._start = ""
        self._title = SectionTitle("Choose or drop the films to learn from", self)
        self._place = ElidedLabel("", self)
        self.folder_button = QPushButton("Choose a f&older…", self)
        self.folder_button.clicked.connect(self._on_folder_clicked)
        self.csv_button = QPushButton("Choose a &CSV file…", self)
        self.csv_button.clicked.connect(self._on_csv_clicked)
        self._examples = QWidget(self)
        self._lay_out()
        self._lay_out_examples()
        self.set_data(None)

    def set_start_folder(self, folder: str) -> None:
        """Where the dialogs begin; may be empty or gone."""
        self._start = folder

    def set_data(self, data: Path | None) -> None:
        """Show what was chosen."""
        self._data = data
        self._title.setVisible(data is None)
        self._examples.setVisible(data is None)
        self._place.setVisible(data is not None)
        if data is not None:
            self._place.set_text(printable(data))
            self._place.setAccessibleName(f"Films: {printable(data)}")
        more = "an&other folder…" if data else "a f&older…"
        self.folder_button.setText(f"Choose {more}")

    @pyqtSlot()
    def _on_folder_clicked(self) -> None:
        folder = QFileDialog.getExistingDirectory(
            self, "Folder with a subfolder per label", self._start
        )
        if folder:
            self.data_chosen.emit(Path(folder))

    @pyqtSlot()
    def _on_csv_clicked(self) -> None:
        file, _ = QFileDialog.getOpenFileName(
            self, "List of films", self._start, "CSV files (*.csv);;All files (*)"
        )
        if file:
            self.data_chosen.emit(Path(file))

    def _mark_drop(self, is_over: bool) -> None:
        self.setProperty("isDropTarget", is_over)
        self.style().unpolish(self)
        self.style().polish(self)

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(self.folder_button)
        line.addWidget(self.csv_button)
        line.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(10)
        column.addWidget(self._title)
        column.addWidget(self._place)
        column.addLayout(line)
        column.addWidget(self._examples)

    def _lay_out_examples(self) -> None:
        grid = QGridLayout(self._examples)
        grid.setContentsMargins(0, 4, 0, 0)
        grid.setHorizontalSpacing(28)
        grid.setVerticalSpacing(6)
        texts = (
            ("A folder with one subfolder per label:", _FOLDER_EXAMPLE),
            ("or a CSV file that lists the films:", _CSV_EXAMPLE),
        )
        for column, (title, example) in enumerate(texts):
            heading = Caption(title, self._examples)
            picture = QLabel(example, self._examples)
            font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
            picture.setFont(font)
            picture.setTextFormat(Qt.TextFormat.PlainText)
            picture.setObjectName("layoutExample")
            grid.addWidget(heading, 0, column)
            top = Qt.AlignmentFlag.AlignTop
            grid.addWidget(picture, 1, column, top)
        also = Caption(
            "The columns patient, group, source and split may be there too. DICOM, "
            "PNG, JPEG, TIFF, BMP, WebP and GIF films can be read. Films stay where "
            "they are, on this computer.",
            self._examples,
        )
        grid.addWidget(also, 2, 0, 1, 2)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)

    # Qt overrides

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()
            self._mark_drop(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._mark_drop(False)

    def dropEvent(self, event: QDropEvent) -> None:
        self._mark_drop(False)
        dropped = films_in(event.mimeData())
        event.acceptProposedAction()
        if len(dropped.paths) == 1:
            self.data_chosen.emit(dropped.paths[0])
        elif dropped.paths:
            self.refused.emit(
                f"{len(dropped.paths)} things were dropped. Drop the one folder that "
                "holds a subfolder per label, or one CSV file."
            )
        else:
            self.refused.emit("What was dropped does not lie on this computer.")
