"""Where a scan is prepared, and earlier ones are found again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PyQt5.QtCore import Qt, pyqtSignal, pyqtSlot
from PyQt5.QtWidgets import QFileDialog, QFrame, QLabel, QPushButton, QWidget

from core.model.bundle import ModelBundle
from core.scan.record import FROM_FOLDERS, NO_LABELS, ScanRecord
from core.scan.store import Scan
from desktop.scan.list import ScanList
from desktop.scan.options import ScanOptions
from desktop.widgets.buttons import button
from desktop.widgets.labels import Caption, ElidedLabel, SectionTitle, printable
from desktop.widgets.layouts import centred_page, column, row
from desktop.widgets.message_card import NoteRow

_WHAT: Final = (
    "Hilum reads every film in a folder and in the folders below it, and lists them "
    "with their verdicts: findings first, then doubtful films, while it goes on. "
    "Films stay where they are, on this computer."
)
_KINDS: Final = (
    "DICOM, PNG, JPEG, TIFF, BMP, WebP and GIF films, known by their content whatever "
    "they are called. What is left out is counted, with the reason."
)
_WIDEST_PX: Final = 900


class ScanStart(QWidget):
    """Takes a folder and options; lists earlier scans.

    Attributes:
        folder: The one that was chosen.
        refusal: Why one was not taken.
        back_button: Leads to the scan under way.

    Signals:
        folder_chosen: Path. To be looked at; `show_folder` or `show_refusal` follows.
        start_asked: ScanRecord.
    """

    folder_chosen = pyqtSignal(object)
    start_asked = pyqtSignal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.folder: Path | None = None
        self._bundle: ModelBundle | None = None
        self._own: Scan | None = None
        body = QWidget(self)
        title = QLabel("Scan a folder of films", body)
        title.setObjectName("pageTitle")
        what = QLabel(_WHAT, body)
        what.setWordWrap(True)
        self._running = QFrame(body)
        self._running_words = ElidedLabel("", self._running)
        self.back_button = QPushButton("Sho&w it", self._running)
        row((self._running_words, 1), self.back_button, of=self._running)
        self._box = QFrame(body)
        self._box.setObjectName("dataChooser")
        self._invitation = SectionTitle("Choose or drop a folder of films", self._box)
        self._place = ElidedLabel("", self._box)
        self.refusal = NoteRow(self._box)
        self._kinds = Caption(_KINDS, self._box)
        self.choose_button = button("", self._on_choose_clicked, self._box)
        column(
            *(self._invitation, self._kinds, self._place, self.refusal),
            row(self.choose_button, None),
            of=self._box,
            margins=(16, 12, 16, 12),
        )
        self.options = ScanOptions(body)
        self.options.changed.connect(self._refresh)
        self._none = Caption("None yet. Every scan is kept here with its list.", body)
        self.scans = ScanList(body)
        column(
            *(title, what, self._running, self._box, self.options),
            SectionTitle("Earlier scans", body),
            *(self._none, self.scans, None),
            of=body,
            gap=12,
        )
        self._footer = QFrame(self)
        self._footer.setObjectName("newRunFooter")
        self._why = Caption("", self._footer)
        self.start_button = button(
            "Sc&an", self._on_start_clicked, self._footer, style="startButton"
        )
        row(
            *((self._why, 1), self.start_button),
            of=self._footer,
            margins=(24, 8, 24, 8),
        )
        page = centred_page(body, _WIDEST_PX, self)
        page.setObjectName("newRunScroll")
        page.widget().setObjectName("newRunFrame")
        column((page, 1), self._footer, of=self, gap=0)
        self.set_scans([], None)
        self.set_folder(None)

    def set_bundle(self, bundle: ModelBundle) -> None:
        """Another model is in use now."""
        folder = self.folder
        if self._bundle is None:  # nobody knew its labels as the folder was looked at
            self.folder = None
        self._bundle = bundle
        self.options.set_bundle(bundle)
        if folder is not None:
            self.folder_chosen.emit(folder)
        self._refresh()

    def set_scans(self, scans: Sequence[Scan], own: Scan | None) -> None:
        """Replace the list of scans; this window may have one of them under way."""
        self._own = own
        self.scans.set_scans(scans, own)
        self.scans.setVisible(bool(scans))
        self._none.setVisible(not scans)
        self._running.setVisible(own is not None)
        if own is not None:
            name = printable(own.record.folder)
            self._running_words.set_text(f"A scan is under way: {name}")
        self._refresh()

    def show_folder(self, folder: Path, labels: Sequence[str]) -> None:
        """A folder can be scanned, and has subfolders named like these labels."""
        is_new = folder != self.folder
        self.set_folder(folder)
        self.options.set_found(labels)
        if is_new:
            self.options.choose_labels(FROM_FOLDERS if labels else NO_LABELS)
            self.start_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_refusal(self, text: str) -> None:
        """The folder cannot be scanned."""
        self.refusal.set_text(text, "warn")

    def propose(self, record: ScanRecord) -> None:
        """Prepare to do a scan anew."""
        self.set_folder(record.folder)
        self.options.choose_as(record)
        self.start_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def mark_drop(self, is_over: bool) -> None:
        """Show that letting go would choose the folder."""
        self._box.setProperty("isDropTarget", is_over)
        self._box.style().unpolish(self._box)
        self._box.style().polish(self._box)

    @property
    def why(self) -> str:
        """Why the scan cannot start; empty if it can."""
        if self._own is not None:
            return "Another scan is under way. Cancel it, or wait for its end."
        if self._bundle is None:
            return "The model is not open yet."
        return self.options.reason

    def set_folder(self, folder: Path | None) -> None:
        """Prepare to scan a folder; None for none."""
        self.folder, has_folder = folder, folder is not None
        self.refusal.set_text("")
        if folder is not None:
            self._place.set_text(printable(folder))
            self._place.setAccessibleName(f"Folder: {printable(folder)}")
            self.options.start = folder
        which = "another" if has_folder else "a"
        self.choose_button.setText(f"&Choose {which} folder…")
        for widget in (self._place, self.options, self._footer):
            widget.setVisible(has_folder)
        for widget in (self._invitation, self._kinds):
            widget.setVisible(not has_folder)
        self._refresh()

    @pyqtSlot()
    def _refresh(self) -> None:
        why = self.why
        self.start_button.setEnabled(not why and self.folder is not None)
        name = self._bundle.card.name if self._bundle is not None else ""
        words = f"With the model in use, {name}. The scan keeps it to its end."
        self._why.setText(why or words)

    @pyqtSlot()
    def _on_choose_clicked(self) -> None:
        start = str(self.folder.parent) if self.folder is not None else ""
        folder = QFileDialog.getExistingDirectory(self, "Folder of films", start)
        if folder:
            self.folder_chosen.emit(Path(folder))

    @pyqtSlot()
    def _on_start_clicked(self) -> None:
        if self.folder is not None:
            self.start_asked.emit(self.options.record(self.folder))
