"""Where a scan is prepared, and earlier ones are found again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PyQt5.QtCore import Qt, pyqtSignal, pyqtSlot
from PyQt5.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from core.model.bundle import INT8_GRAPH, ModelBundle
from core.model.precision import CHOICES
from core.scan.record import FROM_FOLDERS, NO_LABELS, ScanRecord
from core.scan.store import Scan
from desktop.scan.folder_look import FolderLook
from desktop.scan.kind import ScanRequest
from desktop.scan.list import ScanList
from desktop.scan.options import ScanOptions
from desktop.widgets.labels import Caption, ElidedLabel, SectionTitle, printable
from desktop.widgets.layouts import PageScroll
from desktop.widgets.message_card import NoteRow

_WHAT: Final = (
    "Hilum reads every film in a folder and in the folders below it, and lists them "
    "with their verdicts: the urgent and the doubtful ones first, while it goes on. "
    "Films stay where they are, on this computer."
)
_KINDS: Final = (
    "DICOM, PNG, JPEG, TIFF, BMP, WebP and GIF films, known by their content whatever "
    "they are called. What is left out is counted, with the reason."
)
_NO_INTEGERS: Final = "not with this model, which has no graph calibrated for it"
_WIDEST_PX: Final = 900


class ScanStart(QWidget):
    """Takes a folder and wishes; lists earlier scans.

    Attributes:
        scans: The list of earlier ones.
        options: How to scan.

    Signals:
        folder_chosen: Path. To be looked at; `show_look` or `show_refusal` follows.
        start_asked: ScanRequest.
        back_asked: to the scan under way.
    """

    folder_chosen = pyqtSignal(object)
    start_asked = pyqtSignal(object)
    back_asked = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        scroll = PageScroll(self)
        scroll.setObjectName("newRunScroll")
        self._folder: Path | None = None
        self._bundle: ModelBundle | None = None
        self._own: Scan | None = None
        body = QWidget(scroll)
        body.setObjectName("newRunFrame")
        self._body = body
        self._box = QFrame(body)
        self._box.setObjectName("dataChooser")
        self._invitation = SectionTitle("Choose or drop a folder of films", self._box)
        self._place = ElidedLabel("", self._box)
        self._refusal = NoteRow(self._box)
        self._kinds = Caption(_KINDS, self._box)
        self.choose_button = QPushButton("&Choose a folder…", self._box)
        self.choose_button.clicked.connect(self._on_choose_clicked)
        self.options = ScanOptions(body)
        self.options.changed.connect(self._refresh)
        self._footer = QFrame(self)
        self._footer.setObjectName("newRunFooter")
        self._why = Caption("", self._footer)
        self.start_button = QPushButton("Sc&an", self._footer)
        self.start_button.setObjectName("startButton")
        self.start_button.clicked.connect(self._on_start_clicked)
        self._running = QFrame(body)
        self._running_words = ElidedLabel("", self._running)
        self.back_button = QPushButton("Sho&w it", self._running)
        self.back_button.clicked.connect(self.back_asked)
        self._earlier = SectionTitle("Earlier scans", body)
        self._none = Caption("None yet. Every scan is kept here with its list.", body)
        self.scans = ScanList(body)
        self._lay_out()
        scroll.setWidget(body)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(scroll, 1)
        column.addWidget(self._footer)
        self.set_scans([], None)
        self._set_folder(None)

    @property
    def folder(self) -> Path | None:
        """The folder that was chosen."""
        return self._folder

    @property
    def refusal(self) -> str:
        """Why a folder was not taken; empty if one was."""
        return "" if self._refusal.isHidden() else self._refusal.text

    def set_bundle(self, bundle: ModelBundle) -> None:
        """Another model is in use now."""
        self._bundle = bundle
        labels = [label.display_name for label in bundle.card.labels]
        self.options.set_labels(labels, ())
        has_integers = INT8_GRAPH in bundle.card.files
        missing = {} if has_integers else {"int8": _NO_INTEGERS}
        self.options.set_precisions(
            [name for name in CHOICES if name not in missing], missing
        )
        if self._folder is not None:
            self.folder_chosen.emit(self._folder)
        self._refresh()

    def set_scans(self, rows: Sequence[Scan], own: Scan | None) -> None:
        """Replace the list of scans.

        Args:
            rows: Newest first.
            own: The one that this window has under way.
        """
        self._own = own
        self.scans.set_scans(rows, own)
        self.scans.setVisible(bool(rows))
        self._none.setVisible(not rows)
        self._running.setVisible(own is not None)
        if own is not None:
            name = printable(own.record.folder)
            self._running_words.set_text(f"A scan is under way: {name}")
        self._refresh()

    def show_look(self, look: FolderLook) -> None:
        """The folder can be scanned; offer what suits it."""
        is_new = look.folder != self._folder
        self._set_folder(look.folder)
        self._refusal.hide()
        if self._bundle is not None:
            known = [label.display_name for label in self._bundle.card.labels]
            self.options.set_labels(known, look.labels)
        if is_new:
            fits = bool(look.labels)
            self.options.choose_labels(FROM_FOLDERS if fits else NO_LABELS)
            self.start_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_refusal(self, text: str) -> None:
        """The folder cannot be scanned."""
        self._refusal.set_text(text, "warn")

    def propose(self, record: ScanRecord) -> None:
        """Prepare to do a scan anew."""
        self._set_folder(record.folder)
        self.options.choose_labels(record.labels, record.label_list)
        self.options.choose_precision(record.precision)
        self.options.watch_box.setChecked(record.watch)
        self.options.hidden_box.setChecked(record.hidden)
        self.start_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def forget(self) -> None:
        """Begin anew: what was chosen is under way."""
        self._set_folder(None)

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

    def _set_folder(self, folder: Path | None) -> None:
        self._folder = folder
        self._place.setVisible(folder is not None)
        self._refusal.hide()
        if folder is not None:
            self._place.set_text(printable(folder))
            self._place.setAccessibleName(f"Folder: {printable(folder)}")
            self.options.set_start_folder(folder)
        self._invitation.setVisible(folder is None)
        self._kinds.setVisible(folder is None)
        which = "another" if folder is not None else "a"
        self.choose_button.setText(f"&Choose {which} folder…")
        for widget in (self.options, self._footer):
            widget.setVisible(folder is not None)
        self._refresh()

    @pyqtSlot()
    def _refresh(self) -> None:
        why = self.why
        self.start_button.setEnabled(not why and self._folder is not None)
        name = self._bundle.card.name if self._bundle is not None else ""
        words = f"With the model in use, {name}. The scan keeps it to its end."
        self._why.setText(why or words)

    @pyqtSlot()
    def _on_choose_clicked(self) -> None:
        start = str(self._folder.parent) if self._folder is not None else ""
        folder = QFileDialog.getExistingDirectory(self, "Folder of films", start)
        if folder:
            self.folder_chosen.emit(Path(folder))

    @pyqtSlot()
    def _on_start_clicked(self) -> None:
        if self._folder is not None:
            options = self.options
            request = ScanRequest(
                self._folder,
                options.labels,
                options.label_list,
                options.precision,
                options.watch,
                options.hidden,
            )
            self.start_asked.emit(request)

    def _lay_out(self) -> None:
        body = self._body
        title = QLabel("Scan a folder of films", body)
        title.setObjectName("pageTitle")
        words = QLabel(_WHAT, body)
        words.setWordWrap(True)
        inner = QVBoxLayout(self._box)
        inner.setContentsMargins(16, 12, 16, 12)
        inner.setSpacing(8)
        for widget in (self._invitation, self._kinds, self._place, self._refusal):
            inner.addWidget(widget)
        inner.addWidget(self.choose_button, 0, Qt.AlignmentFlag.AlignLeft)
        running = QHBoxLayout(self._running)
        running.setContentsMargins(0, 0, 0, 0)
        running.addWidget(self._running_words, 1)
        running.addWidget(self.back_button)
        start = QHBoxLayout(self._footer)
        start.setContentsMargins(24, 8, 24, 8)
        start.addWidget(self._why, 1)
        start.addWidget(self.start_button)
        column = QVBoxLayout()
        column.setSpacing(12)
        for part in (title, words, self._running, self._box, self.options):
            column.addWidget(part)
        column.addSpacing(4)
        for part in (self._earlier, self._none, self.scans):
            column.addWidget(part)
        column.addStretch(1)
        frame = QWidget(body)
        frame.setMaximumWidth(_WIDEST_PX)
        column.setContentsMargins(0, 0, 0, 0)
        frame.setLayout(column)
        row = QHBoxLayout(body)
        row.setContentsMargins(24, 18, 24, 18)
        row.addStretch(1)
        row.addWidget(frame, 100)
        row.addStretch(1)
