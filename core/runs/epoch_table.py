"""The epochs of a job as a table, for a spreadsheet or a script."""

from __future__ import annotations

import contextlib
import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from core.errors import OutputError
from core.files import write_csv
from core.jobs.events import EpochEnded, TrainingEvent
from core.jobs.reporters import Report
from core.records import convert
from core.runs.progress import add_epoch

#: In the folder of a job while it runs, and in the bundle that it makes.
EPOCHS: Final = "epochs.csv"


def also_to_table(report: Report, path: Path) -> Report:
    """A report whose epochs are kept in a table too, written anew after each.

    A job that goes on goes on with the rows that are there.
    """
    epochs = _read(path)

    def keep(event: TrainingEvent) -> None:
        nonlocal epochs
        if isinstance(event, EpochEnded):
            epochs = add_epoch(epochs, event)
            # A spreadsheet that has it open must not end a training.
            with contextlib.suppress(OutputError):
                write_epochs(path, epochs)
        report(event)

    return keep


def write_epochs(path: Path, epochs: Sequence[EpochEnded]) -> None:
    """Write epochs as a table with the fields of `EpochEnded`.

    Raises:
        OutputError: It cannot be written.
    """
    rows = (msgspec.structs.astuple(epoch) for epoch in epochs)
    write_csv(path, [EpochEnded.__struct_fields__, *rows])


def _read(path: Path) -> list[EpochEnded]:
    try:
        with open(path, encoding="utf-8", newline="") as file:
            rows = [
                {name: value for name, value in row.items() if value}
                for row in csv.DictReader(file)
            ]
        return convert(rows, list[EpochEnded], strict=False)
    except (OSError, ValueError):  # not there yet, or somebody changed it
        return []
