"""Which reports on a film are to be made, and where."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PyQt5.QtCore import pyqtSlot
from PyQt5.QtWidgets import QCheckBox, QFileDialog, QWidget

from core.films.finder import film_stem
from core.reports.film_files import KINDS
from desktop.widgets.buttons import button
from desktop.widgets.dialogs import FittedDialog
from desktop.widgets.labels import Caption, ElidedLabel, PlainText, printable
from desktop.widgets.layouts import row

_TITLES: Final = {
    "pdf": "&PDF, one page",
    "html": "&HTML page",
    "sc": "DICOM Secondary &Capture: the picture with its heat map",
    "sr": "DICOM S&tructured Report: probabilities and verdict",
}
_WITHOUT: Final = (
    "Without it, reports hold no name, date or file name; the patient's id is hashed."
    " Their own names begin as the film's does."
)


class ReportDialog(FittedDialog):
    """Kinds of reports to mark, and the folder they go to.

    Args:
        film: The film's file, which the reports are named after.
        folder: To begin with.
        is_dicom: Whether it says whom it is of, and reports in DICOM can be made.
        is_refused: Whether it has no verdict; then none can.

    Attributes:
        kinds: Kind -> its box.
        patient: Whether names and dates are told.
        folder: Where the reports go.
        save_button: Closes the dialog as accepted.
    """

    def __init__(
        self,
        film: Path,
        folder: Path,
        *,
        is_dicom: bool,
        is_refused: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(560, parent)
        self.setWindowTitle("Save report")
        self._stem = film_stem(film)[:80] or "film"
        self.folder = folder
        self.kinds = {kind: QCheckBox(title, self) for kind, title in _TITLES.items()}
        self.kinds["pdf"].setChecked(True)
        why_not = "was refused" if is_refused else "" if is_dicom else "is not DICOM"
        for kind in ("sc", "sr"):
            self.kinds[kind].setEnabled(not why_not)
            if why_not:
                self.kinds[kind].setToolTip(f"The film on screen {why_not}")
        self.patient = QCheckBox("&Tell whom the film is of, and when", self)
        self.patient.setEnabled(is_dicom)
        self._where = ElidedLabel("", self)
        choose = button("C&hange folder…", self._on_folder_clicked, self)
        self._files = PlainText("", self)
        self.save_button = button("&Save", self.accept, self)
        for box in self.kinds.values():
            box.toggled.connect(self._show)
        self.lay_out(
            "Save report",
            *self.kinds.values(),
            *(self.patient, Caption(_WITHOUT, self)),
            *(row((self._where, 1), choose), self._files),
            does=self.save_button,
        )
        self._show()

    @property
    def files(self) -> dict[str, Path]:
        """Kind -> the file, of those that are marked."""
        return {
            kind: self.folder / f"{self._stem}{KINDS[kind]}"
            for kind, box in self.kinds.items()
            if box.isChecked()
        }

    @pyqtSlot()
    def _show(self) -> None:
        """Say what will be written, and what it would replace."""
        self._where.set_text(printable(self.folder))
        names = {path: printable(Path(path.name)) for path in self.files.values()}
        there = [name for path, name in names.items() if path.exists()]
        said = ", ".join(names.values())
        if there:
            said += f"\nReplaced, since they are there already: {', '.join(there)}"
        self._files.setText(said or "Mark at least one kind.")
        self.save_button.setText("&Save and replace" if there else "&Save")
        self.save_button.setEnabled(bool(names))

    @pyqtSlot()
    def _on_folder_clicked(self) -> None:
        chosen = QFileDialog.getExistingDirectory(
            self, "Folder for the reports", str(self.folder)
        )
        if chosen:
            self.folder = Path(chosen)
            self._show()
