"""How a command is told to end, to wait, or to go on alone."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import Any, TextIO

import psutil

from core.errors import TrainingStopped
from core.jobs.events import FINISH, GO_ON, PAUSE, STOP

_LOOK_EVERY_S = 0.5
#: A request is a file of a few letters.
_ASK_EVERY_S = 0.1
#: A signal is only heard between waits.
_WAIT_S = 0.1
#: Share of the memory below which the system may soon end a process.
_SHORT_OF_MEMORY = 0.04


class FinishAsked(Exception):
    """Training shall end, and a model be made of the best weights so far."""


class Control:
    """Hears requests from the terminal, from stdin and from the job's folder.

    The command asks it often: after every film and step.
    """

    def __init__(
        self,
        said: str = "Training was stopped; what was done is kept.",
        hint: str = "Go on with the same command and --resume.",
    ) -> None:
        """Hear nothing yet."""
        self._said = said
        self._hint = hint
        self._stop = threading.Event()
        self._finish = threading.Event()
        self._may_go_on = threading.Event()
        self._may_go_on.set()

    def take_signals(self) -> None:
        """Stop at the next step on Ctrl-C or a polite kill."""
        for name in ("SIGINT", "SIGTERM"):
            signal.signal(getattr(signal, name), lambda *_: self._stop.set())

    def listen(self, words: TextIO) -> None:
        """Take words, one a line, until they end.

        Their end is no request: commands run without anyone at their stdin. It
        only ends a wait, since nobody could let them go on any more.
        """
        _beside(self._read, words)

    def watch(self, requested: Callable[[], str]) -> None:
        """Take the requests that another process leaves in the job's folder.

        Args:
            requested: Gives the last; empty if there is none. Asked often.
        """
        _beside(self._poll, requested)

    def watch_memory(self, on_short_memory: Callable[[], None]) -> None:
        """Call something, again and again, while memory is nearly out."""
        _beside(self._look, on_short_memory)

    def stop_if_asked(self) -> None:
        """Raise `TrainingStopped` if the user wants the end; wait while paused."""
        while not self._stop.is_set() and not self._may_go_on.wait(_WAIT_S):
            pass
        if self._stop.is_set():
            raise TrainingStopped(self._said, hint=self._hint)

    @property
    def wants_finish(self) -> bool:
        """Whether training shall end with the best weights so far."""
        return self._finish.is_set()

    def finish_if_asked(self) -> None:
        """Raise `FinishAsked` if training shall end with what it has."""
        self.stop_if_asked()
        if self._finish.is_set():
            raise FinishAsked

    def _read(self, words: TextIO) -> None:
        for line in words:
            self._obey(line.strip())
        self._may_go_on.set()

    def _poll(self, requested: Callable[[], str]) -> None:
        while not self._stop.wait(_ASK_EVERY_S):
            self._obey(requested())

    def _look(self, on_short_memory: Callable[[], None]) -> None:
        while not self._stop.wait(_LOOK_EVERY_S):
            memory = psutil.virtual_memory()
            if memory.available < _SHORT_OF_MEMORY * memory.total:
                on_short_memory()

    def _obey(self, word: str) -> None:
        if word == STOP:
            self._stop.set()
        elif word == FINISH:
            self._finish.set()
        elif word == PAUSE:
            self._may_go_on.clear()
        elif word == GO_ON:
            self._may_go_on.set()


def _beside(work: Callable[[Any], None], given: object) -> None:
    threading.Thread(target=work, args=(given,), daemon=True).start()
