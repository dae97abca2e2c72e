"""All tags of the DICOM film on screen."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final

from PyQt5.QtCore import Qt
from PyQt5.QtGui import QShowEvent
from PyQt5.QtWidgets import QDialog, QWidget

from core.errors import CoreError
from core.films.dicom_elements import TagLine, read_tags
from core.films.radiograph import display_name
from desktop.widgets.buttons import button, copy_button
from desktop.widgets.dialogs import close_buttons, resize_within_screen
from desktop.widgets.labels import ElidedLabel, PlainText, printable
from desktop.widgets.layouts import column
from desktop.widgets.search_table import SearchLine, SearchTable
from desktop.work.background import Background

_HEAD: Final = ("Tag", "Name", "VR", "Value")
_WIDTHS: Final = (112, 290, 44)
_INDENT: Final = "      "


class TagsDialog(QDialog):
    """Stays open beside the film and follows it; the file is read in a thread.

    Attributes:
        table: The tags.
        note: In words, why there are none.
    """

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("DICOM tags")
        self._reading = Background(self, "tags")
        self._path: Path | None = None
        self._is_read = True
        self._name = ElidedLabel("", self)
        self.note = PlainText("", self)
        self.table = SearchTable("DICOM tags", _HEAD, _WIDTHS, self)
        self._copy_row = button("Copy &rows", self.table.copy_selected, self)
        self._copy_row.setToolTip("The rows that are marked (Ctrl+C)")
        self._copy_all = copy_button(
            "Copy &all", self.table.as_text, self, "All rows that are shown"
        )
        buttons = close_buttons(self, self._copy_row, self._copy_all)
        column(
            *(self._name, self.note, (self.table, 10), None, buttons),
            of=self,
            margins=(12, 10, 12, 10),
        )
        resize_within_screen(self, 780, 620)

    def show_film(self, path: Path | None) -> None:
        """Show the tags of a file; of None, that there are none."""
        self._path, self._is_read = path, False
        if self.isVisible():
            self._read()

    def shut_down(self) -> None:
        """Go away for good."""
        self.close()
        self._reading.shut_down()

    def _read(self) -> None:
        path, self._is_read = self._path, True
        self._reading.forget()
        if path is None:
            self._show(None, [], "The film on screen is no DICOM file: it has no tags.")
            return
        self._reading.ask(
            partial(read_tags, path),
            partial(self._on_read, path),
            partial(self._on_failed, path),
        )

    def _on_read(self, path: Path, lines: list[TagLine] | None) -> None:
        self._show(path, lines or [], "" if lines else "The file has no tags.")

    def _on_failed(self, path: Path, error: CoreError) -> None:
        self._show(path, [], f"{error} {error.hint}".rstrip())

    def _show(self, path: Path | None, lines: list[TagLine], note: str) -> None:
        # All at once: tags never stand under the name of another film.
        self._name.setVisible(path is not None)
        if path is not None:
            self._name.set_text(display_name(path), printable(path))
        self._copy_all.setText("Copy &all")
        self.table.set_lines(
            [
                SearchLine(
                    line.depth,
                    (
                        line.tag,
                        f"{_INDENT * line.depth}{line.name}",
                        line.vr,
                        line.value,
                    ),
                )
                for line in lines
            ]
        )
        self.note.setText(note)
        self.note.setVisible(bool(note))
        self.table.setVisible(bool(lines))
        for each in (self._copy_row, self._copy_all):
            each.setEnabled(bool(lines))

    # Qt overrides

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._is_read:
            self._read()
        self.table.text.setFocus(Qt.FocusReason.OtherFocusReason)
