"""Folders that are named by a date, never used again, and deleted as a whole."""

from __future__ import annotations

import contextlib
import os
import shutil
import unicodedata
import uuid
from datetime import datetime
from pathlib import Path

from core.errors import OutputError
from core.files import output_error

#: Longest name within a folder's name: letters, and bytes for other alphabets.
_LETTERS, _BYTES = 40, 80


def list_folders(home: Path, what: str) -> list[Path]:
    """The folders in `home`; none where it is not there.

    Args:
        what: They are, for people: "runs".

    Raises:
        OutputError: It cannot be read.
    """
    try:
        with os.scandir(home) as entries:
            return [
                Path(entry.path)
                for entry in entries
                if entry.is_dir(follow_symlinks=False) and entry.name[0] != "."
            ]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise OutputError(
            f"The list of {what} cannot be read: {error.strerror or error}.",
            hint="Check the permissions of your data folder.",
        ) from error


def make_folder(home: Path, started: datetime, name: str, what: str) -> Path:
    """Make a folder for something that starts.

    Args:
        home: Where; made if missing.
        started: When.
        name: Its own; any text.
        what: Things of its kind, for people: "runs".

    Raises:
        OutputError: It cannot be made.
    """
    base = f"{started.strftime('%Y-%m-%d %H-%M-%S')} {safe_name(name)}"
    try:
        home.mkdir(parents=True, exist_ok=True)
        for number in range(1, 1000):
            folder = home / (base if number == 1 else f"{base} ({number})")
            with contextlib.suppress(FileExistsError):
                folder.mkdir()
                return folder
    except OSError as error:
        raise output_error(home / base, error) from error
    raise OutputError(
        f"There are too many {what} called {base}.", hint="Choose another name."
    )


def remove_folder(path: Path, name: str) -> None:
    """Remove a folder with everything in it; one that is gone is no matter.

    Args:
        path: It. Half of it is never listed.
        name: What it holds, for people.

    Raises:
        OutputError: It cannot be removed.
    """
    renamed = path.with_name(f".{uuid.uuid4().hex[:12]}")
    try:
        os.replace(path, renamed)
    except FileNotFoundError:
        return
    except OSError as error:
        raise OutputError(
            f"{name} cannot be deleted: {error.strerror or error}.",
            hint="Close programs that have its files open, and try again.",
        ) from error
    shutil.rmtree(renamed, ignore_errors=True)


def safe_name(name: str) -> str:
    """A part of a folder's name, good on every system, for any name."""
    kept = "".join(
        c if c.isalnum() or c in " -_.()" else "_"
        for c in unicodedata.normalize("NFC", name)
    )
    words = " ".join(kept.split())[:_LETTERS]
    while len(words.encode()) > _BYTES:
        words = words[:-1]
    return words.strip(" .") or "model"


def changed_at(path: Path) -> datetime:
    """When something was last changed; long ago where that is not known."""
    try:
        seconds = path.stat().st_mtime
    except OSError:
        return datetime.fromtimestamp(0).astimezone()
    return datetime.fromtimestamp(seconds).astimezone()
