"""What is done on the disk to export a scan and to file its films."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from core.errors import BundleError
from core.files import atomic_write
from core.filing.filer import finding_of
from core.scan.record import FROM_FOLDERS, ScanRecord
from core.scan.results import read_rows
from core.scan.row import encode_cell
from core.scan.store import Scan, find_bundle

ALL: Final = "all"
SHOWN: Final = "shown"
SELECTED: Final = "selected"


@dataclasses.dataclass(frozen=True)
class Choice:
    """Films to do something with.

    Attributes:
        which: `ALL`, `SHOWN` or `SELECTED`.
        files: As the scan names them, in their order; None for all.
    """

    which: str
    files: Sequence[str] | None = None


@dataclasses.dataclass(frozen=True)
class ScanTask:
    """Something that `core worklist` is to do.

    Attributes:
        scan: Whose films.
        choice: Which of them.
        words: What to do, as the command line says it.
        target: File or folder that it makes.
        needs_model: Whether it is no use without the scan's model.
        moves: Whether films leave the folder of the scan.
    """

    scan: Scan
    choice: Choice
    words: tuple[str, ...]
    target: Path
    needs_model: bool = False
    moves: bool = False


@dataclasses.dataclass(frozen=True)
class SelectionTotals:
    """What a choice of films comes to.

    Attributes:
        findings: Label, "uncertain", "refused" or "not read" -> films.
        size: Of all, bytes.
    """

    findings: Mapping[str, int]
    size: int

    @property
    def films(self) -> int:
        """How many there are."""
        return sum(self.findings.values())


def prepare(task: ScanTask) -> list[str]:
    """Write down which films, find the model; arguments of the command line.

    Raises:
        BundleError: The model is needed, and is gone.
        OutputError: The list of the films cannot be written.
    """
    scan = task.scan
    words = ["worklist", str(scan.results), "--folder", str(scan.record.folder)]
    try:
        words += ["--model", str(find_bundle(scan.record).path)]
    except BundleError:
        if task.needs_model:
            raise
    if task.needs_model:
        words += _label_words(scan.record)
    if task.choice.files is not None:
        path = scan.path / f"chosen-{os.getpid()}.txt"
        with atomic_write(path) as partial:
            lines = "\n".join(map(encode_cell, task.choice.files))
            partial.write_text(lines + "\n", encoding="utf-8")
        words += ["--only", str(path)]
    return [*words, *task.words]


def totals_command(scan: Scan) -> list[str]:
    """Arguments of the command line that sums up what a scan has listed.

    Raises:
        BundleError: The scan's model is gone.
    """
    if not scan.rows():
        return []
    record = scan.record
    words = ["worklist", str(scan.results), "--folder", str(record.folder)]
    words += ["--model", str(find_bundle(record).path), *_label_words(record)]
    return [*words, "--json", str(scan.summary), "--overwrite"]


def _label_words(record: ScanRecord) -> list[str]:
    if record.labels == FROM_FOLDERS:
        return ["--labels-from-folders"]
    if record.label_list is not None:
        return ["--labels", str(record.label_list)]
    return []


def clean_up(task: ScanTask) -> None:
    """Remove the list of films that was written for the command."""
    with contextlib.suppress(OSError):
        (task.scan.path / f"chosen-{os.getpid()}.txt").unlink(missing_ok=True)


def totals_of(
    scan: Scan, choices: Sequence[Choice], is_dropped: Callable[[], bool]
) -> dict[str, SelectionTotals]:
    """Count the films of each choice by finding.

    Args:
        is_dropped: Whether nobody wants to know any more; asked often.

    Raises:
        OutputError: The results of the scan cannot be read.
    """
    counts: dict[str, collections.Counter[str]] = {}
    sizes = dict.fromkeys((choice.which for choice in choices), 0)
    wanted = {
        choice.which: None if choice.files is None else frozenset(choice.files)
        for choice in choices
    }
    for which in wanted:
        counts[which] = collections.Counter()
    for row in read_rows(scan.results, scan.record.label_names):
        if is_dropped():
            break
        for which, files in wanted.items():
            if files is None or row.file in files:
                counts[which][finding_of(row)] += 1
                sizes[which] += row.size or 0
    return {which: SelectionTotals(counts[which], sizes[which]) for which in wanted}


def films_gone(task: ScanTask) -> list[str]:
    """Those of the films that are not in the folder of the scan any more.

    Raises:
        OutputError: The results of the scan cannot be read.
    """
    clean_up(task)
    scan, files = task.scan, task.choice.files
    if files is None:
        rows = read_rows(scan.results, scan.record.label_names)
        files = [row.file for row in rows]
    folder = str(scan.record.folder)
    return [file for file in files if not os.path.lexists(os.path.join(folder, file))]
