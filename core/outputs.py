"""What may be written to: no input, no link, no folder that holds other things."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Callable, Iterable
from pathlib import Path

from core.errors import OutputError
from core.json_file import read_json

#: Says of a folder that an export made it, and of which files it consists.
MARK = "hilum-export.json"
#: What systems leave in folders that somebody looked at.
_OF_THE_SYSTEM = frozenset([".ds_store", "thumbs.db", "desktop.ini"])
#: What a write that was cut off leaves behind, as `core.paths` names it.
_CUT_OFF = re.compile(r"\.[0-9a-f]{12}(\.|$)")

_REPLACE = "or replace it with --overwrite"

#: Whether a folder that is not empty is what the command makes, and no more.
IsOwn = Callable[[Path], bool]


def refuse_inputs(
    outputs: Iterable[Path | None],
    inputs: Iterable[Path | None],
    films: Callable[[], Iterable[Path]] = tuple,
) -> None:
    """Refuse outputs that would touch what the command reads, or each other.

    Of a folder that is read (films by label, a model) an output may neither be it
    nor contain it nor lie in it. Of a file that is read (a manifest, a film, a model
    file) an output may neither be it nor contain it. Beside such a file there are
    other things too, so a new model in the folder of a manifest is fine.

    Args:
        outputs: Files and folders to make; None for those that are not asked for.
        inputs: Files and folders that are read; None likewise.
        films: Gives the films that the data consists of, wherever they lie. Asked
            only where an output is there already: what is not can be no film.

    Raises:
        OutputError: An output would. Nothing was done.
    """
    made = [path for path in outputs if path is not None]
    _refuse_shared(made)
    for read in filter(None, inputs):
        for output in made:
            _refuse_input(output, read)
    there = [path for path in made if path.exists()]
    if not there:
        return
    listed = list(films())
    known = {_identity(film) for film in listed}
    folders = {film.parent for film in listed}
    for output in there:
        if _identity(output) in known:
            raise _is_read(output)
        if output.is_dir() and any(lies_in(folder, output) for folder in folders):
            raise _is_read(output, "films")


def refuse_films(
    outputs: Iterable[Path], folder: Path, films: Iterable[tuple[str, int | None]]
) -> None:
    """Refuse to write over a film. New files may lie beside films.

    Args:
        folder: That the films lie in.
        films: File and size of each. Only those that are like an output are looked
            at: there may be millions.

    Raises:
        OutputError: An output is one of them.
    """
    there = [path for path in outputs if path.is_file()]
    names = {path.name for path in there}
    sizes = {path.stat().st_size for path in there}
    alike = [
        folder / file
        for file, size in (films if there else ())
        if size in sizes or file.rpartition("/")[2] in names
    ]
    refuse_inputs(there, (), lambda: alike)


def check_files(
    paths: Iterable[Path | None],
    *,
    overwrite: bool,
    inputs: Iterable[Path | None],
    films: Callable[[], Iterable[Path]] = tuple,
) -> None:
    """`refuse_inputs` for files to make, then `check_file` for each of them."""
    made = [path for path in paths if path is not None]
    refuse_inputs(made, inputs, films)
    for path in made:
        check_file(path, overwrite=overwrite)


def check_file(path: Path, *, overwrite: bool, or_else: str = _REPLACE) -> None:
    """Refuse a file that may not be made, or not replaced.

    Args:
        overwrite: Whether an ordinary file that is there may be replaced.
        or_else: What else can be done where one is there, for the hint.

    Raises:
        OutputError: It is a link, a folder or a device, or is there already.
    """
    refuse_link(path)
    mode = _mode(path)
    if mode is None:
        return
    if not stat.S_ISREG(mode):
        what = "a folder" if stat.S_ISDIR(mode) else "no ordinary file"
        raise OutputError(
            f"{_called(path)} is {what}, and no file can take its place.",
            hint="Choose another name.",
        )
    if not overwrite:
        raise _exists(path, or_else)


def check_folder(path: Path, *, overwrite: bool, is_own: IsOwn) -> None:
    """Refuse a folder that may not be made, or not replaced.

    Args:
        overwrite: Whether one that is there may be replaced, if it is empty or
            `is_own` says so. No other ever is.
        is_own: Asked of a folder that is not empty.

    Raises:
        OutputError: It is a link or a file, holds other things, or is there already.
    """
    refuse_link(path)
    mode = _mode(path)
    if mode is None:
        return
    if not stat.S_ISDIR(mode):
        raise OutputError(
            f"{_called(path)} could not be written: a file is in its place.",
            hint="Choose another name.",
        )
    if contents(path) != {} and not is_own(path):
        raise OutputError(
            f"{_called(path)} exists already and holds other files, which are not "
            "replaced.",
            hint="Choose another name, or move what is in it elsewhere.",
        )
    if not overwrite:
        raise _exists(path)


def refuse_link(path: Path) -> None:
    """Raise OutputError of an output that is a link: what it leads to was not named."""
    if path.is_symlink():
        raise OutputError(
            f"{_called(path)} is a link, and is neither followed nor replaced.",
            hint=f"Choose another name, or {os.path.realpath(path)} itself.",
        )


def contents(folder: Path) -> dict[str, bool] | None:
    """What is in a folder, but for what systems and cut off writes leave there.

    Name -> whether it is an ordinary file; None where that cannot be told.
    """
    try:
        with os.scandir(folder) as entries:
            return {
                entry.name: entry.is_file(follow_symlinks=False)
                for entry in entries
                if entry.name.lower() not in _OF_THE_SYSTEM
                and not _CUT_OFF.match(entry.name)
            }
    except OSError:
        return None


def file_names(folder: Path) -> set[str]:
    """The names of a folder's files; empty where it holds anything else too."""
    found = contents(folder) or {}
    return set(found) if all(found.values()) else set()


def mark_export(folder: Path, kind: str) -> None:
    """Leave word in a folder that it was exported, and of what it consists."""
    files = sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file()
    )
    text = json.dumps({"made_by": "Hilum", "format": kind, "files": files}, indent=1)
    (folder / MARK).write_text(text + "\n", encoding="utf-8")


def is_export(folder: Path) -> bool:
    """Whether a folder is what an export made, and holds nothing else."""
    try:
        listed = {MARK, *read_json(folder / MARK)["files"]}
    except (OSError, ValueError, KeyError, TypeError):
        return False
    for inside in [folder, *filter(Path.is_dir, folder.rglob("*"))]:
        found = contents(inside)
        if found is None:
            return False
        for name, is_file in found.items():
            path = inside / name
            if is_file and path.relative_to(folder).as_posix() not in listed:
                return False
            if not is_file and (path.is_symlink() or not path.is_dir()):
                return False
    return True


def lies_in(path: Path, folder: Path) -> bool:
    """Whether a path is a folder or lies in it, by its name or by where links lead.

    A file lies in itself alone; the path need not be there.
    """
    known, name = _identity(folder), os.path.realpath(folder)
    for whole in (Path(os.path.abspath(path)), Path(os.path.realpath(path))):
        for each in (whole, *whole.parents):
            if str(each) == name or (known is not None and _identity(each) == known):
                return True
    return False


def _refuse_input(output: Path, read: Path) -> None:
    if lies_in(output, read):
        if lies_in(read, output):
            raise _is_read(output)
        raise OutputError(
            f"{_called(output)} would be written into {_called(read)}, which is read.",
            hint=f"Choose a place outside {read}.",
        )
    if lies_in(read, output):
        raise _is_read(output, _called(read))


def _refuse_shared(outputs: list[Path]) -> None:
    """Refuse two outputs that are one, or of which one lies in the other."""
    places = [Path(os.path.realpath(output)) for output in outputs]
    taken = set(places)
    is_inside = not all(taken.isdisjoint(place.parents) for place in places)
    if len(taken) < len(places) or is_inside:
        raise OutputError(
            "Two of the results would go to one file, or one into the other.",
            hint="Give each a name of its own.",
        )


def _is_read(output: Path, holds: str = "") -> OutputError:
    what = f"contains {holds}, which is read," if holds else "is what is read,"
    return OutputError(
        f"{_called(output)} {what} and is not replaced.",
        hint="Choose another name for what is to be written.",
    )


def _exists(path: Path, or_else: str = _REPLACE) -> OutputError:
    return OutputError(
        f"{_called(path)} exists already.",
        hint=f"Choose another name, {or_else}.",
    )


def _identity(path: Path) -> tuple[int, int] | None:
    """What tells a file or folder from any other, by whatever name; None: no such."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino


def _mode(path: Path) -> int | None:
    try:
        return os.lstat(path).st_mode
    except (OSError, ValueError):  # not there, or the writing will tell why
        return None


def _called(path: Path) -> str:
    return path.name or str(path.absolute())
