"""A file that one program at a time may write; a kill gives it free."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from filelock import BaseFileLock

_SUFFIX = ".lock"
#: Who merely looks whether a file is locked has its lock for a moment.
_TIMEOUT_S = 0.25
#: Of a network folder without locks.
_UNKNOWN = (errno.ENOLCK, errno.ENOTSUP, errno.EINVAL, errno.ENOSYS)


def open_to_write(path: Path | str, *, new: bool = False) -> int:
    """Open a file to read and write it, unbuffered; it is made if missing.

    No child of this program inherits it.

    Args:
        new: Whether one that is there already is refused.

    Raises:
        OSError: It cannot be opened.
        ValueError: No file can have such a name.
    """
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
    flags |= getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOINHERIT", 0)
    flags |= getattr(os, "O_NONBLOCK", 0)  # a pipe in its place must not hang it
    return os.open(path, flags | (os.O_EXCL if new else 0), 0o666)


class Lock:
    """Keeps other programs from a file, by one beside it that is called `.lock`.

    The file itself stays free to be read, which Windows refuses of what is locked.
    """

    def __init__(self, path: Path | str) -> None:
        self._path = Path(f"{path}{_SUFFIX}")
        self._lock: BaseFileLock | None = None

    def take(self, *, timeout_s: float = _TIMEOUT_S) -> bool:
        """Whether nobody else has it. Where there are no locks, nobody has.

        Raises:
            OSError: The lock's file cannot be made.
        """
        from filelock import FileLock, Timeout

        # Not of one thread: a scan is begun in one and ended in another.
        taken = FileLock(self._path, thread_local=False, fallback_to_soft=False)
        try:
            taken.acquire(timeout=timeout_s)
        except Timeout:
            return False
        except OSError as error:
            if error.errno not in _UNKNOWN:
                raise
        else:
            self._lock = taken
        return True

    def release(self) -> None:
        """Let others have it; does nothing where it was not taken."""
        taken, self._lock = self._lock, None
        if taken is not None:
            # Who waits for it notices that the file has gone, and makes it anew.
            with contextlib.suppress(OSError):  # Windows removes no open file
                self._path.unlink()
            taken.release()


def is_locked(path: Path) -> bool:
    """Whether a program has a file; one that is not there nobody has."""
    if not Path(f"{path}{_SUFFIX}").exists():
        return False
    lock = Lock(path)
    try:
        return not lock.take(timeout_s=0)
    except OSError:
        return False
    finally:
        lock.release()
