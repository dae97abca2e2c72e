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
from core.films.radiograph import may_be_film
from core.regular_file import open_regular

#: Files that are named so claim to be films: they are read, or get a row that
#: says why not. Any other file is looked into.
_SUFFIXES = frozenset(
    ".png .jpg .jpeg .jfif .tif .tiff .bmp .webp .gif .dcm .dicom .dic".split()
)
#: What systems put beside films; the second is a DICOM folder's index.
_NOT_FILMS = frozenset(["thumbs.db", "dicomdir", "desktop.ini"])
_HEAD_BYTES = 1024
#: How a file begins in which macOS keeps what other file systems have no room for.
_APPLE_DOUBLE = b"\x00\x05\x16\x07"
#: Why something is left out -> how to say it of one, and of several.
_WORDS = {
    "hidden_files": ("hidden file", "hidden files"),
    "hidden_folders": (
        "hidden folder with all in it",
        "hidden folders with all in them",
    ),
    "not_films": ("file that is no film", "files that are no films"),
    "not_files": ("pipe, socket or device", "pipes, sockets or devices"),
    "closed_files": ("file that may not be read", "files that may not be read"),
    "closed_folders": ("folder that cannot be listed", "folders that cannot be listed"),
    "repeated_links": (
        "link to a folder that is listed anyway or holds the link",
        "links to folders that are listed anyway or hold the link",
    ),
    "broken_links": ("link that leads nowhere", "links that lead nowhere"),
}


class LeftOut(collections.Counter[str]):
    """How much of what a folder holds is left out, by why: the names of `_WORDS`.

    What lies in a hidden folder is not counted, nor is what is named as a film:
    that is read, and said to be none then.
    """

    def __init__(self) -> None:
        super().__init__(dict.fromkeys(_WORDS, 0))

    @property
    def hidden(self) -> int:
        """Files and folders that would be looked at if hidden ones were wanted."""
        return self["hidden_files"] + self["hidden_folders"]

    def reasons(self) -> dict[str, int]:
        """Why, in words -> how many, of each that there is."""
        return {_WORDS[why][1]: count for why, count in self.items() if count}

    def in_words(self) -> str:
        """All of it in a sentence; empty if nothing was left out."""
        said = [
            f"{count:,} {_WORDS[why][count > 1]}"
            for why, count in self.items()
            if count
        ]
        return f"Left out: {', '.join(said)}." if said else ""


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

    @property
    def stamp(self) -> tuple[int, str]:
        """Size, and when it was last written to: as a row of a scan keeps it."""
        return self.size, self.modified


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
        left_out: How much else it holds, and why that is not among them.
        closed: Folder -> why it could not be listed.
    """

    films: tuple[FoundFilm, ...]
    left_out: LeftOut
    closed: dict[str, str]


def find_films(
    folder: Path,
    check: Callable[[], None] = lambda: None,
    *,
    hidden: bool = False,
    every_file: bool = False,
) -> Listing:
    """List the films of a folder and of the folders below it.

    A film is told by its content, or by a name that claims so. Links are
    followed; a folder that several lead to, or that holds itself, is listed once,
    by its own name where it has one here.

    Args:
        check: Called for every folder; may raise to stop.
        hidden: Whether files and folders whose names begin with a dot are looked
            at too; they are counted otherwise.
        every_file: Whether every file is taken for a film, so that whoever reads
            it says why it is none.

    Raises:
        DatasetError: The folder itself is not there or cannot be listed.
    """
    return _Finder(folder, check, hidden, every_file).listing()


def film_state(path: Path | str) -> FilmState:
    """Look at a file, following links.

    Raises:
        OSError: It is gone, or may not be looked at.
        ValueError: Its name is not possible.
    """
    found = os.stat(path)
    return FilmState(found.st_size, found.st_mtime_ns)


def state_if_there(path: Path | str) -> FilmState | None:
    """As `film_state`; None where that cannot be told."""
    try:
        return film_state(path)
    except (OSError, ValueError):
        return None


def is_wanted(path: Path) -> bool:
    """Whether a single file would be listed as a film."""
    if path.name.startswith("."):
        return False
    if _claims_to_be_film(path):
        return not path.is_dir()
    try:
        is_file = stat.S_ISREG(os.stat(path).st_mode)
        known = path.name.lower() not in _NOT_FILMS
        return is_file and known and may_be_film(_head(path))
    except (OSError, ValueError):
        return False


def film_stem(path: Path) -> str:
    """A film's name without the ending that says it is one.

    Names that are UIDs have none, and differ in what follows their last dot.
    """
    return path.stem if path.suffix.lower() in _SUFFIXES else path.name


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
        raise DatasetError(
            f"{path} is a file, not a folder.",
            hint="Choose the folder that it lies in.",
        )
    return found.st_dev, found.st_ino


def no_folder(path: Path) -> DatasetError:
    """Say that there is nothing to scan at `path`."""
    return DatasetError(
        f"There is no folder called {path}.",
        hint="Check the name, and that its disk is connected.",
    )


class _Finder:
    def __init__(
        self, folder: Path, check: Callable[[], None], hidden: bool, every_file: bool
    ) -> None:
        self.films: list[FoundFilm] = []
        self.left_out = LeftOut()
        self.closed: dict[str, str] = {}
        self._folder = folder
        self._check = check
        self._hidden = hidden
        self._every_file = every_file
        self._seen = {identity(folder)}
        #: Links to folders wait until all real ones are known.
        self._links: collections.deque[str] = collections.deque()

    def listing(self) -> Listing:
        # A link to a folder that this one lies in leads back here.
        for parent in self._folder.resolve().parents:
            with contextlib.suppress(DatasetError):
                self._seen.add(identity(parent))
        self._walk("")
        while self._links:
            inside = self._links.popleft()
            if self._is_new(inside):
                self._walk(inside)
            else:
                self.left_out["repeated_links"] += 1
        films = sorted(self.films, key=lambda film: film.file)
        return Listing(tuple(films), self.left_out, self.closed)

    def _walk(self, start: str) -> None:
        waiting = [start]  # no recursion: folders may lie deeper than it can go
        while waiting:
            inside = waiting.pop()
            self._check()
            for entry in self._entries(inside):
                name = f"{inside}/{entry.name}" if inside else entry.name
                is_folder = _is_folder(entry)
                if entry.name.startswith(".") and not self._hidden:
                    self.left_out["hidden_folders"] += is_folder
                    self.left_out["hidden_files"] += not is_folder
                elif not is_folder:
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
            self.left_out["closed_folders"] += 1

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
        path = Path(entry.path)
        state = None
        is_film = _claims_to_be_film(path) and not self._every_file
        try:
            found = entry.stat()
            state = FilmState(found.st_size, found.st_mtime_ns)
            if not is_film and not stat.S_ISREG(found.st_mode):
                self.left_out["not_files"] += 1
            elif not is_film:
                known = path.name.lower() not in _NOT_FILMS
                is_film = known and (self._every_file or may_be_film(_head(path)))
                self.left_out["not_films"] += not is_film
        except PermissionError:
            self.left_out["closed_files"] += not is_film
        except OSError:  # a link to nowhere, or to itself
            self.left_out["broken_links"] += not is_film
        if is_film:
            self.films.append(FoundFilm(name, state))


def _claims_to_be_film(path: Path) -> bool:
    """Whether its name says so; what macOS keeps beside a film has the film's."""
    if path.suffix.lower() not in _SUFFIXES:
        return False
    if not path.name.startswith("._"):
        return True
    with contextlib.suppress(OSError, ValueError):
        return not _head(path).startswith(_APPLE_DOUBLE)
    return True


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def _head(path: Path) -> bytes:
    with open_regular(path) as file:
        return file.read(_HEAD_BYTES)
