"""Films of a scan -> a folder per finding."""

from __future__ import annotations

import collections
import dataclasses
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from core.errors import DatasetError, OutputError
from core.filing.log import Filed, FiledList
from core.filing.names import numbered_name, portable_name
from core.filing.new_file import (
    CHANGED,
    GO_ON,
    GONE,
    NotPlacedError,
    copy_new,
    move_new,
    remove_partial,
    remove_placed,
    same_content,
    unwritten,
)
from core.films.finder import identity, state_if_there
from core.regular_file import reachable
from core.scan.row import ScanRow
from core.scan.scanner import refuse_other_folder
from core.words import some

UNCERTAIN, REFUSED, NOT_READ = "uncertain", "refused", "not read"
_OUTSIDE = "not in the folder that was scanned"


@dataclasses.dataclass
class FilingResult:
    """What came of a filing.

    Attributes:
        filed: Folder -> films that came into it now.
        there: Films that lay there already, from a filing before this one.
        failed: What those films are that were left where they are, as in "no
            longer there" -> their names.
    """

    filed: collections.Counter[str] = dataclasses.field(
        default_factory=collections.Counter
    )
    there: int = 0
    failed: dict[str, list[str]] = dataclasses.field(default_factory=dict)


class Filer:
    """Copies or moves films into a folder per finding.

    A film keeps its name; where another one has it, a number is added. Nothing
    is ever written over, and a film has its name only when it is whole. The
    list `filed.csv` says where each came from. What is there already counts as
    done, so that the same filing goes on where one was stopped.

    Raises:
        DatasetError: There is no folder to file from.
        OutputError: The target lies in it, or cannot be written.
    """

    def __init__(
        self, folder: Path, target: Path, names: Mapping[str, str], *, move: bool
    ) -> None:
        self._folder = Path(os.path.abspath(folder))
        self._target = Path(os.path.abspath(target))
        self._move = move
        self._how = "moved" if move else "copied"
        self._identity = identity(self._folder)
        self._folders = folder_names(names)
        self._ready: set[str] = set()
        #: Name -> the number to try next.
        self._next: dict[str, int] = {}
        self._refuse_inside(self._target)
        _make_folder(self._target)

    def file(
        self,
        rows: Iterable[ScanRow],
        check: Callable[[], None] = lambda: None,
        count: Callable[[int], None] = lambda done: None,
    ) -> FilingResult:
        """File the films of these rows.

        Args:
            check: Called before each film; may raise to stop.
            count: Called with the number of films that were seen to.

        Raises:
            OutputError, DatasetError: Nothing more can be written, or the folder is
                gone; what was done is kept.
        """
        result = FilingResult()
        with FiledList(self._target) as filed:
            for number, row in enumerate(rows, start=1):
                check()
                finding = finding_of(row)
                try:
                    if self._file(row, finding, filed):
                        result.filed[self._folders[finding]] += 1
                    else:
                        result.there += 1
                except NotPlacedError as error:
                    if error.code == GONE:
                        refuse_other_folder(self._folder, self._identity, then=GO_ON)
                    result.failed.setdefault(str(error), []).append(row.file)
                count(number)
        return result

    def _file(self, row: ScanRow, finding: str, filed: FiledList) -> bool:
        """File one film; whether it was not there already."""
        source = self._folder / row.file
        inside = Path(row.file)
        if inside.is_absolute() or inside.drive or ".." in inside.parts:
            raise NotPlacedError(_OUTSIDE)
        key = source.as_posix(), finding
        is_there = os.path.lexists(reachable(source))
        to, how = filed.known.get(key, ("", ""))
        path = self._target / to
        if to and self._is_done(row, path):
            if not self._move or not is_there:
                return False
            if same_content(source, path):
                if how == self._how:  # a kill came before it was taken away
                    remove_placed(source, path)
                    return True
                self._list(filed, row, finding, to)
                return self._take_away(source, path, filed)
        if not is_there:
            return self._find_there(row, finding, filed)
        _refuse_other(source, row)
        self._make_ready(self._folders[finding])
        return self._place(row, finding, filed)

    def _place(self, row: ScanRow, finding: str, filed: FiledList) -> bool:
        """Bring a film under the first free form of its name."""
        source = self._folder / row.file
        first = self._name(row, finding, 1)
        number = self._next.get(first, 1)
        while True:
            to = self._name(row, finding, number)
            number += 1
            if to.casefold() in filed.given:
                continue
            path = self._target / to
            if os.path.lexists(reachable(path)):
                if not same_content(source, path):
                    continue
                self._list(filed, row, finding, to)
                return self._move and self._take_away(source, path, filed)
            self._next[first] = number
            put = move_new if self._move else copy_new
            self._list(filed, row, finding, to)
            try:
                put(source, path, row.stamp)
            except FileExistsError:  # it came this moment
                filed.take_back()
                continue
            except BaseException:
                filed.take_back()
                raise
            return True

    def _name(self, row: ScanRow, finding: str, number: int) -> str:
        name = portable_name(row.file.rpartition("/")[2])
        return f"{self._folders[finding]}/{numbered_name(name, number)}"

    def _find_there(self, row: ScanRow, finding: str, filed: FiledList) -> bool:
        """Look whether a film that is gone was moved, and not listed."""
        number = 1
        while self._move:
            to = self._name(row, finding, number)
            number += 1
            path = self._target / to
            if to.casefold() in filed.given:
                continue
            if not os.path.lexists(reachable(path)):
                break
            if row.modified and self._is_done(row, path, also_time=True):
                self._list(filed, row, finding, to)
                return False
        raise NotPlacedError(GONE, code=GONE)

    def _take_away(self, source: Path, path: Path, filed: FiledList) -> bool:
        try:
            remove_placed(source, path)
        except NotPlacedError:
            filed.take_back()
            raise
        return True

    def _list(self, filed: FiledList, row: ScanRow, finding: str, to: str) -> None:
        line = Filed(
            source=(self._folder / row.file).as_posix(),
            to=to,
            how=self._how,
            finding=finding,
            verdict=row.verdict or row.error,
            modified=row.modified,
            model=row.model,
            model_sha256=row.model_sha256,
            precision=row.precision,
            version=row.version,
        )
        filed.add(line)

    def _is_done(self, row: ScanRow, path: Path, *, also_time: bool = False) -> bool:
        """Whether a film of the row's size lies there."""
        state = state_if_there(reachable(path))
        if state is None or state.size != row.size:
            return False
        return not also_time or state.modified == row.modified

    def _make_ready(self, folder: str) -> None:
        if folder not in self._ready:
            path = self._target / folder
            self._refuse_inside(path)
            _make_folder(path)
            remove_partial(path)
            self._ready.add(folder)

    def _refuse_inside(self, path: Path) -> None:
        """Refuse a target in the folder: its films would be scanned again."""
        resolved = path.resolve()
        for each in (path, *path.parents, resolved, *resolved.parents):
            try:
                is_inside = identity(each) == self._identity
            except DatasetError:  # not there yet
                continue
            if is_inside:
                raise inside_error(self._target, self._folder)


def inside_error(target: Path, folder: Path) -> OutputError:
    """Say that films are not filed into the folder that they were scanned in."""
    return OutputError(
        f"{target} lies in the folder that was scanned, where its films would be "
        "scanned again.",
        hint=f"Choose a folder outside {folder}.",
    )


def finding_of(row: ScanRow) -> str:
    """What a film is filed as: a label, "uncertain", "refused" or "not read"."""
    if row.error:
        return NOT_READ
    return REFUSED if row.reason else row.finding or UNCERTAIN


def folder_names(names: Mapping[str, str]) -> dict[str, str]:
    """A folder for each finding; no two are one on any system."""
    folders: dict[str, str] = {}
    taken: set[str] = set()
    # Those that every model has come first: they keep their names.
    always = {name: name for name in (UNCERTAIN, REFUSED, NOT_READ)}
    for label, shown in {**always, **names}.items():
        folder, number = portable_name(shown, instead="finding"), 1
        base = folder
        while folder.casefold() in taken:
            number += 1
            folder = f"{base} ({number})"
        taken.add(folder.casefold())
        folders[label] = folder
    return folders


def failures_in_words(result: FilingResult, *, move: bool) -> Sequence[str]:
    """What was not filed, a sentence per reason, with some of the names."""
    verb = "moved" if move else "copied"
    return [
        f"Not {verb}, {reason}: {len(files):,} ({some(files)})."
        for reason, files in result.failed.items()
    ]


def _refuse_other(source: Path, row: ScanRow) -> None:
    """Refuse a film that is not the one that was judged."""
    if row.size is None or not row.modified:  # the scan did not find it
        raise NotPlacedError(CHANGED)
    state = state_if_there(reachable(source))
    if state is None:  # a link to nowhere
        raise NotPlacedError(GONE, code=GONE)
    if state.stamp != row.stamp:
        raise NotPlacedError(CHANGED)


def _make_folder(path: Path) -> None:
    try:
        os.makedirs(reachable(path), exist_ok=True)
    except OSError as error:
        raise unwritten(path, error) from error
