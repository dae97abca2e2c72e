"""Which films are open, which is on screen, and which are being read."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PyQt5.QtCore import QObject, pyqtSignal, pyqtSlot

from core.errors import CoreError
from core.films.radiograph import display_name
from core.model.bundle import ModelBundle
from desktop.diagnose.films import FilmList, OpenFilm
from desktop.diagnose.reading import DiagnosedFilm, diagnose
from desktop.models.in_use import ModelInUse
from desktop.widgets.labels import printable
from desktop.widgets.notify import Notice, notice_of, summary_of

logger = logging.getLogger(__name__)


class FilmSession(QObject):
    """Has films read one at a time and decides which reply comes on screen.

    The newest request is served first. The film that was asked for last is the
    wanted one; only its reply changes what is shown. A film that cannot be read
    changes nothing but a notice. When the model changes, the film on screen is
    read again, and others once chosen.

    Attributes:
        films: Every open film, with what was found in it, and the one on screen.
        is_beside_current: Whether the keys are about the film beside that one.

    Signals:
        film_shown: OpenFilm. This film is the one to show now.
        film_refined: OpenFilm. The film on screen came again, at full resolution
            or with the verdict of another model.
        beside_changed: OpenFilm. The film to compare with is another one, or came
            again as the one on screen may.
        emptied: no film is left to show.
        progress_changed: str, bool. What is being read, empty for nothing; and
            whether the wanted film is among it.
        notice_raised: Notice. For the banner.
    """

    film_shown = pyqtSignal(object)
    film_refined = pyqtSignal(object)
    beside_changed = pyqtSignal(object)
    emptied = pyqtSignal()
    progress_changed = pyqtSignal(str, bool)
    notice_raised = pyqtSignal(object)

    def __init__(self, model: ModelInUse, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.films = FilmList(self)
        self.is_beside_current = False
        self._model = model
        self._has_started = False
        self._wanted: OpenFilm | None = None
        self._queue: list[OpenFilm] = []
        self._in_hand: OpenFilm | None = None
        self._refining: set[OpenFilm] = set()
        self._failures: list[Notice] = []
        self._tried = 0
        self._count_pasted = 0
        model.changed.connect(self._on_model_changed)

    @property
    def shown(self) -> OpenFilm | None:
        """The film on screen."""
        return self.films.shown

    @property
    def current(self) -> OpenFilm | None:
        """The film that the keys are about."""
        beside = self.films.beside if self.is_beside_current else None
        return beside if beside is not None else self.shown

    @property
    def shown_film(self) -> DiagnosedFilm | None:
        """What was found in the film on screen."""
        return self.shown.found if self.shown is not None else None

    @property
    def is_reading(self) -> bool:
        """Whether a reply is still to come."""
        return self._in_hand is not None or bool(self._queue)

    def start(self) -> None:
        """Read what was asked for, now that the model is being opened."""
        self._has_started = True
        self._read_next()

    def open_paths(self, paths: Sequence[Path], shown: Path | None = None) -> None:
        """Read files, show the first, or one of them, and keep all in this order."""
        whole = dict.fromkeys(path.absolute() for path in paths)
        asked = [self.films.add(path) for path in whole]
        if shown is not None:
            first = shown.absolute()
            asked.sort(key=lambda film: film.path != first)
        self._request(asked)

    def open_picture(self, pixels: NDArray[np.uint8]) -> None:
        """Read a picture that never was a file; (h, w, 3 or 4) uint8."""
        self._count_pasted += 1
        name = Path(f"Pasted picture {self._count_pasted}")
        self._request([self.films.add(name, pixels)])

    @pyqtSlot(object)
    def choose(self, film: OpenFilm) -> None:
        """Show a film of the list, at once if it has been read."""
        self._wanted = film
        if film.found is not None:
            self._show(film)

    def neighbour(self, film: OpenFilm | None, step: int) -> OpenFilm | None:
        """The film so many places further in the list; None where there is none."""
        row = self.films.row_of(film) if film is not None else None
        if row is None or not 0 <= row + step < len(self.films):
            return None
        return self.films[row + step]

    def step(self, step: int) -> None:
        """Show the film so many places further in the list."""
        film = self.neighbour(self.shown, step)
        if film is not None:
            self.choose(film)

    def compare_with(self, film: OpenFilm) -> None:
        """Keep a film in full, to be shown beside the one on screen."""
        self.films.beside = film
        self.beside_changed.emit(film)
        if film.found is not None:
            self._refine(film)

    @pyqtSlot(str)
    def mend(self, mend: str) -> None:
        """Read the film on screen again, turned, flipped or inverted."""
        if self.shown is not None and self.shown.found is not None:
            # Of what is on screen: asked for twice, it is done once.
            self.shown.mends = (*self.shown.found.mends, mend)
            self._request([self.shown])

    @pyqtSlot(object)
    def close(self, film: OpenFilm) -> None:
        """Take a film out of the list; the one after it is shown instead."""
        row = self.films.row_of(film)
        if row is None:
            return
        self._queue = [asked for asked in self._queue if asked is not film]
        self._settle(film)
        was_shown = film in (self.shown, self._wanted)
        self.films.remove(film)
        if was_shown:
            self._show_neighbour(min(row, len(self.films) - 1))
        self._report_progress()
        self._read_next()

    @pyqtSlot()
    def close_all(self) -> None:
        """Take every film out of the list."""
        self._queue, self._wanted, self._in_hand = [], None, None
        self._refining.clear()
        self.films.clear()
        self.emptied.emit()
        self._report_progress()

    @property
    def _waiting(self) -> list[OpenFilm]:
        """Films without a reply so far; not those that are read once more."""
        asked = [self._in_hand, *self._queue]
        return [f for f in asked if f is not None and f not in self._refining]

    def _request(self, asked: Sequence[OpenFilm]) -> None:
        if not asked:
            return
        self._failures, self._tried = [], len(asked)
        self._wanted = asked[0]
        self._refining.difference_update(asked)
        self._put_first(asked)
        self._report_progress()

    def _put_first(self, asked: Sequence[OpenFilm]) -> None:
        first = dict.fromkeys(asked)
        self._queue = [*first, *(old for old in self._queue if old not in first)]
        self._read_next()

    def _read_next(self) -> None:
        if not self._has_started or self._in_hand is not None or not self._queue:
            return
        film = self._in_hand = self._queue.pop(0)
        self._model.ask(
            partial(diagnose, film.path, film.pixels, film.mends),
            partial(self._on_diagnosed, film),
            partial(self._on_failed, film),
        )

    def _on_diagnosed(self, film: OpenFilm, found: DiagnosedFilm) -> None:
        is_finer = film in self._refining
        self._settle(film)
        self._read_next()
        if self.films.row_of(film) is None:  # closed while it was being read
            return
        self.films.set_found(film, found)
        if is_finer and film is self.shown:
            self.film_refined.emit(film)
        elif film is self._wanted and not is_finer:
            self._show(film)
        if film is self.films.beside:
            self.beside_changed.emit(film)
        self._report_progress()

    def _on_failed(self, film: OpenFilm, error: CoreError) -> None:
        is_finer = film in self._refining
        self._settle(film)
        self._read_next()
        if self.films.row_of(film) is None:  # closed while it was being read
            return
        notice = notice_of(error, about=printable(film.path))
        # The name of a film may be a patient's: kept out of the usual log.
        logger.warning("a film was not opened: %s", type(error).__name__)
        logger.debug("not opened: %s", notice.details)
        if not is_finer:  # the copy on screen still serves
            self._failures.append(notice)
            self.notice_raised.emit(summary_of(self._failures, self._tried))
        elif self.films.is_outdated(film):
            text = f"{display_name(film.path)} keeps the verdict of the model before."
            hint = f"{notice.text} {notice.hint}".strip()
            self.notice_raised.emit(Notice(text, hint, notice.details))
        if film.found is None:
            self.films.remove(film)
        else:
            film.mends = film.found.mends
        if film is self._wanted:
            self._wanted = next(iter(self._waiting), self.shown)
        self._report_progress()

    @pyqtSlot(object)
    def _on_model_changed(self, bundle: ModelBundle) -> None:
        self.films.set_bundle(bundle)
        if self.shown is not None:
            self._refine(self.shown)

    def _settle(self, film: OpenFilm) -> None:
        if self._in_hand is film:
            self._in_hand = None
        self._refining.discard(film)

    def _show(self, film: OpenFilm) -> None:
        self._wanted = film
        self.films.show(film)
        self.film_shown.emit(film)
        self._refine(film)

    def _refine(self, film: OpenFilm) -> None:
        """Read a film again where what is kept of it falls short."""
        falls_short = film.is_reduced or self.films.is_outdated(film)
        if falls_short and film not in self._waiting:
            self._refining.add(film)
            self._put_first([film])

    def _show_neighbour(self, row: int) -> None:
        for near in [*range(row, -1, -1), *range(row + 1, len(self.films))]:
            if self.films[near].found is not None:
                self._show(self.films[near])
                return
        self._wanted = next(iter(self._waiting), None)
        self.emptied.emit()

    def _report_progress(self) -> None:
        waiting = self._waiting
        if not waiting:
            self.progress_changed.emit("", False)
            return
        more = f" and {len(waiting) - 1} more" if len(waiting) > 1 else ""
        text = f"Reading {display_name(waiting[0].path)}{more}…"
        self.progress_changed.emit(text, self._wanted in waiting)
