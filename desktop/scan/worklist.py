"""What `core worklist` does with the films of a scan: files, folders and totals."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from core.errors import BundleError
from core.files import atomic_write
from core.filing.filer import NOT_READ, REFUSED, UNCERTAIN
from core.jobs.channel import Outcome
from core.scan.record import FROM_FOLDERS
from core.scan.results import read_rows
from core.scan.row import encode_cell
from core.scan.store import Scan, find_bundle
from desktop.scan.table.rows import Ids, RowStore
from desktop.work.kind import Command, CommandKind, Job, Settled

ALL: Final = "all"
SHOWN: Final = "shown"
SELECTED: Final = "selected"


@dataclasses.dataclass(frozen=True)
class Choice:
    """Films to do something with.

    Attributes:
        which: `ALL`, `SHOWN` or `SELECTED`.
        files: As the scan names them, in their order; None for all.
        findings: Label, "uncertain", "refused" or "not read" -> films.
        size: Of all, bytes.
    """

    which: str
    files: Sequence[str] | None = None
    findings: Mapping[str, int] = dataclasses.field(default_factory=dict)
    size: int = 0

    @property
    def films(self) -> int:
        """How many there are."""
        return sum(self.findings.values())


def choices_in(rows: RowStore, selected: Ids, shown: Ids) -> list[Choice]:
    """The films that can be chosen of a scan, by the numbers of their rows."""
    names = [*(label.name for label in rows.labels), UNCERTAIN, REFUSED, NOT_READ]
    choices = []
    for which, ids in ((SELECTED, selected), (SHOWN, shown), (ALL, None)):
        numbers = rows.numbers if ids is None else rows.numbers[ids]
        counts = np.bincount(numbers["finding"], minlength=len(names)).tolist()
        findings = dict(zip(names, counts, strict=True))
        files = None if ids is None else [rows.files[row] for row in ids.tolist()]
        size = int(numbers["size"].sum())
        choices.append(Choice(which, files, findings, size))
    return choices


@dataclasses.dataclass(frozen=True)
class ScanTask:
    """Something that `core worklist` is to do.

    Attributes:
        words: What to do, as the command line says it.
        target: File or folder that it makes.
        needs_model: Whether it is no use without the scan's model.
        moves: Whether films leave the folder of the scan.
        name: Of the folder of its channel.
        gone: Films that are not in the folder of the scan any more, once it ended.
    """

    scan: Scan
    choice: Choice
    words: tuple[str, ...]
    target: Path
    needs_model: bool = False
    moves: bool = False
    name: str = "worklist"
    gone: Sequence[str] = ()

    @property
    def path(self) -> Path:
        """The folder of its channel."""
        return self.scan.path / self.name

    @property
    def film_list(self) -> Path:
        """Where the chosen films are written down for the command."""
        return self.scan.path / f"chosen-{self.name}-{os.getpid()}.txt"


def totals_task(scan: Scan) -> ScanTask:
    """Sum up what a scan has listed, as it does itself where it comes to its end."""
    words = ("--json", str(scan.summary), "--overwrite")
    return ScanTask(
        scan, Choice(ALL), words, scan.summary, needs_model=True, name="totals"
    )


class WorklistKind(CommandKind):
    """Tasks with the films of a scan, as jobs."""

    def begin(self, request: ScanTask) -> Job:
        launch = super().begin(Command(tuple(prepare(request)), request.path))
        return dataclasses.replace(launch, item=request)

    def settle(self, job: Job, outcome: Outcome) -> Settled:
        task: ScanTask = job.item
        clean_up(task)
        return Settled(dataclasses.replace(task, gone=_films_gone(task)))


def prepare(task: ScanTask) -> list[str]:
    """Write down which films, find the model; arguments of the command line.

    Raises:
        BundleError: The model is needed, and is gone.
        OutputError: The list of the films cannot be written.
    """
    record = task.scan.record
    words = ["worklist", str(task.scan.results), "--folder", str(record.folder)]
    try:
        words += ["--model", str(find_bundle(record).path)]
    except BundleError:
        if task.needs_model:
            raise
    if task.needs_model and record.labels == FROM_FOLDERS:
        words += ["--labels-from-folders"]
    elif task.needs_model and record.label_list is not None:
        words += ["--labels", str(record.label_list)]
    if task.choice.files is not None:
        with atomic_write(task.film_list) as partial:
            lines = "\n".join(map(encode_cell, task.choice.files))
            partial.write_text(f"{lines}\n", encoding="utf-8")
        words += ["--only", str(task.film_list)]
    return [*words, *task.words]


def clean_up(task: ScanTask) -> None:
    """Remove the list of films that was written for the command."""
    with contextlib.suppress(OSError):
        task.film_list.unlink(missing_ok=True)


def _films_gone(task: ScanTask) -> Sequence[str]:
    if not task.moves:
        return ()
    scan, files = task.scan, task.choice.files
    if files is None:
        rows = read_rows(scan.results, scan.record.label_names)
        files = [row.file for row in rows]
    folder = str(scan.record.folder)
    return [file for file in files if not os.path.lexists(os.path.join(folder, file))]
