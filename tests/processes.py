"""Find and end the processes that a test has started."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

import psutil


def running(processes: Iterable[psutil.Process], word: str) -> list[psutil.Process]:
    """Those still at work of whose command line a word begins so."""
    found = []
    for process in processes:
        # It may end between any two questions; one that has ended tells no words.
        with contextlib.suppress(psutil.NoSuchProcess):
            if any(each.startswith(word) for each in process.cmdline()):
                found.append(process)
    return found


def end_all(processes: Iterable[psutil.Process]) -> None:
    """End processes and all that they started."""
    family = []
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            family += [process, *process.children(recursive=True)]
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(family[1:], timeout=10)
