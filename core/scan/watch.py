"""New films of a folder, each once it has been written completely."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import queue
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from core.errors import CoreError
from core.films.finder import (
    FilmState,
    FoundFilm,
    film_state,
    find_films,
    is_hidden,
    is_wanted,
)

#: A file that was closed, moved in or linked has been like that for so long.
_SETTLED_S = 0.5
#: One that somebody still writes to, as far as is known, for so long.
_UNTOUCHED_S = 10.0
_LOOK_EVERY_S = 0.2
#: The system may lose news, and tells none of folders behind links.
_LIST_EVERY_S = 60.0


@dataclasses.dataclass
class _Candidate:
    state: FilmState | None
    since: float
    is_open: bool


class FolderWatch:
    """Keeps a folder under watch, from `with` on.

    Args:
        folder: To watch, with the folders below it.
        hidden: As `find_films`.

    Raises:
        CoreError: The package watchdog is missing.
    """

    def __init__(self, folder: Path, *, hidden: bool = False) -> None:
        self._folder = folder
        self._hidden = hidden
        self._news: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()
        self._candidates: dict[str, _Candidate] = {}
        self._list_at = 0.0
        self._observer: Any = None

    def __enter__(self) -> FolderWatch:
        try:
            from watchdog.observers import Observer
            from watchdog.observers.polling import PollingObserver
        except ImportError as error:
            raise CoreError(
                "To watch a folder takes the package watchdog, which is not installed.",
                hint="Install the packages in requirements.txt.",
            ) from error
        try:
            self._observer = self._start(Observer())
        except OSError:  # the system watches no more folders: look instead
            self._observer = self._start(PollingObserver())
        self._list_at = time.monotonic() + _LIST_EVERY_S
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._observer.stop()
        self._observer.join()

    def batches(
        self, known: Callable[[str], bool], check: Callable[[], None]
    ) -> Iterator[list[FoundFilm]]:
        """Films that came, some at a time, without end.

        Args:
            known: Whether a file was read before; asked again for each.
            check: Called often; raises to stop.
        """
        while True:
            check()
            self._take_news()
            if time.monotonic() > self._list_at:
                self._list_all(check)
            ready = [
                FoundFilm(file, candidate.state)
                for file, candidate in list(self._candidates.items())
                if self._is_ready(file, candidate)
            ]
            for film in ready:
                del self._candidates[film.file]
            new = [
                film for film in ready if not known(film.file) and self._is_wanted(film)
            ]
            if new:
                yield sorted(new, key=lambda film: film.file)

    def _is_wanted(self, film: FoundFilm) -> bool:
        return is_wanted(self._folder / film.file, hidden=self._hidden)

    def _start(self, observer: Any) -> Any:
        observer.schedule(_Listener(self._news), str(self._folder), recursive=True)
        observer.start()
        return observer

    def _take_news(self) -> None:
        with contextlib.suppress(queue.Empty):
            kind, path = self._news.get(timeout=_LOOK_EVERY_S)
            while True:
                self._note(kind, path)
                kind, path = self._news.get_nowait()

    def _note(self, kind: str, path: str) -> None:
        if kind == "folder":  # what came with it may have come before the watch
            self._list_at = min(self._list_at, time.monotonic() + _SETTLED_S)
            return
        with contextlib.suppress(ValueError):
            file = Path(path).relative_to(self._folder).as_posix()
            if self._hidden or not any(map(is_hidden, file.split("/"))):
                self._consider(file, is_open=kind == "modified")

    def _consider(self, file: str, *, is_open: bool) -> None:
        self._candidates[file] = _Candidate(None, time.monotonic(), is_open)

    def _list_all(self, check: Callable[[], None]) -> None:
        self._list_at = time.monotonic() + _LIST_EVERY_S
        for film in find_films(self._folder, check, hidden=self._hidden).films:
            if film.file not in self._candidates:
                self._consider(film.file, is_open=False)

    def _is_ready(self, file: str, candidate: _Candidate) -> bool:
        """Whether it is whole, as far as anyone can tell."""
        try:
            state = film_state(os.path.join(self._folder, file))
        except (OSError, ValueError):  # gone again
            del self._candidates[file]
            return False
        now = time.monotonic()
        if state != candidate.state:
            candidate.state, candidate.since = state, now
            return False
        is_open = candidate.is_open or not state.size
        return now - candidate.since >= (_UNTOUCHED_S if is_open else _SETTLED_S)


class _Listener:
    """Hears of changes, in a thread of the watch."""

    _KINDS = ("created", "modified", "closed", "moved")

    def __init__(self, news: queue.SimpleQueue[tuple[str, str]]) -> None:
        self._news = news

    def dispatch(self, event: Any) -> None:
        """Take one change; what reading does to a file is none."""
        if event.event_type not in self._KINDS:
            return
        if event.is_directory:
            if event.event_type != "modified":
                self._news.put(("folder", ""))
            return
        path = event.dest_path if event.event_type == "moved" else event.src_path
        self._news.put((event.event_type, os.fsdecode(path)))
