"""Opening files that may be anything: links to devices, pipes nobody writes to."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import sys
from pathlib import Path
from typing import BinaryIO

_KINDS = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}


class NotRegularError(OSError):
    """What was to be read holds no bytes of its own.

    `kind` is "a folder", "a pipe", "a socket" or "a device".
    """

    def __init__(self, kind: str) -> None:
        super().__init__(errno.EINVAL, f"it is {kind}")
        self.kind = kind


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file to read its bytes; links are followed.

    A pipe would keep whoever opens it waiting, and a device may never end.

    Raises:
        NotRegularError: It is something else.
        OSError: It is not there, or may not be read.
        ValueError: Its name is not possible.
    """
    _refuse_unless_regular(os.stat(path).st_mode)
    # Between the look and the opening the path may become a pipe: opening one
    # without waiting returns at once, and the second look refuses it.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    file = open(os.open(reachable(path), flags), "rb")  # noqa: SIM115 - given away
    try:
        _refuse_unless_regular(os.fstat(file.fileno()).st_mode)
    except NotRegularError:
        file.close()
        raise
    return file


def sha256_of(path: Path) -> str:
    """SHA-256 of a regular file, in hexadecimal digits; raises as `open_regular`."""
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _refuse_unless_regular(mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise NotRegularError(_KINDS.get(stat.S_IFMT(mode), "a device"))


def reachable(path: Path) -> str:
    """A path as the system takes it, however long."""
    if sys.platform == "win32":
        whole = os.path.abspath(path)
        if whole.startswith("\\\\?\\"):
            return whole
        share = whole.startswith("\\\\")
        return f"\\\\?\\UNC{whole[1:]}" if share else f"\\\\?\\{whole}"
    return os.fspath(path)
