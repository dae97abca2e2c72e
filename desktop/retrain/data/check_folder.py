"""Where checks keep their files until a training starts or the window closes."""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import os
import shutil
from pathlib import Path

import psutil

from core.errors import DatasetError, OutputError
from core.files import output_error
from core.paths import checks_dir


class CheckFolder:
    """Numbered folders of this process, in that of all checks.

    Those of processes that are no longer there are removed on the way.
    """

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self._made: list[Path] = []
        self._has_cleaned = False

    def make(self) -> Path:
        """A new, empty folder.

        Raises:
            OutputError: It cannot be made.
        """
        root = checks_dir()
        if not self._has_cleaned:
            self._has_cleaned = True
            _remove_orphans(root)
        while True:
            path = root / f"{os.getpid()}-{next(self._numbers)}"
            try:
                path.mkdir(parents=True)
            except FileExistsError:  # of another page, or of an older process
                continue
            except OSError as error:
                raise output_error(path, error) from error
            self._made.append(path)
            return path

    def discard(self, path: Path | None) -> None:
        """Remove a folder that is no longer needed."""
        if path in self._made:
            self._made.remove(path)
            shutil.rmtree(path, ignore_errors=True)

    def clear(self) -> None:
        """Remove all that were made."""
        for path in tuple(self._made):
            self.discard(path)


def write_text(path: Path, text: str) -> None:
    """Write a small file of a check.

    Raises:
        OutputError: It cannot be written.
    """
    try:
        path.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        failure: OutputError = output_error(path, error)
        raise failure from error


def copy_manifest(manifest: Path, target: Path) -> None:
    """Copy a list of films so that it can lie anywhere: with absolute paths.

    Raises:
        DatasetError: The list cannot be read.
        OutputError: The copy cannot be written.
    """
    folder = os.path.abspath(manifest.parent)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    try:
        with open(manifest, encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file)
            names = next(rows, [])
            writer.writerow(names)
            place = names.index("file")
            for row in rows:
                if len(row) > place:
                    row[place] = os.path.join(folder, row[place].strip())
                    writer.writerow(row)
    except (OSError, ValueError, csv.Error) as error:
        raise DatasetError(
            f"The manifest {manifest.name} cannot be read: {error}.",
            hint="Check the films again.",
        ) from error
    write_text(target, text.getvalue())


def _remove_orphans(root: Path) -> None:
    with contextlib.suppress(OSError):
        for path in root.iterdir():
            number = path.name.partition("-")[0]
            if number.isdecimal() and not psutil.pid_exists(int(number)):
                shutil.rmtree(path, ignore_errors=True)
