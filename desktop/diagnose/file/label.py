"""What the film on screen really shows, as the user says."""

from __future__ import annotations

from functools import partial

from PyQt5.QtCore import QObject, pyqtSignal, pyqtSlot
from PyQt5.QtWidgets import QWidget

from core.films.radiograph import display_name
from desktop.diagnose.films import OpenFilm
from desktop.diagnose.session import FilmSession
from desktop.film.corrections import LabelCorrections, LabelMenu, Subject
from desktop.models.in_use import ModelInUse
from desktop.style import icons
from desktop.widgets.notify import Notice

_TIP = "Correct label: say what the film really shows, to train on such films"


class FilmLabel(QObject):
    """Offers the menu that corrects the label, and shows on it what was said.

    Args:
        session: Whose film is on screen.
        model: Whose labels there are to choose from.
        corrections: Keep what is said.

    Attributes:
        menu: For the menu bar and the tool bar.

    Signals:
        notice_raised: Notice. The film is not the one that was corrected.
    """

    notice_raised = pyqtSignal(object)

    def __init__(
        self,
        session: FilmSession,
        model: ModelInUse,
        corrections: LabelCorrections,
        owner: QWidget,
    ) -> None:
        super().__init__(owner)
        self._session = session
        self._model = model
        self._corrections = corrections
        self.menu = LabelMenu(self._corrections, self._subject, owner)
        self.menu.setIcon(icons.icon("label"))
        self.menu.menuAction().setToolTip(_TIP)
        self.refresh()
        model.changed.connect(self.refresh)
        model.changed.connect(self._corrections.load)
        session.film_shown.connect(self._on_film_shown)
        session.beside_changed.connect(self.refresh)
        session.emptied.connect(self.refresh)
        self._corrections.changed.connect(self.refresh)

    def _subject(self) -> Subject:
        film, bundle = self._session.current, self._model.bundle
        if film is None or film.pixels is not None or bundle is None:
            return (), ()  # a picture that was pasted cannot be found again
        return [film.path], bundle.card.labels

    @pyqtSlot()
    def refresh(self) -> None:
        """Show what was said of the film that the keys are about."""
        films, labels = self._subject()
        label = self._corrections.label_of(films[0]) if films else ""
        names = {each.name: each.display_name for each in labels}
        shown = names.get(label, label.capitalize()) or "Label"
        self.menu.menuAction().setIconText(f" {shown}")
        self.menu.menuAction().setEnabled(bool(films))

    @pyqtSlot(object)
    def _on_film_shown(self, film: OpenFilm) -> None:
        self.refresh()
        if self._corrections.label_of(film.path):
            then = partial(self._on_looked_at, film)
            self._corrections.ask_changed(film.path, then)

    def _on_looked_at(self, film: OpenFilm, has_changed: bool) -> None:
        if has_changed and film is self._session.shown:
            text = f"{display_name(film.path)} has changed since you corrected its "
            hint = "A training leaves it out. Correct it again, or take that back."
            self.notice_raised.emit(Notice(f"{text}label.", hint))
