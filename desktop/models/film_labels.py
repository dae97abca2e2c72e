"""Labelling films by hand: one film at a time, one key for each label."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PyQt5.QtCore import Qt, pyqtSignal, pyqtSlot
from PyQt5.QtWidgets import QLabel, QPushButton, QShortcut, QWidget

from core.data.dataset import Sample
from core.errors import CoreError
from core.films.radiograph import display_name, read_radiograph
from core.model.card import ModelCard
from desktop.film.pyramid import FilmPyramid, build_pyramid
from desktop.film.view import FilmView
from desktop.widgets.buttons import button
from desktop.widgets.labels import Caption
from desktop.widgets.layouts import column, row
from desktop.work.background import Background


class FilmLabels(QWidget):
    """Shows films and takes a label for each; 1, 2, 3 label, Space leaves one out.

    Args:
        card: Of the model, whose labels they are.

    Attributes:
        view: The film.
        buttons: Label -> its button.
        labels: Film -> the label it was given.

    Signals:
        changed: a label was given or taken back.
    """

    changed = pyqtSignal()

    def __init__(self, card: ModelCard, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._films: tuple[Path, ...] = ()
        self._at = 0
        self.labels: dict[Path, str] = {}
        self._reader = Background(self, "films to label")
        self.view = FilmView(self)
        self._title = QLabel(self)
        self._title.setTextFormat(Qt.TextFormat.PlainText)
        self._note = Caption("", self)
        self.buttons: dict[str, QPushButton] = {}
        for number, label in enumerate(card.labels, start=1):
            give = partial(self._give, label.name)
            self.buttons[label.name] = button(
                f"{number}  {label.display_name}", give, self, tip=f"Key {number}"
            )
            self._add_key(str(number), give)
        self.skip_button = button("Leave out", self.skip, self, tip="Space")
        self.back_button = button("Back", self.back, self, tip="Backspace")
        self._add_key("Space", self.skip)
        self._add_key("Backspace", self.back)
        keys = (*self.buttons.values(), self.skip_button, self.back_button)
        for each in keys:
            each.setAutoDefault(False)
        column(self._title, (self.view, 1), row(*keys, None), self._note, of=self)

    @property
    def title(self) -> str:
        """Which film is shown."""
        return self._title.text()

    def set_films(self, films: Sequence[Path]) -> None:
        """Show the first of these; the labels given so far stay."""
        self._films = tuple(films)
        self._at = 0
        self._show()

    def samples(self) -> list[Sample]:
        """The films that have a label."""
        return [Sample(str(path), path, label) for path, label in self.labels.items()]

    @pyqtSlot()
    def skip(self) -> None:
        """Go on without a label for this film."""
        self._step(1)

    @pyqtSlot()
    def back(self) -> None:
        """Go back to the film before, whose label is taken back."""
        self._step(-1)
        if self.labels.pop(self._films[self._at], ""):
            self.changed.emit()

    def shut_down(self) -> None:
        """End the thread that reads."""
        self._reader.shut_down()

    def _add_key(self, key: str, slot: Callable[[], None]) -> None:
        context = Qt.ShortcutContext.WidgetWithChildrenShortcut
        QShortcut(key, self, slot, context=context)

    def _give(self, label: str) -> None:
        if self._at < len(self._films):
            self.labels[self._films[self._at]] = label
            self.changed.emit()
            self._step(1)

    def _step(self, step: int) -> None:
        self._at = min(max(0, self._at + step), len(self._films))
        self._show()

    def _show(self) -> None:
        self._reader.forget()
        is_done = self._at >= len(self._films)
        for each in (*self.buttons.values(), self.skip_button):
            each.setEnabled(not is_done)
        self.back_button.setEnabled(self._at > 0)
        self.view.set_film(None)
        self._note.setText("")
        if is_done:
            self._title.setText("That was the last film.")
            return
        path = self._films[self._at]
        name = display_name(path)
        self._title.setText(f"Film {self._at + 1} of {len(self._films)}: {name}")
        self._reader.ask(partial(_read, path), self.view.set_film, self._on_failed)

    def _on_failed(self, error: CoreError) -> None:
        self._note.setText(f"{error} Leave it out.")


def _read(path: Path) -> FilmPyramid:
    return build_pyramid(read_radiograph(path))
