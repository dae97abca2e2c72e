"""The films of a scan: the table, one of them beside it, and what is done with them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PyQt5.QtCore import Qt, pyqtSlot
from PyQt5.QtGui import QResizeEvent
from PyQt5.QtWidgets import QCheckBox, QWidget

from core.scan.labels import LabelOf
from core.scan.record import ScanRecord
from desktop.film.corrections import LabelCorrections, LabelMenu, Subject
from desktop.models.in_use import ModelInUse
from desktop.scan.actions import ScanActions
from desktop.scan.preview import FilmPreview
from desktop.scan.table.columns import row_words
from desktop.scan.table.rows import RowStore
from desktop.scan.table.table import ScanTable
from desktop.scan.worklist import Choice, choices_in
from desktop.settings import Settings
from desktop.widgets.layouts import column, row

#: With less, a table with a film beside it has no room for its columns.
_LEAST_PX: Final = 800
_TIP: Final = "Show the selected film beside the table (F9)"
_NO_ROOM: Final = "The window is too narrow for a film beside the table"


class ScanFilms(QWidget):
    """Puts the table, the film that the keyboard is on, and the actions together.

    Args:
        settings: Remember how it is laid out.
        corrections: What people say of films.
        model: Computes heat maps.

    Attributes:
        table: All films.
        preview: The one that the keyboard is on.
        preview_box: Checked while it is shown.
        labels: The menu that corrects the labels of the films selected.
        actions: What is done with films.
    """

    def __init__(
        self,
        settings: Settings,
        corrections: LabelCorrections,
        model: ModelInUse,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("reportBody")  # its ground is the window's
        self._settings = settings
        self._corrections = corrections
        self._record: ScanRecord | None = None
        self.labels = LabelMenu(corrections, self._subject, self)
        self.table = ScanTable(self)
        self.table.add_menu(self.labels)
        label = LabelMenu(corrections, self._previewed, self)
        self.preview = FilmPreview(model, label, self)
        self.actions = ScanActions(self._choices, self)
        self.preview_box = QCheckBox("Preview", self)
        self.preview_box.setShortcut("F9")
        self._lay_out()
        self._restore()
        self.preview_box.toggled.connect(self._fit)
        self.preview.open_button.clicked.connect(self.table.open_action.trigger)
        self.actions.films_moved.connect(self.table.mark_moved)
        self.table.view.selection.currentRowChanged.connect(self._show_preview)
        self.table.model.modelReset.connect(self._show_preview)
        self.table.model.layoutChanged.connect(self._drop_hidden)
        model.changed.connect(self._show_preview)
        corrections.changed.connect(self._show_corrections)

    def begin(self, record: ScanRecord, label_of: LabelOf = lambda file: None) -> None:
        """Show the films of another scan, whose rows are to come.

        Args:
            label_of: Tells the true label of a film.
        """
        self._record = record
        rows = RowStore(record.card_labels, record.card_points, label_of=label_of)
        self.table.begin(record.folder, rows)
        self._show_corrections()

    def shut_down(self) -> None:
        """Remember the layout and end all threads; the window closes."""
        self._settings.scan_splitter = self.table.splitter.saveState()
        self._settings.scan_preview = self.preview_box.isChecked()
        self._settings.scan_heatmap = self.preview.heat_box.isChecked()
        self._settings.scan_hidden = "\n".join(sorted(self.table.view.hidden))
        self.actions.shut_down()
        self.preview.shut_down()
        self.table.shut_down()

    def _choices(self) -> list[Choice]:
        model, selection = self.table.model, self.table.view.selection
        return choices_in(model.rows, selection.numbers(), model.order)

    # The film beside the table, and what it really is

    @pyqtSlot()
    def _show_preview(self) -> None:
        row, rows = self.table.view.current_row(), self.table.model.rows
        if row is None or self._record is None:
            self.preview.show_film(None)
            return
        film, sha256 = self._place_of(rows.files[row]), self._record.model_sha256
        self.preview.show_film(film, row_words(rows, row), model_sha256=sha256)

    @pyqtSlot()
    def _drop_hidden(self) -> None:
        """Show no film whose row a filter has just hidden."""
        if self.table.view.current_row() is None:
            self._show_preview()

    def _place_of(self, file: str) -> Path:
        assert self._record is not None
        return Path(os.path.abspath(self._record.folder / file))

    def _subject(self) -> Subject:
        """The films whose labels can be corrected now, and their labels."""
        view = self.table.view
        chosen, current = view.selection.numbers().tolist(), view.current_row()
        if not chosen and current is not None:
            chosen = [current]
        return self._of_rows(chosen)

    def _previewed(self) -> Subject:
        """The film beside the table, whatever is selected, and its labels."""
        row = self.table.view.current_row()
        return self._of_rows([] if row is None else [row])

    def _of_rows(self, rows: Sequence[int]) -> Subject:
        files = self.table.model.rows.files
        labels = self._record.card_labels if self._record is not None else ()
        return [self._place_of(files[row]) for row in rows], labels

    @pyqtSlot()
    def _show_corrections(self) -> None:
        if self._record is None:
            return
        # A drive itself ends with a separator already.
        folder = os.path.join(os.path.abspath(self._record.folder), "")
        known = {
            str(film): each.label for film, each in self._corrections.known.items()
        }
        self.table.model.set_corrections(
            {
                film[len(folder) :].replace(os.sep, "/"): label
                for film, label in known.items()
                if film.startswith(folder)
            }
        )
        self._show_preview()

    # Layout

    def _lay_out(self) -> None:
        self.table.splitter.addWidget(self.preview)
        self.table.splitter.setStretchFactor(1, 0)
        tools = row((self.actions, 1), self.preview_box)
        tools.setAlignment(self.preview_box, Qt.AlignmentFlag.AlignBottom)
        column((self.table, 1), tools, of=self, gap=6, margins=(0, 6, 0, 0))

    @pyqtSlot()
    def _fit(self) -> None:
        """Show the film where it is wanted and leaves the table room."""
        has_room = self.width() >= _LEAST_PX
        self.preview_box.setEnabled(has_room)
        self.preview_box.setToolTip(_TIP if has_room else _NO_ROOM)
        self.preview.setVisible(has_room and self.preview_box.isChecked())

    def _restore(self) -> None:
        settings = self._settings
        self.table.view.set_hidden(frozenset(settings.scan_hidden.split("\n")))
        self.preview.heat_box.setChecked(settings.scan_heatmap)
        self.preview_box.setChecked(settings.scan_preview)
        if not settings.scan_splitter.isEmpty():
            self.table.splitter.restoreState(settings.scan_splitter)

    # Qt overrides

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()
