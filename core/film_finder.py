"""The films of a folder and of all folders below it."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import datetime
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from core.errors import DatasetError
from core.images import may_be_film

#: Files that are named so claim to be films: they are read, or get a row that
#: says why not. Any other file is looked into.
_SUFFIXES = frozenset(
    ".png .jpg .jpeg .jfif .tif .tiff .bmp .webp .gif .dcm .dicom .dic".split()
)
#: What systems put beside films; the second is a DICOM folder's index.
_NOT_FILMS = frozenset(["thumbs.db", "dicomdir", "desktop.ini"])
_HEAD_BYTES = 1024


@dataclasses.dataclass(frozen=True, slots=True)
class FilmState:
    """How a file was when it was looked at.

    Attributes:
        size: In bytes.
        modified_ns: Since the epoch, as the system tells it.
    """

    size: int
    modified_ns: int

    @property
    def modified(self) -> str:
        """When it was last written to, in UTC and to the microsecond."""
        seconds, rest = divmod(self.modified_ns, 1_000_000_000)
        try:
            when = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
        except (ValueError, OverflowError, OSError):  # a year beyond 9999
            return str(self.modified_ns)
        return f"{when:%Y-%m-%dT%H:%M:%S}.{rest // 1000:06d}Z"


@dataclasses.dataclass(frozen=True, slots=True)
class FoundFilm:
    """A file that is to be read.

    Attributes:
        file: Its path relative to the folder, with slashes.
        state: As it was listed; None where that could not be told.
    """

    file: str
    state: FilmState | None


@dataclasses.dataclass(frozen=True)
class Listing:
    """What a folder holds.

    Attributes:
        films: In the order of their paths.
        passed_over: Number of files that are no films by name or content.
        closed: Folder -> why it could not be listed.
    """

    films: tuple[FoundFilm, ...]
    passed_over: int
    closed: dict[str, str]


def find_films(folder: Path, check: Callable[[], None] = lambda: None) -> Listing:
    """List the films of a folder and of the folders below it.

    A film is told by its content, or by a name that claims so. Hidden files
    and folders are skipped. Links are followed; a folder that several lead to,
    or that holds itself, is listed once, by its own name where it has one here.

    Args:
        check: Called for every folder; may raise to stop.

    Raises:
        DatasetError: The folder itself is not there or cannot be listed.
    """
    finder = _Finder(folder, check)
    finder.list_all()
    films = sorted(finder.films, key=lambda film: film.file)
    return Listing(tuple(films), finder.passed_over, finder.closed)


def film_state(path: Path | str) -> FilmState:
    """Look at a file, following links.

    Raises:
        OSError: It is gone, or may not be looked at.
        ValueError: Its name is not possible.
    """
    found = os.stat(path)
    return FilmState(found.st_size, found.st_mtime_ns)


def is_wanted(path: Path) -> bool:
    """Whether a single file would be listed as a film; itself not hidden."""
    if not is_visible(path.name):
        return False
    if path.suffix.lower() in _SUFFIXES:
        return not path.is_dir()
    try:
        return stat.S_ISREG(os.stat(path).st_mode) and may_be_film(_head(path))
    except (OSError, ValueError):
        return False


def is_visible(name: str) -> bool:
    """Whether a file or folder of that name is looked at."""
    return not name.startswith(".") and name.lower() not in _NOT_FILMS


def identity(path: Path) -> tuple[int, int]:
    """What tells a folder from one that took its place.

    Raises:
        DatasetError: There is no such folder.
    """
    try:
        found = os.stat(path)
    except (OSError, ValueError) as error:
        raise no_folder(path) from error
    if not stat.S_ISDIR(found.st_mode):
        raise no_folder(path)
    return found.st_dev, found.st_ino


def no_folder(path: Path) -> DatasetError:
    """Say that there is nothing to scan at `path`."""
    return DatasetError(
        f"There is no folder called {path}.",
        hint="Check the name, and that its disk is connected.",
    )


class _Finder:
    def __init__(self, folder: Path, check: Callable[[], None]) -> None:
        self.films: list[FoundFilm] = []
        self.passed_over = 0
        self.closed: dict[str, str] = {}
        self._folder = folder
        self._check = check
        self._seen = {identity(folder)}
        #: Links to folders wait until all real ones are known.
        self._links: collections.deque[str] = collections.deque()

    def list_all(self) -> None:
        # A link to a folder that this one lies in leads back here.
        for parent in self._folder.resolve().parents:
            with contextlib.suppress(DatasetError):
                self._seen.add(identity(parent))
        self._walk("")
        while self._links:
            inside = self._links.popleft()
            if self._is_new(inside):
                self._walk(inside)

    def _walk(self, start: str) -> None:
        waiting = [start]  # no recursion: folders may lie deeper than it can go
        while waiting:
            inside = waiting.pop()
            self._check()
            for entry in self._entries(inside):
                name = f"{inside}/{entry.name}" if inside else entry.name
                if not is_visible(entry.name):
                    continue
                if not _is_folder(entry):
                    self._take(entry, name)
                elif entry.is_symlink():
                    self._links.append(name)
                elif self._is_new(name):
                    waiting.append(name)

    def _entries(self, inside: str) -> Iterator[os.DirEntry[str]]:
        try:
            with os.scandir(self._folder / inside) as entries:
                yield from sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            reason = error.strerror or str(error)
            if not inside:
                raise DatasetError(
                    f"The folder {self._folder} cannot be listed: {reason}.",
                    hint="Check that it is there and that you may read it.",
                ) from error
            self.closed[inside] = reason

    def _is_new(self, inside: str) -> bool:
        try:
            known = identity(self._folder / inside)
        except DatasetError:  # gone, or what the link led to is
            return False
        if known in self._seen:
            return False
        self._seen.add(known)
        return True

    def _take(self, entry: os.DirEntry[str], name: str) -> None:
        claims = os.path.splitext(entry.name)[1].lower() in _SUFFIXES
        state = None
        try:
            found = entry.stat()
            state = FilmState(found.st_size, found.st_mtime_ns)
            is_film = claims or (
                stat.S_ISREG(found.st_mode) and may_be_film(_head(Path(entry.path)))
            )
        except OSError:
            # A link to nowhere, or one that may not be read.
            is_film = claims
        if is_film:
            self.films.append(FoundFilm(name, state))
        else:
            self.passed_over += 1


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def _head(path: Path) -> bytes:
    # Without waiting: what was a file a moment ago may be a pipe now.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with open(os.open(path, flags), "rb") as file:
        return file.read(_HEAD_BYTES) or b""
