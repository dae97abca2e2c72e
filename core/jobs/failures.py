"""What is told of a child process that did not do what it was asked for."""

from __future__ import annotations

import dataclasses
import os
import re
from pathlib import Path
from typing import Final

#: Lines of the log that are shown with a failure.
TAIL_LINES: Final = 40
#: Most of a log that is ever read, bytes: a chatty job writes gigabytes.
TAIL_BYTES: Final = 64 * 1024

_FAULT: Final = "ended because of a fault in Hilum"
#: POSIX signal -> what happened, after "The job".
_SIGNALS: Final = {
    4: "crashed: this processor lacks an instruction that it needs",
    6: "crashed (aborted)",
    7: "crashed (bus error), as a full disk or a lost drive can cause",
    8: "crashed (arithmetic error)",
    9: "was killed by the system, perhaps for lack of memory",
    10: "crashed (bus error), as a full disk or a lost drive can cause",
    11: "crashed (segmentation fault)",
    15: "was ended by another program",
    24: "was ended by the system: it had used all the processor time allowed",
    25: "was ended by the system: a file became too large",
}
#: Windows status -> the same.
_WINDOWS: Final = {
    0xC0000005: "crashed (access violation)",
    0xC0000017: "was ended by the system for lack of memory",
    0xC000001D: "crashed: this processor lacks an instruction that it needs",
    0xC00000FD: "crashed (stack overflow)",
    0xC000012D: "was ended by the system for lack of memory",
    0xC0000135: "could not start: a part of Hilum is missing",
    0xC000013A: "was ended from outside",
    0xC0000409: "crashed (aborted)",
}
#: Statuses of those that the system ends for lack of memory; 137 is a shell's.
_FOR_MEMORY: Final = (-9, 137, 0xC0000017, 0xC000012D)
#: What libraries print when memory runs out, lower case.
MEMORY_WORDS: Final = (
    "memoryerror",
    "out of memory",
    "not enough memory",
    "resource_exhausted",
    "resourceexhausted",
    "bad_alloc",
    "unable to allocate",
    "allocate memory",
)
#: What a terminal takes for a change of colour, or the like.
_COLOUR: Final = re.compile(r"\x1b[^A-Za-z]*[A-Za-z]?")


@dataclasses.dataclass(frozen=True)
class Failure:
    """Why a child did not do what it was asked for.

    Attributes:
        code: Of `core.errors`, where there is more to do.
        log_tail: The last lines that it wrote; may be empty.
        log_path: The file with all of them; empty where there is none.
        is_crash: Whether it ended without saying why itself.
    """

    message: str
    hint: str = ""
    log_tail: str = ""
    log_path: Path = Path()
    is_crash: bool = False
    code: str = ""


def failure_of_exit(status: int | None, log: Path, *, start: int = 0) -> Failure:
    """Describe the end of a child that did not say itself why it ended.

    Args:
        status: Its exit status; negative for a signal, as `subprocess` has it;
            None when it is not known.
        log: File that it wrote its log to.
        start: Bytes that the log had before.
    """
    tail = tail_of(log, start=start)
    last = tail.rstrip().rpartition("\n")[2].strip()
    if status == 2 and last:
        # Wrong use, or a command that only prints why it cannot serve.
        return Failure(last, "", tail, log)
    message = f"The job {exit_in_words(status)}."
    lower = tail.lower()
    hint = "The last lines of its log may say more."
    if status in _FOR_MEMORY or any(word in lower for word in MEMORY_WORDS):
        hint = "Close other programs, or choose a smaller batch, and try again."
    return Failure(message, hint, tail, log, is_crash=True)


def exit_in_words(status: int | None) -> str:
    """How a child ended, to follow "The job": "was killed by the system"."""
    if status is None:
        return "was interrupted"
    if status in _WINDOWS:
        return _WINDOWS[status]
    # A shell or container in between says 128 + the signal.
    number = -status if status < 0 else status - 128
    if number in _SIGNALS:
        return _SIGNALS[number]
    if status < 0:
        return f"was ended by signal {number}"
    if status == 1:
        return _FAULT
    return f"ended unexpectedly (exit status {status})"


def tail_of(path: Path, *, lines: int = TAIL_LINES, start: int = 0) -> str:
    """The last lines of a text file.

    Args:
        start: Bytes at its start to leave out.

    Returns:
        At most `lines` lines from the last 64 kB, without what would be
        unreadable on screen: colours, and all but the last state of a progress
        line that overwrote itself.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            begin = max(start, size - TAIL_BYTES, 0)
            file.seek(begin)
            data = file.read(TAIL_BYTES)
    except OSError:
        return ""
    if begin > start:  # from the middle of a line
        data = data.partition(b"\n")[2]
    text = data.decode("utf-8", errors="replace").replace("\r\n", "\n")
    rows = text.rstrip().split("\n")
    return "\n".join(_plain(row) for row in rows[-lines:])


def _plain(row: str) -> str:
    shown = _COLOUR.sub("", row.rstrip("\r").rpartition("\r")[2])
    return "".join(c for c in shown if c.isprintable() or c == "\t")
