"""The core, with films that end whoever reads them, by their names.

Run as a program it stands in for `python -m core`, and starts itself as its child;
`scan_in_fork` is a scan of it.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core import paths
from core.__main__ import main  # noqa: E402
from core.films.radiograph import read_radiograph  # noqa: E402
from core.scan import crash_probe  # noqa: E402 - found only now
from core.scan import scanner as scan

COMMAND = [sys.executable, str(Path(__file__).resolve())]
_TOGETHER_S = 1.0

_beside = threading.Barrier(2)
_is_spoilt = threading.Event()


def read(path: Path) -> Any:
    """Read a film, or end as its name says."""
    name = path.name
    if "abort" in name or _is_spoilt.is_set():
        os.abort()
    if "fault" in name:
        raise ZeroDivisionError(name)
    if "killed" in name:  # as a system that is out of memory does
        os.kill(os.getpid(), signal.SIGKILL)
    if "hangs" in name:
        threading.Event().wait()
    if "large" in name:
        _refuse_company()
    film = read_radiograph(path)
    if "spoils" in name:
        _is_spoilt.set()
    return film


def _refuse_company() -> None:
    """End the program if two such films are read at a time."""
    try:
        _beside.wait(_TOGETHER_S)
    except threading.BrokenBarrierError:  # it was alone
        _beside.reset()
    else:
        os.abort()


def scan_in_fork(words: list[str], said: str) -> None:
    """Scan in a process that has loaded the core already.

    Args:
        said: File for what it prints.
    """
    with open(said, "w") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    _make_deadly()
    sys.exit(main(["scan", *words]))


def _make_deadly() -> None:
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    scan.read_radiograph = crash_probe.read_radiograph = read
    paths.core_command = lambda: COMMAND


if __name__ == "__main__":
    _make_deadly()
    sys.exit(main())
