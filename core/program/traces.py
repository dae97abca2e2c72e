"""What a crash report tells of a fault: code and kinds of errors, never values.

A film's name often is a person's, and messages of errors quote names, paths and
values. So a traceback here names code and the types of errors, and a line of the log
is the program's own, in which an error stands as its type.
"""

from __future__ import annotations

import logging
import re
import sys
import sysconfig
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final

_OWN: Final = ("core", "desktop")
_ROOT: Final = Path(__file__).resolve().parents[2]
_FRAME: Final = re.compile(r'File "([^"]*)"')
_MAX_FRAMES: Final = 40
_MAX_CAUSES: Final = 8
#: What Python says with these is made of names in the code.
_OF_CODE: Final = (AttributeError, NameError)


def trace_of(error: BaseException) -> str:
    """A traceback, causes included, without messages that quote values."""
    parts: list[str] = []
    for link, joint in _chain(error):
        parts.insert(0, f"{_frames(link.__traceback__)}{_kind(link)}{joint}")
    return "\n".join(parts)


def line_of(record: logging.LogRecord) -> str:
    """A line of the log; of libraries, who may say anything, only that it came."""
    head = f"{record.levelname} {record.name}"
    if record.name.split(".")[0] not in _OWN:
        return head
    given = record.args if isinstance(record.args, tuple) else ()
    values = tuple(
        type(value).__name__ if isinstance(value, BaseException) else value
        for value in given
    )
    line = f"{head}: {record.msg % values if values else record.msg}"
    if record.exc_info and record.exc_info[0] is not None:
        line += f" ({record.exc_info[0].__name__})"
    return line


def dump_of(text: str) -> str:
    """What `faulthandler` wrote, with paths of code made short."""
    return _FRAME.sub(lambda match: f'File "{short_path(match[1])}"', text)


def short_path(name: str) -> str:
    """Where a file of code is, without what is above the program or Python."""
    path = Path(name)
    folders = [(_ROOT, ""), (Path(getattr(sys, "_MEIPASS", _ROOT)), "")]
    for kind, shown in (("purelib", "site-packages/"), ("stdlib", "python/")):
        folders.insert(0, (Path(sysconfig.get_path(kind)), shown))
    for folder, shown in folders:
        if path.is_relative_to(folder):
            return shown + path.relative_to(folder).as_posix()
    if name.startswith("<") or not path.is_absolute():
        return name if path.parts[:1] != ("..",) else path.name
    return path.name


def _chain(error: BaseException) -> Iterator[tuple[BaseException, str]]:
    """The error and what led to it, last first, with what stands below each."""
    joint = ""
    link: BaseException | None = error
    for _ in range(_MAX_CAUSES):
        if link is None:
            return
        yield link, joint
        if link.__cause__ is not None:
            link, joint = link.__cause__, "\n\nwhich was the direct cause of:\n"
        elif not link.__suppress_context__:
            link, joint = link.__context__, "\n\nand while that was handled:\n"
        else:
            link = None


def _frames(trace: TracebackType | None) -> str:
    frames = traceback.extract_tb(trace)
    lines = ["Traceback (most recent call last):\n"]
    if len(frames) > _MAX_FRAMES:
        lines.append(f"  {len(frames) - _MAX_FRAMES} calls are left out\n")
    for frame in frames[-_MAX_FRAMES:]:
        place = short_path(frame.filename)
        lines.append(f'  File "{place}", line {frame.lineno}, in {frame.name}\n')
        # From a file of code; what was typed or made up at run time has none.
        if frame.line and not frame.filename.startswith("<"):
            lines.append(f"    {frame.line}\n")
    return "".join(lines)


def _kind(error: BaseException) -> str:
    kind = type(error)
    home = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    name = f"{home}{kind.__qualname__}"
    if isinstance(error, OSError) and error.errno is not None:
        return f"{name}: [Errno {error.errno}] {error.strerror}"
    return f"{name}: {error}" if kind in _OF_CODE else name
