"""Films that may have ended the program that read them, tried in one of their own.

A fault in a decoder, or the system when memory runs out, ends a process without a
word. So these films are read in a child, `core crash-probe`, that may end.
"""

from __future__ import annotations

import collections
import contextlib
import enum
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, NoReturn

from core import paths
from core.errors import ImageReadError
from core.films.preprocess import to_network_input
from core.films.radiograph import read_radiograph
from core.films.read_ahead import TIMEOUT_S
from core.jobs.events import claim_stdout
from core.model.bundle import ModelBundle, peek_bundle

#: How often whoever reads a film may end at it before the film is given up.
MOST_LOSSES: Final = 3
#: What is said of it then.
GIVEN_UP: Final = (
    f"Whatever read this film ended at once, {MOST_LOSSES} times. "
    "Look at the file with another program."
)
_ROOT: Final = Path(__file__).resolve().parents[2]
_LOOK_EVERY_S: Final = 0.1
#: How long the child may take to start, on a busy machine with a slow disk.
_START_S: Final = 60.0
#: How long its end is waited for.
_END_S: Final = 5.0
#: What the child says.
_READY, _DONE = b"ready", b"done"


class _Answer(enum.Enum):
    DONE = enum.auto()
    ENDED = enum.auto()
    NONE = enum.auto()


def films_that_crash(
    bundle: ModelBundle,
    folder: Path,
    films: Sequence[str],
    check: Callable[[], None] = lambda: None,
) -> Iterator[str]:
    """Read films in a child, one after the other, to see which ones end it.

    A film at which the child ends is read again by a child that has read nothing
    before, since what an earlier film broke may come to light late.

    Args:
        bundle: That they were read for.
        folder: That they lie in.
        films: Whoever read them ended, once.
        check: Called often; may raise to stop.

    Yields:
        Those that ended whoever read them, `MOST_LOSSES` times. What else is
        wrong with a film, or that it hangs, is no matter here.
    """
    losses = collections.Counter(films)
    waiting = collections.deque(losses)
    while waiting:
        with contextlib.closing(_Child(bundle, folder)) as child:
            if child.answer(_START_S, check) is not _Answer.DONE:
                return  # it did not even start: that is no film's fault
            answer = _Answer.DONE
            while waiting and answer is _Answer.DONE:
                film = waiting.popleft()
                child.ask(film)
                answer = child.answer(TIMEOUT_S, check)
        if answer is _Answer.ENDED:
            losses[film] += 1
            if losses[film] < MOST_LOSSES:
                waiting.appendleft(film)
            else:
                yield film


def serve(folder: Path, bundle: Path) -> NoReturn:
    """Be the child: read the films that stdin names, and say so after each.

    It ends with its stdin, even while a film is read.

    Raises:
        BundleError: There is no such bundle.
    """
    if sys.platform == "win32":  # else a dialog keeps what has crashed from ending
        import msvcrt

        msvcrt.SetErrorMode(
            msvcrt.SEM_FAILCRITICALERRORS | msvcrt.SEM_NOGPFAULTERRORBOX
        )
    spec = peek_bundle(bundle).card.preprocess
    films: queue.SimpleQueue[str] = queue.SimpleQueue()
    answers = claim_stdout()
    threading.Thread(target=_listen, args=(films,), daemon=True).start()
    answers.write(f"{_READY.decode()}\n")
    while True:
        film = films.get()
        with contextlib.suppress(ImageReadError, MemoryError):
            to_network_input(read_radiograph(folder / film), spec)
        answers.write(f"{_DONE.decode()}\n")


def _listen(films: queue.SimpleQueue[str]) -> None:
    for line in sys.stdin:
        films.put(json.loads(line))
    # Whoever asked is gone, and the other thread may be deep in a decoder.
    os._exit(0)


class _Child:
    """The child, as its parent sees it. Close it."""

    def __init__(self, bundle: ModelBundle, folder: Path) -> None:
        self._words = [str(folder.absolute()), str(bundle.path.absolute())]
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._process = self._start()
        except OSError:  # there may be no memory for one more
            self._lines.put(None)
            return
        threading.Thread(target=self._read, args=(self._process,), daemon=True).start()

    def close(self) -> None:
        """End it, whatever it does."""
        process = self._process
        if process is not None:
            process.kill()
            # One that waits for a network folder ends no sooner than that answers.
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_END_S)
            assert process.stdin is not None
            with contextlib.suppress(OSError):
                process.stdin.close()

    def ask(self, film: str) -> None:
        """Let it read a film."""
        assert self._process is not None
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # it has ended, which `answer` tells
            # Names may hold bytes that are no text: ASCII keeps them.
            self._process.stdin.write(json.dumps(film).encode("ascii") + b"\n")

    def answer(self, timeout_s: float, check: Callable[[], None]) -> _Answer:
        """Wait until it is ready, or has read the film."""
        give_up_at = time.monotonic() + timeout_s
        while time.monotonic() < give_up_at:
            check()
            with contextlib.suppress(queue.Empty):
                line = self._lines.get(timeout=_LOOK_EVERY_S)
                return _Answer.ENDED if line is None else _Answer.DONE
        return _Answer.NONE

    def _start(self) -> subprocess.Popen[bytes]:
        environment = dict(os.environ)
        if not paths.is_frozen():
            known = (str(_ROOT), environment.get("PYTHONPATH", ""))
            environment["PYTHONPATH"] = os.pathsep.join(filter(None, known))
        flags = 0
        if sys.platform == "win32":
            flags = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
        return subprocess.Popen(
            [*paths.core_command(), "crash-probe", *self._words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            # The user's own may hold another folder called core.
            cwd=_ROOT if _ROOT.is_dir() else None,
            env=environment,
            # Ctrl-C is for the scan; here it would look like a film's doing.
            start_new_session=sys.platform != "win32",
            creationflags=flags,
        )

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        with process.stdout as stdout:
            for line in stdout:
                if line.strip() in (_READY, _DONE):
                    self._lines.put(line)
        self._lines.put(None)
