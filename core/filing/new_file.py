"""Putting a file under a new name: never over another one, never half of it."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from core.errors import CoreError, OutputError
from core.files import sync_file, unfinished_error
from core.films.finder import FilmState
from core.regular_file import NotRegularError, open_regular, reachable

GONE = "no longer there"
CHANGED = "changed since the scan read them"
NO_FILE = "no ordinary files"
LOCKED_IN = "in a folder that nothing may be taken out of"
#: How files are called that are not whole yet. One that a kill left behind is
#: hidden, and taken away by `remove_partial`.
_PARTIAL = ".hilum-"
_PARTIAL_END = ".part"
_PIECE = 1 << 20
#: Size, and when it was last written to, as `FilmState.stamp`.
Stamp = tuple[int | None, str]
#: What to do once that was done which kept a file from being written.
GO_ON = ", then run it again to go on"


class NotPlacedError(CoreError):
    """This file cannot be placed; others can. Its text says what such files are."""


def copy_new(source: Path, target: Path, expected: Stamp) -> None:
    """Copy a file, or what a link leads to, with the time it was written.

    Args:
        target: Its new name, in a folder that is there.
        expected: What the file must be like.

    Raises:
        FileExistsError: Something has that name.
        NotPlacedError: The file is gone, another than expected, or unreadable.
        OutputError: The copy cannot be written.
    """
    partial = target.parent / f"{_PARTIAL}{uuid.uuid4().hex[:12]}{_PARTIAL_END}"
    try:
        with _opened(source) as film:
            found = os.fstat(film.fileno())
            refuse_changed(found, expected)
            _write(film, partial, found.st_mode, target)
            # It may have been written to meanwhile.
            refuse_changed(os.fstat(film.fileno()), expected)
        with contextlib.suppress(OSError):  # not every disk keeps times
            os.utime(reachable(partial), ns=(found.st_atime_ns, found.st_mtime_ns))
        try:
            _give_name(partial, target)
        except FileExistsError:
            raise
        except OSError as error:
            raise unwritten(target, error) from error
    finally:
        with contextlib.suppress(OSError):
            os.unlink(reachable(partial))


def move_new(source: Path, target: Path, expected: Stamp) -> None:
    """Move a file; to another disk by a copy that is compared before it goes.

    Of a link, the content is copied and the link is removed; what it leads to
    stays where it is. Raises as `copy_new`.
    """
    with _reading():
        found = os.stat(reachable(source))
    refuse_changed(found, expected)
    refuse_locked_in(source)
    if not source.is_symlink():
        try:
            _give_name(source, target)
            return
        except FileExistsError:
            raise
        except OSError:  # another disk, or a folder that is not ours
            pass
    copy_new(source, target, expected)
    try:
        if not same_content(source, target):
            raise NotPlacedError(CHANGED)
        _sync_folder(target.parent)  # the name of the copy, before that of the film
        os.unlink(reachable(source))
    except (OSError, NotPlacedError) as error:
        with contextlib.suppress(OSError):
            os.unlink(reachable(target))
        if isinstance(error, OSError):
            raise NotPlacedError(LOCKED_IN) from error
        raise


def remove_placed(source: Path, target: Path) -> None:
    """Take away a film whose whole content lies at `target` already."""
    refuse_locked_in(source)
    try:
        here, there = os.lstat(reachable(source)), os.lstat(reachable(target))
        is_one = (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)
        if is_one and here.st_nlink < 2:
            raise NotPlacedError("in that folder already")
        os.unlink(reachable(source))
    except OSError as error:
        raise NotPlacedError(LOCKED_IN) from error


def same_content(source: Path, target: Path) -> bool:
    """Whether a whole file of its own is at `target`, the same as `source`."""
    with _opened(source) as one:
        try:
            there = os.lstat(reachable(target))
            is_file = stat.S_ISREG(there.st_mode)
            if not is_file or there.st_size != os.fstat(one.fileno()).st_size:
                return False
            with open(reachable(target), "rb") as other:
                while piece := _read(one):
                    if other.read(len(piece)) != piece:
                        return False
        except OSError:
            return False
    return True


def remove_partial(folder: Path) -> None:
    """Take away what a kill left half-written in a folder."""
    with contextlib.suppress(OSError), os.scandir(reachable(folder)) as entries:
        for entry in entries:
            if entry.name.startswith(_PARTIAL) and entry.name.endswith(_PARTIAL_END):
                with contextlib.suppress(OSError):
                    os.unlink(entry.path)


def refuse_changed(found: os.stat_result, expected: Stamp) -> None:
    """Raise NotPlacedError if a file is none, or another than it was."""
    if not stat.S_ISREG(found.st_mode):
        raise NotPlacedError(NO_FILE)
    if FilmState(found.st_size, found.st_mtime_ns).stamp != expected:
        raise NotPlacedError(CHANGED)


def refuse_locked_in(source: Path) -> None:
    """Raise NotPlacedError if nothing may be taken out of a file's folder."""
    folder, rights = reachable(source.parent), os.W_OK | os.X_OK
    knows = os.access in os.supports_effective_ids
    if not os.access(folder, rights, effective_ids=knows):
        raise NotPlacedError(LOCKED_IN)


def unwritten(target: Path, error: OSError) -> OutputError:
    """Say why nothing more can be written."""
    return unfinished_error(target, error, then=GO_ON)


@contextlib.contextmanager
def _reading() -> Iterator[None]:
    """Say of a film that cannot be read why it is not placed."""
    try:
        yield
    except NotRegularError as error:
        raise NotPlacedError(NO_FILE) from error
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        raise NotPlacedError(GONE, code=GONE) from error
    except PermissionError as error:
        raise NotPlacedError("not yours to read") from error
    except OSError as error:
        raise NotPlacedError(f"not readable ({error.strerror or error})") from error


def _opened(source: Path) -> IO[bytes]:
    with _reading():
        return open_regular(source)


def _read(film: IO[bytes]) -> bytes:
    with _reading():
        return film.read(_PIECE) or b""


def _write(film: IO[bytes], partial: Path, mode: int, target: Path) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    # No more people than could read the film can read its copy.
    mode = stat.S_IMODE(mode) & 0o666 | 0o600
    try:
        with open(os.open(reachable(partial), flags, mode), "wb", buffering=0) as copy:
            while piece := memoryview(_read(film)):
                while piece:
                    piece = piece[copy.write(piece) :]
            sync_file(copy.fileno())
    except OSError as error:
        raise unwritten(target, error) from error


def _give_name(source: Path, target: Path) -> None:
    """Rename; unlike the system's own renaming, never over another file."""
    here, there = reachable(source), reachable(target)
    if sys.platform == "win32":  # which refuses by itself
        os.rename(here, there)
        return
    try:
        os.link(here, there, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError as error:  # a disk without hard links, as memory sticks are
        if os.path.lexists(there):
            raise FileExistsError(errno.EEXIST, "a file has that name") from error
        os.rename(here, there)
        return
    try:
        os.unlink(here)
    except OSError:
        os.unlink(there)
        raise


def _sync_folder(folder: Path) -> None:
    if sys.platform == "win32":
        return
    with contextlib.suppress(OSError):
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
