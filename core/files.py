"""Write files and folders whole, or not at all."""

from __future__ import annotations

import contextlib
import csv
import errno
import io
import json
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from core.errors import OutputError
from core.outputs import IsOwn, check_file, check_folder
from core.records import to_json

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextlib.contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Write a file beside its place and rename it when it is whole.

    Its folder is made if missing.

    Yields:
        A path in the same folder to write to, with the suffix of `path`.

    Raises:
        OutputError: The folder or file cannot be written, or a link, a folder or
            a device is in its place. What stood at `path` before is untouched, and
            nothing half-written is left.
    """
    check_file(path, overwrite=True)
    partial = _beside(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        os.replace(partial, path)
    except OSError as error:
        raise output_error(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Write JSON values, or records of them, as `atomic_write` does."""
    text = json.dumps(to_json(value), indent=1, ensure_ascii=False, allow_nan=False)
    with atomic_write(path) as partial:
        # The name of a file may hold bytes that are no text; JSON can escape those.
        partial.write_bytes(f"{text}\n".encode("utf-8", "backslashreplace"))


def write_csv(path: Path, rows: Iterable[Sequence[object]]) -> None:
    """Write a table, its head in the first row, as `atomic_write` does.

    Raises:
        OutputError: It cannot be written.
    """
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    with atomic_write(path) as partial:
        partial.write_text(text.getvalue(), encoding="utf-8", newline="")


@contextlib.contextmanager
def atomic_folder(
    path: Path, *, is_own: IsOwn = lambda folder: False
) -> Iterator[Path]:
    """Fill a folder beside its place and rename it when it is whole.

    Args:
        path: The folder to make. One that is there already is replaced if it is
            empty or of the kind that is made, and kept until the new one has
            taken its place.
        is_own: Whether a folder that is not empty is of that kind, and holds
            nothing else.

    Yields:
        An empty folder beside `path`.

    Raises:
        OutputError: As `atomic_write`; or a link, or a folder with other things,
            is in its place.
    """
    check_folder(path, overwrite=True, is_own=is_own)
    partial, old = _beside(path), _beside(path)
    try:
        partial.mkdir(parents=True)
        yield partial
        # Once more: hours may have passed.
        check_folder(path, overwrite=True, is_own=is_own)
        if path.exists():
            os.replace(path, old)
        try:
            os.replace(partial, path)
        except OSError:
            if old.exists():
                os.replace(old, path)
            raise
    except OSError as error:
        raise output_error(path, error) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        # Never the only copy: putting it back may have failed too.
        if path.exists():
            shutil.rmtree(old, ignore_errors=True)


def remove_folder(path: Path, home: Path, name: str) -> None:
    """Remove a folder of `home` with all that is in it; one that is gone is no matter.

    Args:
        name: What errors call it.

    Raises:
        OutputError: It cannot be removed, or not whole.
    """
    if path.parent != home:
        raise ValueError(f"expected a folder of {home}. Received: {path}")
    # Out of sight at once and as a whole: half of it is never listed.
    going = _beside(path)
    try:
        os.replace(path, going)
    except FileNotFoundError:
        return
    except OSError as error:
        raise OutputError(
            f"{name} cannot be deleted: {error.strerror or error}.",
            hint="Close programs that have its files open, and try again.",
        ) from error
    try:
        shutil.rmtree(going)
    except OSError as error:
        raise OutputError(
            f"{name} could not be deleted whole: {error.strerror or error}.",
            hint=f"Close what has its files open, or delete {going} yourself.",
        ) from error


def link_files(one: Path, other: Path, *patterns: str) -> None:
    """Lay files of a folder into another as well; they are never written to again.

    Raises:
        OutputError: It cannot be written.
    """
    for path in sorted({path for each in patterns for path in one.glob(each)}):
        target = other / path.name
        try:
            target.unlink(missing_ok=True)
            try:
                os.link(path, target)
            except OSError:  # another disk, or one without links
                shutil.copyfile(path, target)
        except OSError as error:
            raise output_error(target, error) from error


def output_error(path: Path, error: OSError) -> OutputError:
    """Say in a sentence why `path` could not be written."""
    if error.errno in _FULL:
        return OutputError(
            f"There is no space left to write {path.name}.",
            hint="Free some space or choose another disk; nothing was changed.",
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return OutputError(
            f"{path.parent} may not be written to.",
            hint="Choose another folder, or change its permissions.",
        )
    reason = error.strerror or str(error)
    return OutputError(
        f"{path.name} could not be written: {reason}.",
        hint="Choose another place; nothing was changed.",
    )


def unfinished_error(
    path: Path, error: OSError, *, then: str = "", code: str = ""
) -> OutputError:
    """As `output_error`, where what was written before stays.

    `then` says, after a comma, what to do once the hint was followed.
    """
    said = str(output_error(path, error)).removesuffix(".")
    hint = "Free some space" if error.errno in _FULL else "Mend that"
    return OutputError(
        f"{said}; what was done is kept.", hint=f"{hint}{then}.", code=code
    )


def sync_file(file: int) -> None:
    """Wait until a file is on the disk itself, where the disk can tell."""
    try:
        os.fsync(file)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise


def _beside(path: Path) -> Path:
    # A short name of its own: the real one may be at the system's limit.
    return path.parent / f".{uuid.uuid4().hex[:12]}{path.suffix[:16]}"


def refuse_impossible_name(path: Path) -> None:
    """Raise OutputError of a place whose name no file can have: too long a one, say."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as error:
        raise output_error(path, error) from error


def refuse_missing_folder(path: Path) -> None:
    """Raise OutputError of a file for a folder that is not there: likely misspelt."""
    if not path.name:
        raise OutputError(
            "A file to write needs a name.", hint=f"{path} is the name of a folder."
        )
    refuse_impossible_name(path)
    if not os.path.isdir(path.absolute().parent):
        raise OutputError(
            f"There is no folder {path.parent} to write {path.name} to.",
            hint="Make it first, or choose another place.",
        )


def refuse_unwritable(path: Path) -> None:
    """Raise what `atomic_write` would, before work is put into a file or folder."""
    path = path.absolute()
    try:
        if path.is_file():
            with open(path, "ab"):
                return
        if path.exists():  # a folder, or something like /dev/null
            return
        place = next(parent for parent in path.parents if parent.exists())
        trial = _beside(place / path.name)
        trial.touch(exist_ok=False)
        trial.unlink()
    except OSError as error:
        raise output_error(path, error) from error
