"""What a new model says of the films that are open, beside the model in use."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from PyQt5.QtCore import pyqtSlot
from PyQt5.QtWidgets import QWidget

from core.errors import CoreError
from core.films.radiograph import display_name
from core.model.bundle import ModelBundle
from core.model.classifier import Classifier
from core.words import films as in_films
from desktop.diagnose.films import OpenFilm
from desktop.diagnose.reading import diagnose
from desktop.widgets.buttons import button
from desktop.widgets.figures_table import FiguresTable
from desktop.widgets.labels import Caption
from desktop.widgets.layouts import column, row
from desktop.widgets.stage_stepper import StageBar
from desktop.work.background import Background

_HEAD: Final = ("Film", "New model", "Model in use", "")
_NO_FILMS: Final = "Films that are open in the Diagnose tab can be read by both."


class FilmTrial(QWidget):
    """Has two models read the films that are open, and shows both verdicts.

    Attributes:
        try_button: Begins; greyed while no film is open.
        table: A row for each film; those that the models differ on stand out.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._films: Sequence[OpenFilm] = ()
        self._tried: Sequence[OpenFilm] = ()
        self._round = 0  # of another round, what waits is not read any more
        self._models: tuple[ModelBundle, ...] = ()
        self._opened: list[Classifier] = []  # touched in the thread alone
        self._rows: list[tuple[str, ...]] = []
        self._reader = Background(self, "films tried")
        self.try_button = button("Tr&y on my open films", self.start, self)
        self.words = Caption("", self)
        self.bar = StageBar("Films tried", self)
        name = "Verdicts of both models"
        self.table = FiguresTable(name, self, are_figures=False)
        line = row(self.try_button, (self.words, 1))
        column(line, self.bar, self.table, of=self)
        self._forget()

    def set_films(self, films: Sequence[OpenFilm]) -> None:
        """Tell which films are open now."""
        self._films = films
        self._show_words()

    def set_models(self, models: tuple[ModelBundle, ModelBundle] | None) -> None:
        """Tell the new model and the one in use; hidden where there are not two."""
        self.setVisible(models is not None)
        if self._models != (models or ()):
            self._models = models or ()
            self._forget()

    def shut_down(self) -> None:
        """End the thread that reads."""
        self._round += 1
        self._reader.shut_down()

    @pyqtSlot()
    def start(self) -> None:
        """Read every film by both models."""
        self._forget()
        self._reader.ask(partial(self._open, self._models), _nothing, self._fail)
        self._tried = self._films
        for film in self._tried:
            read = partial(self._read, self._round, film)
            self._reader.ask(read, self._on_read, partial(self._on_unread, film))
        self.bar.set_done()
        self.bar.show()
        self.try_button.setEnabled(False)
        self.words.setText("Reading the films by both models.")

    # In the thread

    def _open(self, models: Sequence[ModelBundle]) -> None:
        self._opened = []
        self._opened = [Classifier(bundle) for bundle in models]

    def _read(self, number: int, film: OpenFilm) -> tuple[str, ...]:
        if number != self._round:
            return ()
        asked = (film.path, film.pixels, film.mends)
        readings = [diagnose(*asked, model).reading for model in self._opened]
        findings = [each.verdict.finding for each in readings if each is not None]
        said = [each.sentence.rstrip(".") for each in readings if each is not None]
        differ = "differ" if len(set(findings)) > 1 else ""
        return (display_name(film.path), *said, differ)

    # In the window

    def _on_read(self, cells: tuple[str, ...]) -> None:
        self._rows.append(cells)
        self._show_rows()

    def _on_unread(self, film: OpenFilm, error: CoreError) -> None:
        self._on_read((display_name(film.path), str(error), "", ""))

    def _fail(self, error: CoreError) -> None:
        self._forget()
        self.words.setText(f"{error} {error.hint}".strip())

    def _show_rows(self) -> None:
        bold = [i for i, cells in enumerate(self._rows) if cells[-1]]
        self.table.set_cells(_HEAD, self._rows, bold=bold)
        self.table.show()
        total = len(self._tried)
        self.bar.set_done(len(self._rows), total)
        if len(self._rows) >= total:
            self.bar.hide()
            self.try_button.setEnabled(bool(self._films))
            said = f"The models differ on {len(bold):,} of {in_films(total)}."
            self.words.setText(said)

    def _forget(self) -> None:
        self._reader.forget()
        self._round += 1
        self._rows = []
        for part in (self.bar, self.table):
            part.hide()
        self._show_words()

    def _show_words(self) -> None:
        if not self.bar.isHidden():
            return
        self.try_button.setEnabled(bool(self._films))
        if self._rows:
            return
        self.words.setText("" if self._films else _NO_FILMS)


def _nothing(reply: object) -> None:
    """The models are open; the films follow."""
