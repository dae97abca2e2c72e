"""What a person says that films really show: kept, and offered as a menu."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PyQt5.QtCore import QObject, pyqtSignal, pyqtSlot
from PyQt5.QtWidgets import QAction, QMenu, QWidget

from core.data.corrections import (
    Corrections,
    correct,
    has_changed,
    read_corrections,
    take_back,
)
from core.data.dataset import NOT_USABLE
from core.errors import CoreError
from core.films.radiograph import display_name
from core.model.bundle import Label
from core.paths import corrected_films
from core.program import edition
from core.words import films as in_films
from desktop.widgets.notify import notice_of
from desktop.work.background import Background

#: The films in question, by their absolute paths, and the labels to choose from.
Subject = tuple[Sequence[Path], Sequence[Label]]


class LabelCorrections(QObject):
    """Has films corrected beside the window's thread, and tells whoever shows them.

    Attributes:
        known: The corrections, as far as they have been read.

    Signals:
        changed: there are other corrections now.
        training_asked: Path. The list of them is to be trained on.
        status_changed: str. For the status line.
        notice_raised: Notice. What did not work.
    """

    changed = pyqtSignal()
    training_asked = pyqtSignal(object)
    status_changed = pyqtSignal(str)
    notice_raised = pyqtSignal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.known: Corrections = {}
        self._files = Background(self, "corrected labels")

    def load(self) -> None:
        """Read what was said before."""
        if corrected_films().exists():
            self._files.ask(read_corrections, self._take, self._on_failed)

    def label_of(self, film: Path) -> str:
        """What was said of a film, by its absolute path; empty for nothing."""
        known = self.known.get(film)
        return known.label if known is not None else ""

    def ask_changed(self, film: Path, then: Callable[[bool], None]) -> None:
        """Tell whether a corrected film is another one now; reads the whole file."""
        look = partial(has_changed, self.known[film])
        self._files.ask(look, then, self._on_failed)

    def correct(self, films: Sequence[Path], label: str, name: str) -> None:
        """Keep what films really show.

        Args:
            name: How people read the label.
        """
        of = display_name(films[0]) if len(films) == 1 else in_films(len(films))
        then = partial(self._on_kept, f"{of}: corrected to {name}.")
        self._files.ask(partial(correct, films, label), then, self._on_failed)

    def take_back(self, films: Sequence[Path]) -> None:
        """Forget what was said of films."""
        then = partial(self._on_kept, "The correction is taken back.")
        self._files.ask(partial(take_back, films), then, self._on_failed)

    def shut_down(self) -> None:
        """End the thread after the work in hand."""
        self._files.shut_down()

    def _on_kept(self, said: str, known: Corrections) -> None:
        self._take(known)
        self.status_changed.emit(f"{said} {in_films(len(known))} corrected so far.")

    def _take(self, known: Corrections) -> None:
        self.known = known
        self.changed.emit()

    def _on_failed(self, error: CoreError) -> None:
        self.notice_raised.emit(notice_of(error))


class LabelMenu(QMenu):
    """Takes what films really show: a label, or that they are not usable.

    Args:
        subject: Asked when the menu opens.
    """

    def __init__(
        self,
        corrections: LabelCorrections,
        subject: Callable[[], Subject],
        parent: QWidget,
    ) -> None:
        super().__init__("Correct la&bel", parent)
        self._corrections = corrections
        self._subject = subject
        self.aboutToShow.connect(self._fill)

    @pyqtSlot()
    def _fill(self) -> None:
        self.clear()
        films, labels = self._subject()
        said = {self._corrections.label_of(film) for film in films}
        names = {label.name: label.display_name for label in labels}
        names[NOT_USABLE] = "Not usable"
        for number, (label, name) in enumerate(names.items(), start=1):
            choose = partial(self._corrections.correct, films, label, name)
            choice = self._add(f"&{number}  {name}", choose, bool(films))
            choice.setCheckable(True)
            choice.setChecked(said == {label})
        self.addSeparator()
        forget = partial(self._corrections.take_back, films)
        self._add("&Take the correction back", forget, said - {""} != set())
        known = self._corrections.known.values()
        count = sum(film.label != NOT_USABLE for film in known)
        self._add(
            f"&Retrain on corrected films ({count:,})…",
            partial(self._corrections.training_asked.emit, corrected_films()),
            count > 0 and edition.can_train(),
        )

    def _add(self, text: str, does: Callable[[], None], is_enabled: bool) -> QAction:
        made = self.addAction(text)
        made.setEnabled(is_enabled)
        made.triggered.connect(does)
        return made
