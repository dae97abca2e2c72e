"""Small pictures of films, read as they are looked at."""

from __future__ import annotations

import collections
import logging
import os
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from PyQt5.QtCore import QObject, pyqtSignal, pyqtSlot
from PyQt5.QtGui import QImage

from core.errors import ImageReadError
from core.films.radiograph import read_radiograph
from core.films.thumbnail import shrink
from desktop.film.pyramid import picture_image

logger = logging.getLogger(__name__)

#: Memory for pictures that are not on screen, bytes.
KEPT_BYTES: Final = 32 * 1024 * 1024
_THREADS: Final = 2
#: How long the end waits for films that are being read. A film on a network
#: folder that is gone may never be.
_LEAVE_S: Final = 5.0


class PictureRequest(NamedTuple):
    """A film of which a small picture is wanted, and what it is asked for by."""

    key: int
    path: Path


class Thumbnails(QObject):
    """Keeps small pictures, and has those made that are on screen and missing.

    Only the newest requests count: what has been scrolled away is not read. The
    threads start with the first request; the owner ends them with `shut_down`.

    Signals:
        made: int. Key of a film whose picture is there now, or never will be.
        missed: int. Key of a film that is not there; `made` follows.
    """

    made = pyqtSignal(int)
    missed = pyqtSignal(int)
    _read = pyqtSignal(int, int, object, bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._taken_bytes = 0
        # The one that was looked at last comes last.
        self._pictures: collections.OrderedDict[int, QImage] = collections.OrderedDict()
        self._broken: set[int] = set()
        self._side = 48
        #: Keys of another round mean other films, or pictures of another size.
        self._round = 0
        self._threads: list[threading.Thread] = []
        self._is_closed = False
        # What the threads share, and what they are told of it by.
        self._requests: list[PictureRequest] = []
        self._in_hand: set[tuple[int, int]] = set()
        self._news = threading.Condition()
        self._read.connect(self._on_read)

    @property
    def is_reading(self) -> bool:
        """Whether pictures are still to come."""
        with self._news:
            return bool(self._requests or self._in_hand)

    def picture(self, key: int) -> QImage | None:
        """The picture of a film; None where there is none yet, or never will be."""
        picture = self._pictures.get(key)
        if picture is not None:
            self._pictures.move_to_end(key)
        return picture

    def is_broken(self, key: int) -> bool:
        """Whether a film turned out not to be readable."""
        return key in self._broken

    def set_side(self, side: int) -> None:
        """Make pictures of this longer side, pixels of the screen, from now on."""
        if side != self._side:
            self._side = side
            self.clear()

    def clear(self) -> None:
        """Forget all: the keys mean other films from now on."""
        self._pictures.clear()
        self._broken.clear()
        self._taken_bytes = 0
        with self._news:
            self._round += 1
            self._requests = []

    def want(self, requests: Iterable[PictureRequest]) -> None:
        """Have these made, the first one first, and nothing else any more."""
        known = self._pictures.keys() | self._broken
        with self._news:
            self._requests = [
                request
                for request in requests
                if request.key not in known
                and (self._round, request.key) not in self._in_hand
            ]
            self._news.notify_all()
        if self._requests and not self._threads and not self._is_closed:
            self._threads = [
                threading.Thread(
                    target=self._serve, name=f"thumbnails {n}", daemon=True
                )
                for n in range(_THREADS)
            ]
            for thread in self._threads:
                thread.start()

    def shut_down(self) -> None:
        """End the threads after the films in hand."""
        with self._news:
            self._is_closed = True
            self._news.notify_all()
        for thread in self._threads:
            thread.join(_LEAVE_S)
        self._threads = []

    def _serve(self) -> None:
        """Make pictures until the end; in a thread of its own."""
        while True:
            with self._news:
                self._news.wait_for(lambda: self._requests or self._is_closed)
                if self._is_closed:
                    return
                key, path = self._requests.pop(0)
                number, side = self._round, self._side
                self._in_hand.add((number, key))
            picture, is_there = None, True
            try:
                picture = picture_image(shrink(read_radiograph(path), side))
            except (ImageReadError, MemoryError) as error:
                logger.debug("no picture of %s: %s", path, error)
                is_there = os.path.lexists(path)
            finally:
                with self._news:
                    self._in_hand.discard((number, key))
                if not self._is_closed:
                    self._read.emit(number, key, picture, is_there)

    @pyqtSlot(int, int, object, bool)
    def _on_read(
        self, number: int, key: int, picture: QImage | None, is_there: bool
    ) -> None:
        if number != self._round or key in self._pictures:
            return
        if picture is None:
            self._broken.add(key)
            if not is_there:
                self.missed.emit(key)
        else:
            self._pictures[key] = picture
            self._taken_bytes += picture.sizeInBytes()
            while self._taken_bytes > KEPT_BYTES and len(self._pictures) > 1:
                _, oldest = self._pictures.popitem(last=False)
                self._taken_bytes -= oldest.sizeInBytes()
        self.made.emit(key)
