"""The journal of films in flight, which a crash of the program leaves behind."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from core.errors import CoreError, ImageReadError
from core.jobs.lock import open_to_write

_SUFFIX: Final = ".reading"
#: Of what is at a time there is one place each; the first holds this, so that no
#: other file is taken for such notes, and replaced.
_MARK: Final = b"The films that Hilum is reading.\n"
_PLACE: Final = 4096
#: That are ever looked at; more films are not read at a time.
_MAX_FILMS: Final = 1024


class InFlightJournal:
    """A small file beside a scan's results that names the films being read.

    Whatever ends the program, the file then names those that may have been the
    cause. A regular end removes it: use it in a `with` that is entered while the
    results are locked, so that no other scan writes to it. A film costs one write
    to the system's memory, and nothing waits for the disk. Where it cannot be
    written the scan goes on without.

    Args:
        results: The scan's file.
    """

    def __init__(self, results: Path) -> None:
        self.path = results.with_name(results.name + _SUFFIX)
        self._file = -1
        self._lock = threading.Lock()
        self._free: list[int] = []
        self._places = 0

    def left_behind(self) -> frozenset[str]:
        """Films that were being read as a scan before ended by accident."""
        data = self._content()
        if not data.startswith(_MARK):
            return frozenset()
        names = set()
        for start in range(_PLACE, len(data), _PLACE):
            name, end, _ = data[start : start + _PLACE].partition(b"\0")
            with contextlib.suppress(UnicodeDecodeError):
                if name and end:
                    names.add(name.decode("utf-8", "surrogatepass"))
        return frozenset(names)

    def begin(self) -> None:
        """Forget what was left behind, and note from now on."""
        with contextlib.suppress(OSError):
            if self._content()[: len(_MARK)] not in (b"", _MARK):
                return  # somebody else's
            self._file = open_to_write(self.path)
            os.ftruncate(self._file, 0)
            os.write(self._file, _MARK)

    @contextlib.contextmanager
    def reading(self, film: str) -> Iterator[None]:
        """Note a film while it is read. May be used in several threads at a time.

        A film whose reading ends in a fault of the program stays noted.
        """
        place = self._note(film)
        try:
            yield
        except (ImageReadError, MemoryError):
            self._free.append(place)
            raise
        # Its name stays until the next one takes its place: it is not worth a
        # write to take off what has a row by the time that anyone asks.
        self._free.append(place)

    def __enter__(self) -> InFlightJournal:
        return self

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        with self._lock:
            file, self._file = self._file, -1
        if file < 0:
            return
        with contextlib.suppress(OSError):
            os.close(file)  # first: Windows removes no open file
            if error is None or isinstance(error, CoreError):
                self.path.unlink(missing_ok=True)

    def _note(self, film: str) -> int:
        line = film.encode("utf-8", "surrogatepass") + b"\0"
        with self._lock:
            if not self._free:
                self._places += 1
                self._free.append(self._places)
            place = self._free.pop()
            if self._file >= 0 and len(line) <= _PLACE:
                with contextlib.suppress(OSError):
                    os.lseek(self._file, place * _PLACE, os.SEEK_SET)
                    os.write(self._file, line)
        return place

    def _content(self) -> bytes:
        try:
            if not self.path.is_file():
                return b""
            with open(self.path, "rb") as file:
                return file.read(_MAX_FILMS * _PLACE)
        except OSError:
            return b""
