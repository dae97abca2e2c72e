"""Work that must not hold the window up. The only place that asks a model."""

from __future__ import annotations

import dataclasses
import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PyQt5.QtCore import QObject, pyqtSignal, pyqtSlot

from core import paths
from core.errors import BundleError, CoreError
from core.films.radiograph import Radiograph, radiograph_from_array, read_radiograph
from core.model import in_use as model_store
from core.model.bundle import ModelBundle, read_bundle
from core.model.classifier import Classifier, decide
from desktop.diagnose.reading import DiagnosedFilm, diagnosed, make_reading

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, eq=False)
class FilmRequest:
    """A film to be read.

    Attributes:
        id: Comes back with the reply.
        path: The file, or the name of a pasted picture.
        pixels: (h, w, 3 or 4) uint8 of a pasted picture; None to read the file.
    """

    id: int
    path: Path
    pixels: NDArray[np.uint8] | None = None


class InferenceWorker(QObject):
    """Read films and ask the model, in a thread that lives as long as the window.

    The newest request is served first; a film asked for earlier and not yet
    begun waits behind it. Every request gets exactly one reply, unless it was
    withdrawn.

    Args:
        bundle_dir: The model to ask; None for the one in use, or the one that
            comes with the program where that cannot be opened.

    Signals:
        model_opened: ModelBundle. Every reply from now on is this model's.
        model_failed: CoreError. Films are still read, without a verdict.
        model_replaced: CoreError. Why the model that comes with the program is
            opened in place of the one in use; `model_opened` follows.
        model_refused: CoreError. Another model was asked for and cannot be
            used; the one before stays.
        diagnosed: int, DiagnosedFilm. The reply to a request.
        failed: int, CoreError. The reply to a request that cannot be met.
    """

    model_opened = pyqtSignal(object)
    model_failed = pyqtSignal(object)
    model_replaced = pyqtSignal(object)
    model_refused = pyqtSignal(object)
    diagnosed = pyqtSignal(int, object)
    failed = pyqtSignal(int, object)
    _woken = pyqtSignal()

    def __init__(self, bundle_dir: Path | None) -> None:
        super().__init__()  # no parent: it moves to a thread
        self._bundle_dir = bundle_dir
        self._classifier: Classifier | None = None
        self._has_tried = False
        self._waiting: deque[FilmRequest] = deque()
        self._lock = threading.Lock()
        # To itself: queued once it lives in its thread, whoever emits.
        self._woken.connect(self._serve_one)

    def request(self, requests: Sequence[FilmRequest]) -> None:
        """Ask for films, in this order, before all asked for earlier.

        Safe from any thread; not a slot.
        """
        with self._lock:
            self._waiting.extendleft(reversed(requests))
        for _ in requests:
            self._woken.emit()

    def withdraw(self, request_id: int) -> None:
        """Forget a request not yet begun. Safe from any thread; not a slot."""
        with self._lock:
            kept = [asked for asked in self._waiting if asked.id != request_id]
            self._waiting = deque(kept)

    @pyqtSlot()
    def open_model(self) -> None:
        """Load the model, once; takes tenths of a second."""
        if self._has_tried:
            return
        self._has_tried = True
        try:
            self._classifier = self._load()
        except CoreError as error:
            logger.warning("no model: %s", error)
            self.model_failed.emit(error)
        else:
            self.model_opened.emit(self._classifier.bundle)

    @pyqtSlot(object)
    def use_bundle(self, path: Path) -> None:
        """Make another model the one in use, once it has proved to load."""
        self._replace(lambda: model_store.add(path), model_store.use)

    @pyqtSlot()
    def go_back(self) -> None:
        """Make the model that was in use before this one the one in use."""
        self._replace(_earlier_bundle, lambda path: model_store.go_back())

    def _load(self) -> Classifier:
        if self._bundle_dir is not None:
            return Classifier(read_bundle(self._bundle_dir))
        shipped = paths.default_bundle_dir()
        try:
            path = model_store.recorded()
            if path != shipped:
                return _open_chosen(path)
        except CoreError as error:
            logger.warning("the model in use cannot be opened: %s", error)
            self.model_replaced.emit(error)
        return _open_shipped(shipped)

    def _replace(
        self,
        find: Callable[[], ModelBundle],
        record: Callable[[Path], ModelBundle],
    ) -> None:
        try:
            classifier = Classifier(find())
            record(classifier.bundle.path)
        except CoreError as error:
            logger.warning("the model is kept: %s", error)
            self.model_refused.emit(error)
            return
        self._has_tried = True
        self._classifier = classifier
        logger.info("a model is put to use: %s", classifier.bundle.sha256)
        self.model_opened.emit(classifier.bundle)

    @pyqtSlot()
    def _serve_one(self) -> None:
        with self._lock:
            if not self._waiting:  # withdrawn
                return
            request = self._waiting.popleft()
        reply: DiagnosedFilm | CoreError = CoreError(
            f"{request.path.name} could not be read because of a fault in Hilum.",
            hint="Other films can still be opened. Please report this one.",
        )
        try:
            reply = self._diagnose(request)
        except CoreError as error:
            reply = error
        except MemoryError:
            reply = CoreError(
                f"There is not enough memory to open {request.path.name}.",
                hint="Close other programs, or use a smaller copy of the film.",
            )
        finally:  # a bug goes on to the crash hook, and nobody waits for ever
            if isinstance(reply, CoreError):
                self.failed.emit(request.id, reply)
            else:
                self.diagnosed.emit(request.id, reply)

    def _diagnose(self, request: FilmRequest) -> DiagnosedFilm:
        self.open_model()
        film = self._read(request)
        is_file = request.pixels is None
        if self._classifier is None:
            return diagnosed(film, None, is_file=is_file)
        bundle = self._classifier.bundle
        prediction = self._classifier.predict(film)
        verdict = decide(prediction, bundle.card, film)
        size = (film.pixels.shape[0], film.pixels.shape[1])
        reading = make_reading(bundle, prediction, verdict, size)
        return diagnosed(film, reading, is_file=is_file)

    def _read(self, request: FilmRequest) -> Radiograph:
        if request.pixels is None:
            return read_radiograph(request.path)
        return radiograph_from_array(request.pixels, name=request.path.name)


def _open_chosen(path: Path) -> Classifier:
    try:
        return Classifier(read_bundle(path))
    except CoreError as error:
        hint = f"It is in {path}. {error.hint}".strip()
        raise BundleError(str(error), hint=hint) from error


def _open_shipped(path: Path) -> Classifier:
    try:
        return Classifier(read_bundle(path))
    except CoreError as error:
        raise BundleError(
            f"Hilum's own model cannot be used: {error}",
            hint="Install Hilum again, or choose another model in the File menu.",
        ) from error


def _earlier_bundle() -> ModelBundle:
    """The model to go back to; `go_back` says what is wrong where there is none."""
    earlier = model_store.previous()
    return read_bundle(earlier.path) if earlier else model_store.go_back()
