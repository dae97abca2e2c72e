"""The CSV file of a scan: its result, and the journal by which it goes on."""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType

from core.errors import ANEW, RESUME, OutputError
from core.files import output_error
from core.jobs.lock import Lock, open_to_write
from core.outputs import refuse_link
from core.regular_file import open_regular
from core.scan.row import (
    ScanRow,
    decode_line,
    encode_cells,
    encode_row,
    header,
    is_header,
    labels_of,
)
from core.scan.row import row_from_cells as _row

#: How often what was written is made to reach the disk: as much as a power cut
#: can take back. What it takes is read again.
_SYNC_EVERY_S = 5.0
_LONGEST_HEADER = 1 << 20


class ScanFile:
    """A CSV file that grows by whole lines. Close it, or use it in a `with`.

    Whatever ends the program, the file holds a header and whole rows, and at
    most one torn line at its end, which the next one that goes on takes off.
    No other scan can write to it meanwhile.

    Args:
        path: Of the file. Its folder is made if missing.
        labels: Of the model, in output order.
        resume: Whether to go on where such a file ends; one that is not there
            is begun.
        overwrite: Whether to begin anew where there is one.

    Raises:
        OutputError: It exists, is written by another scan, is not the result
            of a scan with these labels, or cannot be written.

    Attributes:
        rows: Number of rows in it.
    """

    def __init__(
        self,
        path: Path,
        labels: Sequence[str],
        *,
        resume: bool = False,
        overwrite: bool = False,
    ) -> None:
        self.path = path
        self.rows = 0
        self._labels = tuple(labels)
        self._synced_at = time.monotonic()
        self._lock = Lock(path)
        # Not buffered: what is appended survives the end of this program.
        self._file = _open(path, new=not (resume or overwrite))
        try:
            self._take()
            if resume:
                self._size = self._repair()
            else:
                self._truncate(0)
                self._size = 0
            if not self._size:
                self._write(encode_cells(header(self._labels)))
        except BaseException:
            self.close()
            if not (resume or overwrite):
                path.unlink(missing_ok=True)  # nothing was in it
            raise

    def append(self, row: ScanRow) -> None:
        """Add a row; it is the system's when this returns.

        Raises:
            OutputError: The disk is full or gone. What was there stays.
        """
        self._write(encode_row(row, self._labels))
        self.rows += 1
        if time.monotonic() - self._synced_at > _SYNC_EVERY_S:
            self.sync()

    def read(self) -> Iterator[ScanRow]:
        """The rows so far, one by one."""
        return read_rows(self.path, self._labels)

    def sync(self) -> None:
        """Wait until what was written is on the disk itself."""
        self._synced_at = time.monotonic()
        try:
            os.fsync(self._file)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):
                raise _kept(self.path, error) from error

    def close(self) -> None:
        """Give the file back."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
            self._lock.release()

    def __enter__(self) -> ScanFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self.sync()
        finally:
            self.close()

    def _take(self) -> None:
        try:
            is_ours = self._lock.take()
        except OSError as error:
            raise output_error(self.path, error) from error
        if not is_ours:
            raise OutputError(
                f"Another scan is writing {self.path.name}.",
                hint="Wait for it, or choose another name.",
            )

    def _write(self, line: bytes) -> None:
        done = 0
        try:
            while done < len(line):
                done += os.write(self._file, line[done:])
        except OSError as error:
            self._truncate(self._size)
            raise _kept(self.path, error) from error
        self._size += len(line)

    def _truncate(self, size: int) -> None:
        try:
            os.ftruncate(self._file, size)
            os.lseek(self._file, size, os.SEEK_SET)
        except OSError as error:
            raise _kept(self.path, error) from error

    def _repair(self) -> int:
        """Check the file and take off what is torn; its size then."""
        expected = encode_cells(header(self._labels))
        whole = 0
        try:
            with open(self.path, "rb") as lines:
                first = lines.readline()
                if first != expected:
                    if not expected.startswith(first):
                        raise _foreign(self.path)
                    self._truncate(0)  # it was killed within its first line
                    return 0
                whole = len(first)
                for number, line in enumerate(lines, start=2):
                    if not _is_row(line, self._labels):
                        self._refuse_unless_torn(line, lines.read(), number)
                        break
                    whole += len(line)
                    self.rows += 1
        except OSError as error:
            raise output_error(self.path, error) from error
        self._truncate(whole)
        return whole

    def _refuse_unless_torn(self, line: bytes, rest: bytes, number: int) -> None:
        """A power cut may leave half a line, and zeros after it; no more."""
        if not rest.strip(b"\0") and (not line.endswith(b"\n") or b"\0" in line):
            return
        raise OutputError(
            f"Line {number} of {self.path.name} is not a row of a scan.",
            hint="Undo what was changed in it.",
            code=ANEW,
        )


def read_rows(path: Path, labels: Sequence[str]) -> Iterator[ScanRow]:
    """The rows of a scan's file, one by one; it may still grow.

    A line that is not whole yet ends them.

    Raises:
        OutputError: It is not there, or not the result of such a scan.
    """
    for _, row in placed_rows(path, labels):
        yield row


def placed_rows(path: Path, labels: Sequence[str]) -> Iterator[tuple[int, ScanRow]]:
    """As `read_rows`, each with the place where its line begins, in bytes."""
    try:
        with open(path, "rb") as lines:
            first = lines.readline()
            if not is_header(first, labels):
                raise _foreign(path)
            place = len(first)
            for number, line in enumerate(lines, start=2):
                if not line.endswith(b"\n"):
                    return
                try:
                    yield place, _row(decode_line(line[:-1]), labels)
                except ValueError as error:
                    raise OutputError(
                        f"Line {number} of {path.name} is not a row of a scan.",
                        hint="Undo what was changed in it, or scan anew.",
                    ) from error
                place += len(line)
    except OSError as error:
        raise _unread(path, error) from error


def rows_at(
    path: Path, labels: Sequence[str], places: Iterable[int]
) -> Iterator[ScanRow]:
    """The rows whose lines begin at these places, in their order.

    Raises:
        OutputError: The file is no longer what it was.
    """
    try:
        with open(path, "rb") as lines:
            for place in places:
                lines.seek(place)
                try:
                    row = _row(decode_line(lines.readline().rstrip(b"\n")), labels)
                except ValueError as error:
                    raise OutputError(
                        f"{path.name} was changed while it was read.", hint="Try again."
                    ) from error
                yield row
    except OSError as error:
        raise _unread(path, error) from error


def read_labels(path: Path) -> tuple[str, ...]:
    """The labels of the model that a scan's file was made with.

    Raises:
        OutputError: It is not there, or not the result of a scan.
    """
    try:
        with open_regular(path) as lines:
            first = lines.readline(_LONGEST_HEADER)
    except (OSError, ValueError) as error:
        raise _unread(path, _as_os_error(error)) from error
    try:
        return labels_of(decode_line(first.removesuffix(b"\n")))
    except ValueError as error:
        raise OutputError(
            f"{path.name} is not the result of a scan.",
            hint="Choose the CSV file that a scan wrote.",
        ) from error


def _is_row(line: bytes, labels: Sequence[str]) -> bool:
    try:
        _row(decode_line(line[:-1]), labels)
    except ValueError:
        return False
    return line.endswith(b"\n")


def _open(path: Path, *, new: bool) -> int:
    refuse_link(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = open_to_write(path, new=new)
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
                hint="Close it there, or choose another name.",
            ) from error
        raise output_error(path, error) from error
    except (OSError, ValueError) as error:
        raise output_error(path, _as_os_error(error)) from error
    return file


def _foreign(path: Path) -> OutputError:
    return OutputError(
        f"{path.name} is not the result of a scan with this model's labels.",
        hint="Choose the file that the scan wrote, or begin a new one.",
    )


def _unread(path: Path, error: OSError) -> OutputError:
    return OutputError(
        f"{path.name} cannot be read: {error.strerror or error}.",
        hint="Check the name and the folder.",
    )


def _kept(path: Path, error: OSError) -> OutputError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return OutputError(
            f"There is no space left to write the list, {path.name}; what was done "
            "is kept.",
            hint="Free some space.",
            code=RESUME,
        )
    return OutputError(
        f"{path.name} could not be written: {error.strerror or error}; what was "
        "done is kept.",
        hint="Mend that.",
        code=RESUME,
    )


def _as_os_error(error: OSError | ValueError) -> OSError:
    return error if isinstance(error, OSError) else OSError(errno.EINVAL, str(error))
