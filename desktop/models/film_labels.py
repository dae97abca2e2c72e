"""Labelling films by hand: one film at a time, one key for each label."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PyQt5.QtCore import Qt, pyqtSignal, pyqtSlot
from PyQt5.QtWidgets import QPushButton, QShortcut, QWidget

from core.data.dataset import Sample
from core.errors import CoreError
from core.films.radiograph import display_name, read_radiograph
from core.model.card import ModelCard
from desktop.film.pyramid import build_pyramid
from desktop.film.view import FilmView
from desktop.widgets.buttons import button
from desktop.widgets.labels import Caption, PlainText
from desktop.widgets.layouts import column, row
from desktop.work.background import Background


class FilmLabels(QWidget):
    """Shows films and takes a label for each; 1, 2, 3 label, Space leaves one out.

    Attributes:
        title: Which film is shown.
        view: The film.
        labels: Film -> the label it was given.

    Signals:
        changed: a label was given or taken back.
    """

    changed = pyqtSignal()

    def __init__(self, card: ModelCard, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._films: Sequence[Path] = ()
        self._at = 0
        self.labels: dict[Path, str] = {}
        self._reader = Background(self, "films to label")
        self.view = FilmView(self)
        self.title, self._note = PlainText("", self), Caption("", self)
        self._givers = [
            self._button(
                f"{number}  {label.display_name}",
                partial(self._give, label.name),
                str(number),
            )
            for number, label in enumerate(card.labels, start=1)
        ]
        self._givers.append(self._button("Leave out", partial(self._step, 1), "Space"))
        self._back_button = self._button("Back", self._back, "Backspace")
        line = row(*self._givers, self._back_button, None)
        column(self.title, (self.view, 1), line, self._note, of=self)

    def set_films(self, films: Sequence[Path]) -> None:
        """Show the first of these; the labels given so far stay."""
        self._films, self._at = films, 0
        self._show()

    def samples(self) -> list[Sample]:
        """The films that have a label."""
        return [Sample(str(path), path, label) for path, label in self.labels.items()]

    def shut_down(self) -> None:
        """End the thread that reads."""
        self._reader.shut_down()

    def _button(self, words: str, does: Callable[[], None], key: str) -> QPushButton:
        context = Qt.ShortcutContext.WidgetWithChildrenShortcut
        QShortcut(key, self, does, context=context)
        made = button(words, does, self, tip=f"Key {key}")
        made.setAutoDefault(False)
        return made

    def _give(self, label: str) -> None:
        if self._at < len(self._films):
            self.labels[self._films[self._at]] = label
            self.changed.emit()
            self._step(1)

    @pyqtSlot()
    def _back(self) -> None:
        self._step(-1)
        if self.labels.pop(self._films[self._at], ""):
            self.changed.emit()

    def _step(self, step: int) -> None:
        self._at = min(max(0, self._at + step), len(self._films))
        self._show()

    def _show(self) -> None:
        self._reader.forget()
        is_done = self._at >= len(self._films)
        for each in self._givers:
            each.setEnabled(not is_done)
        self._back_button.setEnabled(self._at > 0)
        self.view.set_film(None)
        self._note.setText("")
        if is_done:
            self.title.setText("That was the last film.")
            return
        path = self._films[self._at]
        name = display_name(path)
        self.title.setText(f"Film {self._at + 1} of {len(self._films)}: {name}")
        self._reader.ask(
            lambda: build_pyramid(read_radiograph(path)),
            self.view.set_film,
            self._on_failed,
        )

    def _on_failed(self, error: CoreError) -> None:
        self._note.setText(f"{error} Leave it out.")
