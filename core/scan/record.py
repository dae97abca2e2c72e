"""What a scan was asked to do, and how it stands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from core import __version__
from core.model.bundle import Label
from core.records import Count, Share, convert, to_json

#: Under way; where nobody has it, an accident ended it, and it is to go on by itself.
RUNNING: Final = "running"
#: Ended, or made to wait, by the user.
PAUSED: Final = "paused"
CANCELLED: Final = "cancelled"
FINISHED: Final = "finished"
#: It could not go on; `message` says why.
FAILED: Final = "failed"

#: Where the true labels of the films come from.
NO_LABELS: Final = ""
FROM_FOLDERS: Final = "folders"
FROM_LIST: Final = "list"


class ScanRecord(
    msgspec.Struct, frozen=True, rename={"version": "program", "format": "version"}
):
    """What a scan was asked to do, and how it stands.

    Attributes:
        folder: That the films lie in.
        started: When it was asked for, with the time zone.
        model: Name of the model.
        bundle: Where its bundle was then.
        model_sha256: Names its graph and weights.
        card_labels: Of the model, in output order.
        card_points: Its operating points, likewise; none in older records.
        labels: `NO_LABELS`, `FROM_FOLDERS` or `FROM_LIST`.
        label_list: CSV file of the labels; None unless `FROM_LIST`.
        precision: As `core scan --precision`.
        watch: Whether the folder is watched once its films have been read.
        hidden: Whether files and folders that begin with a dot are read too.
        lungs: Whether lungs are looked for, to say how much of the evidence they hold.
        status: `RUNNING` to `FAILED`, as it was written down last.
        message: Why it failed; empty unless it did.
        hint: What can be done about that; may be empty.
        films: In the folder, as far as known; None before it was listed.
        done: Rows in the results when that was written down last.
        version: Of the program.
        format: Of the record.
    """

    folder: Path
    started: datetime
    model: str
    bundle: Path
    model_sha256: str
    card_labels: tuple[Label, ...]
    card_points: tuple[Share, ...] = ()
    labels: Literal["", "folders", "list"] = NO_LABELS
    label_list: Path | None = None
    precision: str = "float32"
    watch: bool = False
    hidden: bool = False
    lungs: bool = True
    status: Literal["running", "paused", "cancelled", "finished", "failed"] = RUNNING
    message: str = ""
    hint: str = ""
    films: Count | None = None
    done: Count = 0
    version: str = __version__
    format: Literal[1] = 1

    @property
    def name(self) -> str:
        """What people call it: the name of the folder."""
        return self.folder.name or str(self.folder)

    @property
    def label_names(self) -> tuple[str, ...]:
        """Names of the labels, in output order."""
        return tuple(label.name for label in self.card_labels)


class _Labels(msgspec.Struct):
    """How the labels of the model are written: (name, display name) each."""

    card_labels: Annotated[list[tuple[str, str]], Meta(min_length=1)]


def record_to_json(record: ScanRecord) -> dict[str, Any]:
    """The record as plain JSON values."""
    return {
        **to_json(record),
        "started": record.started.isoformat(timespec="seconds"),
        "card_labels": [[each.name, each.display_name] for each in record.card_labels],
        "label_list": str(record.label_list or ""),
    }


def record_from_json(fields: Mapping[str, Any]) -> ScanRecord:
    """Rebuild a record, checking each field.

    Raises:
        RecordError: A field is missing or wrong.
    """
    labels = tuple(Label(*pair) for pair in convert(fields, _Labels).card_labels)
    label_list = fields.get("label_list") or None
    whole = {**fields, "card_labels": labels, "label_list": label_list}
    return convert(whole, ScanRecord)
