"""Which films are open, which is on screen, and which are being read."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PyQt5.QtCore import QObject, pyqtSignal, pyqtSlot

from core.errors import CoreError
from core.films.radiograph import display_name
from core.model.bundle import ModelBundle
from desktop.diagnose.films import FilmList
from desktop.diagnose.reading import DiagnosedFilm
from desktop.diagnose.worker import FilmRequest, InferenceWorker
from desktop.widgets.labels import printable
from desktop.widgets.notify import Notice, notice_of, summary_of
from desktop.work.threads import give_thread, stop_thread

logger = logging.getLogger(__name__)


class FilmSession(QObject):
    """Sends films to the worker and decides which reply comes on screen.

    The film that was asked for last is the wanted one; only its reply changes
    what is shown. A film that cannot be read changes nothing but a notice. When
    the model changes, the film on screen is read again, and others once chosen.

    Attributes:
        films: Every open film, with what was found in it.
        worker: Reads and asks the model, in a thread of its own.

    Signals:
        film_shown: int. This film is the one to show now.
        film_refined: int. The film on screen came again, at full resolution or
            with the verdict of another model.
        emptied: no film is left to show.
        progress_changed: str, bool. What is being read, empty for nothing; and
            whether the wanted film is among it.
        notice_raised: Notice. For the banner.
        bundle_opened: ModelBundle. The model that is asked from now on.
        bundle_refused: CoreError. The model asked for is not used; the one
            before stays.
    """

    film_shown = pyqtSignal(int)
    film_refined = pyqtSignal(int)
    emptied = pyqtSignal()
    progress_changed = pyqtSignal(str, bool)
    notice_raised = pyqtSignal(object)
    bundle_opened = pyqtSignal(object)
    bundle_refused = pyqtSignal(object)
    _model_wanted = pyqtSignal()
    _bundle_wanted = pyqtSignal(object)
    _earlier_wanted = pyqtSignal()

    def __init__(self, bundle_dir: Path | None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.films = FilmList(self)
        self.worker = InferenceWorker(bundle_dir)
        self._thread = give_thread(self.worker, self, "inference")
        self._shown: int | None = None
        self._wanted: int | None = None
        self._waiting: list[int] = []
        self._refining: set[int] = set()
        self._failures: list[Notice] = []
        self._tried = 0
        self._pasted: dict[int, NDArray[np.uint8]] = {}
        self._count_pasted = 0
        self._model_wanted.connect(self.worker.open_model)
        self._bundle_wanted.connect(self.worker.use_bundle)
        self._earlier_wanted.connect(self.worker.go_back)
        self.worker.diagnosed.connect(self._on_diagnosed)
        self.worker.failed.connect(self._on_failed)
        self.worker.model_opened.connect(self._on_model_opened)
        self.worker.model_failed.connect(self._on_model_failed)
        self.worker.model_replaced.connect(self._on_model_replaced)
        self.worker.model_refused.connect(self.bundle_refused)

    @property
    def shown(self) -> int | None:
        """Id of the film on screen."""
        return self._shown

    @property
    def shown_film(self) -> DiagnosedFilm | None:
        """The film on screen."""
        return self.films.film(self._shown) if self._shown is not None else None

    @property
    def is_reading(self) -> bool:
        """Whether a reply is still to come."""
        return bool(self._waiting or self._refining)

    def start(self) -> None:
        """Start the thread and load the model."""
        self._thread.start()
        self._model_wanted.emit()

    def use_bundle(self, path: Path) -> None:
        """Put another model to use; `bundle_opened` or `bundle_refused` follows."""
        self._bundle_wanted.emit(path)

    def go_back(self) -> None:
        """Put the model to use that was before; the same two signals follow."""
        self._earlier_wanted.emit()

    def shut_down(self) -> None:
        """End the thread after the film in hand."""
        stop_thread(self._thread)

    def open_paths(self, paths: Sequence[Path], shown: Path | None = None) -> None:
        """Read files, show the first, or one of them, and keep all in this order."""
        whole = dict.fromkeys(path.absolute() for path in paths)
        requests = [FilmRequest(self.films.add(path), path) for path in whole]
        if shown is not None:
            first = shown.absolute()
            requests.sort(key=lambda request: request.path != first)
        self._request(requests)

    def open_picture(self, pixels: NDArray[np.uint8]) -> None:
        """Read a picture that never was a file; (h, w, 3 or 4) uint8."""
        self._count_pasted += 1
        name = Path(f"Pasted picture {self._count_pasted}")
        film_id = self.films.add(name)
        self._pasted[film_id] = pixels
        self._request([FilmRequest(film_id, name, pixels)])

    @pyqtSlot(int)
    def choose(self, film_id: int) -> None:
        """Show a film of the list, at once if it has been read."""
        self._wanted = film_id
        if self.films.film(film_id) is not None:
            self._show(film_id)

    def step(self, step: int) -> None:
        """Show the film so many places further in the list."""
        row = self.films.row_of(self._shown) if self._shown is not None else None
        if row is not None and 0 <= row + step < len(self.films):
            self.choose(self.films.id_at(row + step))

    @pyqtSlot(int)
    def close(self, film_id: int) -> None:
        """Take a film out of the list; the one after it is shown instead."""
        row = self.films.row_of(film_id)
        if row is None:
            return
        self.worker.withdraw(film_id)
        self._settle(film_id)
        self._pasted.pop(film_id, None)
        self.films.remove(film_id)
        if film_id in (self._shown, self._wanted):
            self._show_neighbour(min(row, len(self.films) - 1))
        self._report_progress()

    def _request(self, requests: Sequence[FilmRequest]) -> None:
        if not requests:
            return
        self._failures, self._tried = [], len(requests)
        self._wanted = requests[0].id
        ids = [request.id for request in requests]
        self._refining.difference_update(ids)
        self._waiting = ids + [old for old in self._waiting if old not in ids]
        for film_id in ids:
            self.worker.withdraw(film_id)
        self.worker.request(requests)
        self._report_progress()

    @pyqtSlot(int, object)
    def _on_diagnosed(self, film_id: int, film: DiagnosedFilm) -> None:
        is_finer = film_id in self._refining
        self._settle(film_id)
        self.films.set_film(film_id, film)
        if is_finer and film_id == self._shown:
            self.film_refined.emit(film_id)
        elif film_id == self._wanted and not is_finer:
            self._show(film_id)
        self._report_progress()

    @pyqtSlot(int, object)
    def _on_failed(self, film_id: int, error: CoreError) -> None:
        is_finer = film_id in self._refining
        self._settle(film_id)
        path = self.films.path(film_id)
        if path is None:  # closed while it was being read
            return
        notice = notice_of(error, about=printable(path))
        # The name of a film may be a patient's: kept out of the usual log.
        logger.warning("a film was not opened: %s", type(error).__name__)
        logger.debug("not opened: %s", notice.details)
        if not is_finer:  # the copy on screen still serves
            self._failures.append(notice)
            self.notice_raised.emit(summary_of(self._failures, self._tried))
        elif self.films.is_outdated(film_id):
            text = f"{display_name(path)} keeps the verdict of the model before."
            hint = f"{notice.text} {notice.hint}".strip()
            self.notice_raised.emit(Notice(text, hint, notice.details))
        if self.films.film(film_id) is None:
            self.films.remove(film_id)
        if film_id == self._wanted:
            self._wanted = self._waiting[0] if self._waiting else self._shown
        self._report_progress()

    @pyqtSlot(object)
    def _on_model_opened(self, bundle: ModelBundle) -> None:
        self.films.set_bundle(bundle)
        self.bundle_opened.emit(bundle)
        if self._shown is not None:
            self._refine(self._shown)

    @pyqtSlot(object)
    def _on_model_replaced(self, error: CoreError) -> None:
        notice = notice_of(error)
        text = "The model you chose cannot be used: Hilum's own takes its place."
        hint = f"{notice.text} {notice.hint}".strip()
        self.notice_raised.emit(Notice(text, hint, notice.details))

    @pyqtSlot(object)
    def _on_model_failed(self, error: CoreError) -> None:
        notice = notice_of(error)
        text = "There is no model to ask: films open without a verdict."
        hint = f"{notice.text} {notice.hint}".strip()
        self.notice_raised.emit(Notice(text, hint, notice.details))

    def _settle(self, film_id: int) -> None:
        self._waiting = [waiting for waiting in self._waiting if waiting != film_id]
        self._refining.discard(film_id)

    def _show(self, film_id: int) -> None:
        self._shown = self._wanted = film_id
        self.films.show(film_id)
        self.film_shown.emit(film_id)
        self._refine(film_id)

    def _refine(self, film_id: int) -> None:
        """Read a film again where what is kept of it falls short."""
        path = self.films.path(film_id)
        falls_short = self.films.is_reduced(film_id) or self.films.is_outdated(film_id)
        if path is not None and falls_short and film_id not in self._waiting:
            self._refining.add(film_id)
            self.worker.withdraw(film_id)
            pixels = self._pasted.get(film_id)
            self.worker.request([FilmRequest(film_id, path, pixels)])

    def _show_neighbour(self, row: int) -> None:
        rows = [*range(row, -1, -1), *range(row + 1, len(self.films))]
        for near in rows:
            film_id = self.films.id_at(near)
            if self.films.film(film_id) is not None:
                self._show(film_id)
                return
        self._shown = None
        self._wanted = self._waiting[0] if self._waiting else None
        self.emptied.emit()

    def _report_progress(self) -> None:
        path = self.films.path(self._waiting[0]) if self._waiting else None
        if path is None:
            self.progress_changed.emit("", False)
            return
        more = f" and {len(self._waiting) - 1} more" if len(self._waiting) > 1 else ""
        text = f"Reading {display_name(path)}{more}…"
        self.progress_changed.emit(text, self._wanted in self._waiting)
