"""The threshold wizard: operating points found on films of one's own."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from PyQt5.QtCore import pyqtSignal, pyqtSlot
from PyQt5.QtWidgets import (
    QComboBox,
    QDialog,
    QFileDialog,
    QStackedWidget,
    QWidget,
)

from core.data.dataset import Sample, films_of_split
from core.errors import CoreError, DatasetError
from core.files import write_json
from core.films.finder import find_films
from core.model.local_card import (
    LEAST_FILMS,
    LocalCard,
    local_card_path,
    read_local_card,
)
from core.reports.local_card import HEAD, local_card_notes, local_card_rows
from core.words import films as in_films
from core.words import percent
from desktop.models.film_labels import FilmLabels
from desktop.models.in_use import ModelInUse
from desktop.widgets.buttons import button
from desktop.widgets.dialogs import close_buttons, resize_within_screen
from desktop.widgets.figures_table import FiguresTable
from desktop.widgets.labels import Caption, SectionTitle
from desktop.widgets.layouts import column, row
from desktop.widgets.notify import NoticeBanner
from desktop.widgets.stage_stepper import StageBar
from desktop.work.background import Background

#: Films of a folder that are offered; chosen by chance, so that none is favoured.
MOST_FILMS: Final = 100
_SENSITIVITIES: Final = (0.8, 0.9, 0.95)
_INTRO: Final = (
    "A model states a finding from a probability on that suited the films it was "
    "chosen on. Label 50 to 100 films of your own, as often of each finding as you "
    "meet it, and none that the model was trained on. Then the probabilities that "
    "suit them are worked out, with how sure they are, and whether the model's scores "
    "are here what they were in training. The model itself is never changed."
)


class LocalCardDialog(QDialog):
    """Takes labelled films, shows what they come to, and keeps it if wanted.

    Args:
        model: The model in use, which is open.

    Attributes:
        films: Where films are labelled by hand.
        state, table, notes: What was worked out, or is kept.
        target: The share of the films of a disease that is to be found.
    """

    _film_read = pyqtSignal(int, int)

    def __init__(self, model: ModelInUse, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        assert model.bundle is not None
        self._model, self._bundle = model, model.bundle
        self._files = Background(self, "local card")
        self._found: LocalCard | None = None
        self._is_stopped = False
        self.setWindowTitle(f"Local operating points of {self._bundle.card.name}")
        self.banner = NoticeBanner(self)
        self.films = FilmLabels(self._bundle.card, self)
        self.films.changed.connect(self._on_labels_changed)
        self.table = FiguresTable("Local operating points", self)
        self.state, self.notes = Caption("", self), Caption("", self)
        self._progress = StageBar("Films read", self)
        self._progress.hide()
        self._film_read.connect(self._progress.set_done)
        self._lay_out()
        self._on_labels_changed()
        self._begin()
        self.finished.connect(self._shut_down)
        resize_within_screen(self, 1000, 720)

    def label_folder(self, folder: Path) -> None:
        """Show films of a folder, to be labelled by hand."""
        self._ask(partial(_some_films, folder), self._on_films_found)

    def take_list(self, path: Path) -> None:
        """Work with the films and labels of a CSV file."""
        labels = self._bundle.card.label_names
        self._ask(lambda: films_of_split(path, labels, "all"), self._on_listed)

    @pyqtSlot()
    def work_out(self) -> None:
        """Work out the operating points of the films that are labelled."""
        self._work_out(self.films.samples(), {})

    @pyqtSlot()
    def use(self) -> None:
        """Keep what was found; verdicts are made with it from now on."""
        assert self._found is not None
        where = local_card_path(self._bundle)
        self._ask(partial(write_json, where, self._found), self._on_kept)

    @pyqtSlot()
    def remove(self) -> None:
        """Go back to the model's own operating points."""
        self._ask(partial(_remove, local_card_path(self._bundle)), self._on_kept)

    def _ask(self, task: Callable[[], object], then: Callable[[Any], None]) -> None:
        self.banner.dismiss()
        self._files.ask(task, then, self.banner.show_error)

    @pyqtSlot()
    def _on_folder_clicked(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Folder of films")
        if chosen:
            self.label_folder(Path(chosen))

    @pyqtSlot()
    def _on_list_clicked(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self, "List of labelled films", "", "CSV files (*.csv);;All files (*)"
        )
        if name:
            self.take_list(Path(name))

    def _on_films_found(self, films: Sequence[Path]) -> None:
        self.films.set_films(films)
        self._pages.setCurrentIndex(1)
        self.films.view.setFocus()

    def _on_listed(self, found: tuple[Sequence[Sample], dict[str, int]]) -> None:
        self._work_out(*found)

    @pyqtSlot()
    def _on_labels_changed(self) -> None:
        given = len(self.films.labels)
        self.work_button.setText(
            f"&Work them out ({given} labelled, of at least {LEAST_FILMS})"
        )
        self.work_button.setEnabled(given >= LEAST_FILMS)

    def _work_out(self, samples: Sequence[Sample], left_out: dict[str, int]) -> None:
        self.banner.dismiss()
        self._progress.set_done()
        self._set_busy(True)
        work = partial(self._work, samples, float(self.target.currentData()))
        self._model.ask(work, partial(self._on_worked, left_out), self._on_failed)

    def _work(
        self, samples: Sequence[Sample], target: float, model: Any
    ) -> tuple[LocalCard, int]:
        """In the thread of the model; what it needs takes long to load."""
        from core.evaluation.evaluate import score_films
        from core.evaluation.local_points import make_local_card

        def on_film(done: int) -> None:
            if self._is_stopped:
                raise CoreError("This was stopped.")
            self._film_read.emit(done, len(samples))

        scores = score_films(model, samples, on_film)
        card = make_local_card(scores, self._bundle, sensitivity=target)
        return card, len(scores.unreadable)

    def _on_worked(self, left_out: dict[str, int], made: tuple[LocalCard, int]) -> None:
        if not self._is_stopped:
            self._set_busy(False)
            self._found, unreadable = made
            self._show_card(self._found, "Not in use yet.")
            gaps = {**left_out, "which cannot be read": unreadable}
            said = [f"Left out: {in_films(n)}, {why}." for why, n in gaps.items() if n]
            self.notes.setText("\n".join([self.notes.text(), *said]))
            self.use_button.setFocus()

    def _on_failed(self, error: CoreError) -> None:
        if not self._is_stopped:
            self._set_busy(False)
            self.banner.show_error(error)

    def _on_kept(self, nothing: None) -> None:
        self._found = None
        self._model.read_again()
        self._begin()

    def _begin(self) -> None:
        """With the card that is in use, where there is one."""
        self._pages.setCurrentIndex(0)
        self.remove_button.setEnabled(local_card_path(self._bundle).exists())
        try:
            card = read_local_card(self._bundle)
        except CoreError as error:
            self.banner.show_error(error)
            return
        if card is not None:
            self._show_card(card, "In use: verdicts are made with these points.")

    def _show_card(self, card: LocalCard, state: str) -> None:
        self.table.set_cells(HEAD, local_card_rows(card, self._bundle.card))
        self.notes.setText("\n".join(local_card_notes(card, self._bundle.card)))
        self.state.setText(state)
        self.use_button.setEnabled(self._found is not None)
        self._pages.setCurrentIndex(2)

    def _set_busy(self, is_busy: bool) -> None:
        self._progress.setVisible(is_busy)
        for each in (self.folder_button, self.list_button, self.target, self._pages):
            each.setEnabled(not is_busy)

    @pyqtSlot()
    def _shut_down(self) -> None:
        self._is_stopped = True
        self.films.shut_down()
        self._files.shut_down()

    def _lay_out(self) -> None:
        words = "Label films of a &folder…"
        self.folder_button = button(words, self._on_folder_clicked, self)
        words = "Take labels from a &CSV…"
        self.list_button = button(words, self._on_list_clicked, self)
        self.work_button = button("", self.work_out, self)
        self.use_button = button("&Use in verdicts", self.use, self)
        self.remove_button = button("&Remove local points", self.remove, self)
        for each in (self.work_button, self.use_button):
            each.setAutoDefault(False)
        self.target = QComboBox(self)
        self.target.setAccessibleName("Share of the films of a disease to be found")
        for share in _SENSITIVITIES:
            self.target.addItem(f"Find {percent(share)} of a disease", share)
        self.target.setCurrentIndex(1)
        title = SectionTitle("Local operating points", self)
        result = (title, self.state, self.table, self.notes, None)
        self._pages = QStackedWidget(self)
        for parts in (
            (Caption(_INTRO, self), None),
            ((self.films, 1), row(None, self.work_button)),
            (*result, row(self.use_button, None)),
        ):
            page = QWidget(self._pages)
            column(*parts, of=page)
            self._pages.addWidget(page)
        tools = (self.folder_button, self.list_button, self.remove_button)
        column(
            *(self.banner, (self._pages, 1), self._progress),
            row(self.target, None, close_buttons(self, *tools)),
            of=self,
            gap=10,
            margins=(18, 16, 18, 14),
        )


def _some_films(folder: Path) -> list[Path]:
    """At most `MOST_FILMS` films of a folder, by chance and yet always the same.

    Raises:
        DatasetError: There are too few.
    """
    found = [folder / film.file for film in find_films(folder).films]
    if len(found) < LEAST_FILMS:
        raise DatasetError(
            f"{folder.name} has {len(found)} films; at least {LEAST_FILMS} are needed.",
            hint="Choose a folder with more films of your own.",
        )
    return random.Random(0).sample(found, min(len(found), MOST_FILMS))  # noqa: S311


def _remove(card: Path) -> None:
    try:
        card.unlink(missing_ok=True)
    except OSError as error:
        raise CoreError(
            f"The local card could not be removed: {error.strerror}.",
            hint=f"Delete {card} yourself.",
        ) from error
