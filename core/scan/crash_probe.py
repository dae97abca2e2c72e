"""Films that may have ended the program that read them, tried in one of their own.

A fault in a decoder, or the system when memory runs out, ends a process without a
word. So each of these films is read by a child, `core crash-probe`, that may end.
"""

from __future__ import annotations

import contextlib
import json
import os
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
from core.jobs.spawn import session_of_its_own
from core.model.bundle import ModelBundle, peek_bundle

#: How often whoever reads a film may end at it before the film is given up.
MAX_LOSSES: Final = 3
#: What is said of it then.
GIVEN_UP: Final = (
    f"Whatever read this film ended at once, {MAX_LOSSES} times. "
    "Look at the file with another program."
)
_LOOK_EVERY_S: Final = 0.1
#: How long a child may take: to start on a busy machine with a slow disk, and to read.
_CHILD_S: Final = 60.0 + TIMEOUT_S
#: How long its end is waited for.
_END_S: Final = 5.0
#: What it says before it reads.
_READY: Final = "ready"


class _NotStartedError(Exception):
    """The child ended, or could not be made, before it came to its film."""


def films_that_crash(
    bundle: ModelBundle,
    folder: Path,
    films: Sequence[str],
    check: Callable[[], None] = lambda: None,
) -> Iterator[str]:
    """Read films to see which ones end their reader.

    Each is read by a child that has read nothing before, since what an earlier film
    broke may come to light late.

    Args:
        bundle: That they were read for.
        folder: That they lie in.
        films: Whoever read them ended, once.
        check: Called often; may raise to stop.

    Yields:
        Those that ended whoever read them, `MAX_LOSSES` times. What else is
        wrong with a film, or that it hangs, is no matter here.
    """
    for film in films:
        try:
            ends = (
                _ends_its_reader(bundle, folder, film, check)
                for _ in range(1, MAX_LOSSES)
            )
            if all(ends):
                yield film
        except _NotStartedError:
            return  # that is no film's fault


def serve(folder: Path, bundle: Path) -> NoReturn:
    """Be the child: read the film that stdin names, and end with 0.

    It ends with its stdin too, even while a film is read.

    Raises:
        BundleError: There is no such bundle.
    """
    if sys.platform == "win32":  # else a dialog keeps what has crashed from ending
        import msvcrt

        msvcrt.SetErrorMode(
            msvcrt.SEM_FAILCRITICALERRORS | msvcrt.SEM_NOGPFAULTERRORBOX
        )
    spec = peek_bundle(bundle).card.preprocess
    if line := sys.stdin.readline():
        threading.Thread(target=_end_with_stdin, daemon=True).start()
        claim_stdout().write(f"{_READY}\n")
        with contextlib.suppress(ImageReadError, MemoryError):
            to_network_input(read_radiograph(folder / json.loads(line)), spec)
    os._exit(0)


def _end_with_stdin() -> None:
    sys.stdin.read()
    # Whoever asked is gone, and the other thread may be deep in a decoder.
    os._exit(0)


def _ends_its_reader(
    bundle: ModelBundle, folder: Path, film: str, check: Callable[[], None]
) -> bool:
    words = ["crash-probe", str(folder.absolute()), str(bundle.path.absolute())]
    try:
        child = subprocess.Popen(
            [*paths.core_command(), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            **session_of_its_own(),
        )
    except OSError as error:  # there may be no memory for one more
        raise _NotStartedError from error
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        with contextlib.suppress(OSError):  # it has ended, which its status tells
            # Names may hold bytes that are no text: ASCII keeps them.
            child.stdin.write(json.dumps(film).encode("ascii") + b"\n")
        give_up_at = time.monotonic() + _CHILD_S
        while child.poll() is None:
            check()
            if time.monotonic() > give_up_at:
                return False
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(_LOOK_EVERY_S)
        if _READY.encode() not in child.stdout.read():
            raise _NotStartedError
        return child.returncode != 0
    finally:
        child.kill()
        # One that waits for a network folder ends no sooner than that answers.
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(_END_S)
        child.stdin.close()
        child.stdout.close()
