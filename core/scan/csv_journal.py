"""A CSV file that grows by whole lines, and by which work that was cut off goes on."""

from __future__ import annotations

import abc
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, ClassVar, Self, TypeVar

from core.errors import ANEW, OutputError
from core.files import output_error, sync_file, unfinished_error
from core.jobs.lock import Lock, open_to_write
from core.outputs import refuse_link
from core.regular_file import reachable
from core.scan.row import decode_line, encode_cells

_Parsed = TypeVar("_Parsed")

#: How often what was written is made to reach the disk: as much as a power cut
#: can take back. What it takes is done again.
_SYNC_EVERY_S = 5.0


class CsvJournal(abc.ABC):
    """A CSV file that grows by whole lines. Close it, or use it in a `with`.

    Whatever ends the program, the file holds its head and whole lines, and at
    most one torn line at its end, which the next one that goes on takes off.
    No other program can write to it meanwhile.

    Args:
        path: Of the file. Its folder is made if missing.
        head: Cells of its first line.
        new: Whether one that is there already is refused.
        overwrite: Whether to begin anew where there is one.

    Raises:
        OutputError: It exists, is written by another program, is something else,
            or cannot be written.
    """

    #: What is said, and what to do, where another program has it, or where it is
    #: another file; `name` and `folder` are of the file.
    TAKEN: ClassVar[tuple[str, str]]
    FOREIGN: ClassVar[tuple[str, str]]
    #: As `unfinished_error` takes it.
    THEN: ClassVar[dict[str, str]]

    def __init__(
        self,
        path: Path,
        head: Sequence[str],
        *,
        new: bool = False,
        overwrite: bool = False,
    ) -> None:
        self.path = path
        self._head = encode_cells(head)
        self._size = self._before = 0
        self._synced_at = time.monotonic()
        self._lock = Lock(reachable(path))
        # Not buffered: what is added survives the end of this program.
        self._file = self._open(new)
        try:
            if not self._lock.take():
                raise self._refused(self.TAKEN)
            if not (new or overwrite):
                self._size = self._take_in()
            self._truncate()
            if not self._size:
                self._write(self._head)
        except BaseException as error:
            self.close()
            if new:
                path.unlink(missing_ok=True)  # nothing was in it
            if isinstance(error, OSError):
                raise output_error(path, error) from error
            raise

    def add(self, cells: Sequence[str]) -> None:
        """Add a line; it is the system's when this returns.

        Raises:
            OutputError: The disk is full or gone. What was there stays.
        """
        self._write(encode_cells(cells))
        if time.monotonic() - self._synced_at > _SYNC_EVERY_S:
            self.sync()

    def take_back(self) -> None:
        """Take off the line that was just added."""
        self._size = self._before
        self._truncate()

    def sync(self) -> None:
        """Wait until what was written is on the disk itself."""
        self._synced_at = time.monotonic()
        try:
            sync_file(self._file)
        except OSError as error:
            raise unfinished_error(self.path, error, **self.THEN) from error

    def close(self) -> None:
        """Give the file back."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        try:
            if error is None:
                self.sync()
        finally:
            self.close()

    @abc.abstractmethod
    def _take(self, cells: Sequence[str]) -> None:
        """Take in a line that was there; a ValueError says that it is none."""

    def _take_in(self) -> int:
        """Take in what was there; the size of what is whole."""
        with open(reachable(self.path), "rb") as lines:
            whole = len(first := lines.readline())
            if first != self._head:
                if self._head.startswith(first):
                    return 0  # new, or killed within its first line
                raise self._refused(self.FOREIGN)
            for begin, end, _ in parsed_lines(lines, self.path, self._take):
                self._before, whole = begin, end
        return whole

    def _open(self, new: bool) -> int:
        path = self.path
        refuse_link(path)
        try:
            os.makedirs(reachable(path.parent), exist_ok=True)
            return open_to_write(reachable(path), new=new)
        except FileExistsError as error:
            raise OutputError(
                f"{path.name} exists already.",
                hint="Choose another name, go on with --resume, or replace it with "
                "--overwrite.",
            ) from error
        except PermissionError as error:
            if sys.platform == "win32" and path.exists():
                raise OutputError(
                    f"{path.name} is open in another program.",
                    hint="Close it there, or choose another place.",
                ) from error
            raise output_error(path, error) from error
        except OSError as error:
            raise output_error(path, error) from error

    def _write(self, line: bytes) -> None:
        self._before = self._size
        try:
            while line:
                done = os.write(self._file, line)
                line = line[done:]
                self._size += done
        except OSError as error:
            self._size = self._before
            self._truncate()
            raise unfinished_error(self.path, error, **self.THEN) from error

    def _truncate(self) -> None:
        try:
            os.ftruncate(self._file, self._size)
            os.lseek(self._file, self._size, os.SEEK_SET)
        except OSError as error:
            raise unfinished_error(self.path, error, **self.THEN) from error

    def _refused(self, said: tuple[str, str]) -> OutputError:
        about = {"name": self.path.name, "folder": self.path.parent}
        return OutputError(said[0].format(**about), hint=said[1])


def parsed_lines(
    lines: BinaryIO, path: Path, parse: Callable[[list[str]], _Parsed]
) -> Iterator[tuple[int, int, _Parsed]]:
    """What the lines of such a file hold, from where it is read on.

    A line that is not whole yet, or that a power cut left so with zeros after it,
    ends them.

    Args:
        parse: Makes something of a line's cells; a ValueError says that they are none.

    Yields:
        The places where a line begins and ends, in bytes, and what was made of it.

    Raises:
        OutputError: A line is not what was written.
    """
    begin = lines.tell()
    for line in lines:
        end, is_whole = begin + len(line), line.endswith(b"\n")
        try:
            if not is_whole:
                raise ValueError("expected a whole line")
            found = parse(decode_line(line[:-1]))
        except ValueError as error:
            if (not is_whole or b"\0" in line) and not lines.read().strip(b"\0"):
                return
            raise spoilt_line(path, begin) from error
        yield begin, end, found
        begin = end


def spoilt_line(path: Path, place: int) -> OutputError:
    """Say that the line at a place of a file, in bytes, is not what was written."""
    with open(reachable(path), "rb") as lines:
        number = 1
        while lines.tell() < place and lines.readline():
            number += 1
    return OutputError(
        f"Line {number} of {path.name} is not what it was.",
        hint="It was changed by another program: undo that.",
        code=ANEW,
    )
