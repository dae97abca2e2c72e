"""The list of what was filed: where each film came from, and where it went."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sys
import time
from pathlib import Path
from types import TracebackType

from core.errors import OutputError
from core.filing.new_file import reachable, unwritten
from core.jobs.lock import Lock, open_to_write
from core.outputs import refuse_link
from core.scan.row import decode_line, encode_cells

NAME = "filed.csv"
_SYNC_EVERY_S = 5.0


@dataclasses.dataclass(frozen=True)
class Filed:
    """A line of the list.

    Attributes:
        source: Where the film was: an absolute path with slashes.
        to: Where it is now, relative to the list and with slashes.
        how: "copied" or "moved".
        finding: A label of the model, "uncertain", "refused" or "not read".
        verdict: The sentence; of a film that was not read, why.
        modified: When the film was last written to, UTC; may be empty.
    """

    source: str
    to: str
    how: str
    finding: str
    verdict: str
    modified: str
    model: str
    model_sha256: str
    precision: str
    version: str


_HEADER = ["from", *(field.name for field in dataclasses.fields(Filed)[1:])]


class FiledList:
    """`filed.csv` in the folder that films are filed in. Close it, or use `with`.

    A line is written before its film gets its name, and taken back if it does
    not, so that no film ever lies there unlisted. After a kill the last line may
    be of a film that did not come; the next one that opens the list takes it
    off. No other program can file into the folder meanwhile.

    Args:
        folder: That it lies in; there already.

    Raises:
        OutputError: Another filing is at work, the file is something else, or
            it cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        #: (source, finding) -> where it went and how, the latest.
        self.known: dict[tuple[str, str], tuple[str, str]] = {}
        #: Names that were given, in the form by which they must differ.
        self.given: set[str] = set()
        self._synced_at = time.monotonic()
        refuse_link(self.path)
        self._lock = Lock(reachable(self.path))
        try:
            self._file = open_to_write(reachable(self.path))
        except OSError as error:
            raise self._unopened(error) from error
        try:
            if not self._lock.take():
                raise OutputError(
                    f"Films are being filed in {folder} already.",
                    hint="Wait for that to end, or choose another folder.",
                )
            self._size = self._before = self._read()
            os.ftruncate(self._file, self._size)
            if not self._size:
                self._write(encode_cells(_HEADER))
        except BaseException as error:
            os.close(self._file)
            self._lock.release()
            if isinstance(error, OSError):
                raise unwritten(self.path, error) from error
            raise

    def add(self, line: Filed) -> None:
        """Write a line.

        Raises:
            OutputError: The disk is full or gone.
        """
        self._before = self._size
        self._write(encode_cells(list(dataclasses.astuple(line))))
        if time.monotonic() - self._synced_at > _SYNC_EVERY_S:
            self._sync()

    def keep(self, line: Filed) -> None:
        """The film of the line that was just added has its name."""
        self.known[line.source, line.finding] = line.to, line.how
        self.given.add(line.to.casefold())

    def take_back(self) -> None:
        """Take off the line that was just added: its film did not come."""
        self._size = self._before
        with contextlib.suppress(OSError):
            os.ftruncate(self._file, self._size)
            os.lseek(self._file, self._size, os.SEEK_SET)

    def close(self) -> None:
        """Give the file back."""
        if self._file >= 0:
            self._sync()
            os.close(self._file)
            self._file = -1
            self._lock.release()

    def __enter__(self) -> FiledList:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _read(self) -> int:
        """Take in what was filed before; the size of what is whole."""
        expected = encode_cells(_HEADER)
        line: Filed | None = None
        with open(reachable(self.path), "rb") as lines:
            first = lines.readline()
            if first != expected:
                if expected.startswith(first):
                    return 0  # new, or killed within its first line
                raise self._foreign()
            whole = last = len(first)
            for raw in lines:
                cells = _cells(raw)
                if cells is None:
                    if lines.read().strip(b"\0"):
                        raise self._foreign()
                    break  # torn by a kill or a power cut
                line, last = Filed(*cells), whole
                self.keep(line)
                whole += len(raw)
        if line is None or os.path.lexists(reachable(self.path.parent / line.to)):
            return whole
        del self.known[line.source, line.finding]
        self.given.discard(line.to.casefold())
        return last

    def _write(self, line: bytes) -> None:
        done = 0
        try:
            os.lseek(self._file, self._size, os.SEEK_SET)
            while done < len(line):
                done += os.write(self._file, line[done:])
        except OSError as error:
            self.take_back()
            raise unwritten(self.path, error) from error
        self._size += len(line)

    def _sync(self) -> None:
        self._synced_at = time.monotonic()
        with contextlib.suppress(OSError):
            os.fsync(self._file)

    def _foreign(self) -> OutputError:
        return OutputError(
            f"{NAME} in {self.path.parent} is not a list of filed films.",
            hint="Choose another folder, or give that file another name.",
        )

    def _unopened(self, error: OSError) -> OutputError:
        is_there = os.path.lexists(self.path)
        if sys.platform == "win32" and is_there and isinstance(error, PermissionError):
            return OutputError(
                f"{NAME} in {self.path.parent} is open in another program.",
                hint="Close it there, or choose another folder.",
            )
        return unwritten(self.path, error)


def _cells(raw: bytes) -> list[str] | None:
    """The cells of a line; None if it is not whole."""
    try:
        cells = decode_line(raw.removesuffix(b"\n"))
    except ValueError:
        return None
    return cells if raw.endswith(b"\n") and len(cells) == len(_HEADER) else None
