"""Films read ahead of the model, in threads, in their order."""

from __future__ import annotations

import collections
import dataclasses
import queue
import threading
import time
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

import psutil

from core.errors import RESUME, DatasetError, ImageReadError

_Film = TypeVar("_Film")
_Loaded = TypeVar("_Loaded")

#: After which a film counts as one that does not answer.
TIMEOUT_S = 60.0
#: As many threads may hang on such films before the scan gives up.
_MAX_HANGING = 16
_LOOK_EVERY_S = 0.1
_MEMORY_EVERY_S = 0.5
#: How long the end waits for films that are being read; a thread that is cut off
#: within a decoder takes the program down with it.
_LEAVE_S = 5.0
#: Share of the memory below which films are read one at a time.
_SHORT_OF_MEMORY = 0.05
#: Films that must go well before one more is read at a time again.
_WELL = 32
_CV_NO_MEMORY = -4


def read_ahead(
    load: Callable[[_Film], _Loaded],
    films: Iterable[_Film],
    *,
    threads: int,
    ahead: int = 64,
) -> Generator[tuple[_Film, _Loaded], None, None]:
    """Call `load` for films, or whatever else, in threads.

    Args:
        ahead: Films that are read or waiting to be taken, at most, so that
            thousands do not lie in memory.

    Yields:
        Each film in order, with what `load` made of it. What `load` raises is
        raised here. Left early, it waits for the films that are being read.
    """
    waiting: collections.deque[tuple[_Film, Future[_Loaded]]] = collections.deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for film in films:
                waiting.append((film, pool.submit(load, film)))
                if len(waiting) >= max(ahead, threads):
                    first, loaded = waiting.popleft()
                    yield first, loaded.result()
            while waiting:
                first, loaded = waiting.popleft()
                yield first, loaded.result()
        finally:
            for _, loaded in waiting:
                loaded.cancel()


@dataclasses.dataclass(eq=False)
class _Job(Generic[_Film, _Loaded]):
    film: _Film
    done: threading.Event = dataclasses.field(default_factory=threading.Event)
    started_at: float | None = None
    thread: threading.Thread | None = None
    result: _Loaded | None = None
    error: BaseException | None = None
    tried_alone: bool = False
    is_wanted: bool = True
    is_given_up: bool = False


class FilmReader(Generic[_Film, _Loaded]):
    """Calls `load` for films in several threads, and gives the results in order.

    A film that hangs, as on a network folder that is gone, is given up after a
    while. When memory is short, fewer are read at a time, down to one; a film
    for which it did not suffice is tried once more, alone.

    Args:
        load: Called in a thread. May raise ImageReadError, or anything else,
            which is raised where the results are taken.
        threads: Films read at a time, at most.
        ahead: Films that are read or waiting to be taken, at most.
    """

    def __init__(
        self,
        load: Callable[[_Film], _Loaded],
        *,
        threads: int,
        ahead: int,
    ) -> None:
        self._load = load
        self._threads = threads
        self._ahead = max(ahead, threads)
        self._jobs: queue.SimpleQueue[_Job[_Film, _Loaded] | None] = queue.SimpleQueue()
        self._turn = threading.Condition()
        #: How many films are read at a time now.
        self.limit = threads
        self._running = 0
        self._well = 0
        self._hanging = 0
        self._memory_at = 0.0
        self._workers: list[threading.Thread] = []

    def read(
        self, films: Iterable[_Film], check: Callable[[], None] = lambda: None
    ) -> Generator[tuple[_Film, _Loaded | ImageReadError], None, None]:
        """Read films.

        Args:
            check: Called often; may raise to stop.

        Yields:
            Each film in order, with what `load` made of it or why it could not.

        Raises:
            DatasetError: One film after the other hangs.
        """
        for _ in range(self._threads):
            self._start_thread()
        waiting: collections.deque[_Job[_Film, _Loaded]] = collections.deque()
        try:
            for film in films:
                check()
                waiting.append(_Job(film))
                self._jobs.put(waiting[-1])
                while len(waiting) >= self._room():
                    yield self._outcome(waiting.popleft(), check)
            while waiting:
                yield self._outcome(waiting.popleft(), check)
        finally:
            for job in waiting:
                job.is_wanted = False
            self._leave()

    def _room(self) -> int:
        now = time.monotonic()
        if now - self._memory_at > _MEMORY_EVERY_S:
            self._memory_at = now
            memory = psutil.virtual_memory()
            if memory.available < _SHORT_OF_MEMORY * memory.total:
                self._shrink()
        return self._ahead if self.limit == self._threads else self.limit

    def _outcome(
        self, job: _Job[_Film, _Loaded], check: Callable[[], None]
    ) -> tuple[_Film, _Loaded | ImageReadError]:
        while not job.done.wait(_LOOK_EVERY_S):
            check()
            if job.started_at and time.monotonic() - job.started_at > TIMEOUT_S:
                return job.film, self._give_up(job)
        if job.error is None:
            self._grow()
            assert job.result is not None
            return job.film, job.result
        if _is_memory(job.error) and not job.tried_alone:
            self._shrink()
            again = _Job[_Film, _Loaded](job.film, tried_alone=True)
            self._jobs.put(again)
            return self._outcome(again, check)
        if isinstance(job.error, ImageReadError):
            return job.film, job.error
        if isinstance(job.error, MemoryError):
            return job.film, ImageReadError(
                "There is not enough memory to open this film.",
                hint="Close other programs, or save the picture smaller.",
            )
        raise job.error

    def _give_up(self, job: _Job[_Film, _Loaded]) -> ImageReadError:
        self._hanging += 1
        if self._hanging > _MAX_HANGING:
            raise DatasetError(
                "The folder does not answer: film after film cannot be read.",
                hint="Check its disk or network.",
                code=RESUME,
            )
        with self._turn:
            self._running -= 1  # it holds a thread, and nobody's turn
            job.is_given_up = True
            self._workers = [thread for thread in self._workers if thread != job.thread]
            self._turn.notify_all()
        self._start_thread()
        return ImageReadError(
            f"The film could not be read within {TIMEOUT_S:.0f} seconds.",
            hint="Check that its disk or network folder is still connected.",
        )

    def _shrink(self) -> None:
        with self._turn:
            self.limit, self._well = 1, 0

    def _grow(self) -> None:
        if self.limit == self._threads:
            return
        with self._turn:
            self._well += 1
            if self._well >= _WELL:
                self.limit, self._well = self.limit + 1, 0
                self._turn.notify_all()

    def _start_thread(self) -> None:
        # Daemons: one that hangs must not keep the program from ending.
        thread = threading.Thread(target=self._work, daemon=True, name="film-reader")
        self._workers.append(thread)
        thread.start()

    def _leave(self) -> None:
        for _ in self._workers:
            self._jobs.put(None)
        is_hopeless = self._hanging > _MAX_HANGING
        until = time.monotonic() + (0.0 if is_hopeless else _LEAVE_S)
        for thread in self._workers:
            thread.join(max(0.0, until - time.monotonic()))

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            with self._turn:
                while self._running >= self.limit:
                    self._turn.wait()
                if not job.is_wanted:
                    continue
                self._running += 1
                job.thread = threading.current_thread()
                job.started_at = time.monotonic()
            try:
                job.result = self._load(job.film)
            except BaseException as error:  # noqa: BLE001 - raised by `_outcome`
                job.error = error
                if isinstance(error, ImageReadError | MemoryError):
                    _let_go(error)
            with self._turn:
                if job.is_given_up:
                    return  # another thread took its place
                self._running -= 1
                self._turn.notify()
            job.done.set()


def _let_go(error: BaseException | None) -> None:
    """Forget where an expected error arose: its frames still hold the film."""
    while error is not None:
        error.__traceback__ = None
        error = error.__cause__ or error.__context__


def _is_memory(error: BaseException) -> bool:
    cause = error.__cause__
    return (
        isinstance(error, MemoryError)
        or isinstance(cause, MemoryError)
        or getattr(cause, "code", None) == _CV_NO_MEMORY
    )
