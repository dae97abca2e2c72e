"""A file that one program at a time may write; a kill gives it free."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from pathlib import Path

#: Of a network folder without locks.
_UNKNOWN = (errno.ENOLCK, errno.ENOTSUP, errno.EINVAL, errno.ENOSYS)
#: Far beyond its end: on Windows nobody could read what is locked.
_PLACE = 1 << 60


def open_to_write(path: Path | str, *, new: bool = False) -> int:
    """Open a file to read and write it, unbuffered; it is made if missing.

    No child of this program inherits it.

    Args:
        path: Of the file.
        new: Whether one that is there already is refused.

    Raises:
        OSError: It cannot be opened.
        ValueError: No file can have such a name.
    """
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
    flags |= getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOINHERIT", 0)
    flags |= getattr(os, "O_NONBLOCK", 0)  # a pipe in its place must not hang it
    return os.open(path, flags | (os.O_EXCL if new else 0), 0o666)


def lock(file: int) -> bool:
    """Keep others from an open file until it is closed, by a kill too.

    Returns:
        Whether nobody else has it. Where there are no locks, nobody has.
    """
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(file, _PLACE, os.SEEK_SET)
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
            os.lseek(file, 0, os.SEEK_SET)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno in _UNKNOWN
    return True


def is_locked(path: Path) -> bool:
    """Whether another program has a file; one that is not there nobody has."""
    try:
        file = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
    except OSError:
        return False
    try:
        if sys.platform == "win32":
            return not lock(file)
        import fcntl

        # Shared, so that two that look do not take each other for a holder.
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in _UNKNOWN
    finally:
        with contextlib.suppress(OSError):
            os.close(file)
    return False
