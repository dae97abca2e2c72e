"""What a scan was asked to do, and how it stands."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from core import __version__
from core.model.bundle import Label

#: Under way; where nobody has it, an accident ended it, and it is to go on by itself.
RUNNING: Final = "running"
#: Ended, or made to wait, by the user.
PAUSED: Final = "paused"
CANCELLED: Final = "cancelled"
FINISHED: Final = "finished"
#: It could not go on; `message` says why.
FAILED: Final = "failed"
STATUSES: Final = (RUNNING, PAUSED, CANCELLED, FINISHED, FAILED)

#: Where the true labels of the films come from.
NO_LABELS: Final = ""
FROM_FOLDERS: Final = "folders"
FROM_LIST: Final = "list"

_VERSION = 1
_TEXTS = (
    *("folder", "started", "model", "bundle", "model_sha256", "labels"),
    *("label_list", "precision", "status", "message", "hint", "program"),
)


@dataclasses.dataclass(frozen=True)
class ScanRecord:
    """What a scan was asked to do, and how it stands.

    Attributes:
        folder: That the films lie in.
        started: When it was asked for, with the time zone.
        model: Name of the model.
        bundle: Where its bundle was then.
        model_sha256: Names its graph and weights.
        card_labels: Of the model, in output order.
        labels: `NO_LABELS`, `FROM_FOLDERS` or `FROM_LIST`.
        label_list: CSV file of the labels; None unless `FROM_LIST`.
        precision: As `core scan --precision`.
        watch: Whether the folder is watched once its films have been read.
        hidden: Whether files and folders that begin with a dot are read too.
        status: One of `STATUSES`, as it was written down last.
        message: Why it failed; empty unless it did.
        hint: What can be done about that; may be empty.
        films: In the folder, as far as known; None before it was listed.
        done: Rows in the results when that was written down last.
        version: Of the program.
    """

    folder: Path
    started: datetime
    model: str
    bundle: Path
    model_sha256: str
    card_labels: tuple[Label, ...]
    labels: str = NO_LABELS
    label_list: Path | None = None
    precision: str = "float32"
    watch: bool = False
    hidden: bool = False
    status: str = RUNNING
    message: str = ""
    hint: str = ""
    films: int | None = None
    done: int = 0
    version: str = __version__

    @property
    def name(self) -> str:
        """What people call it: the name of the folder."""
        return self.folder.name or str(self.folder)

    @property
    def label_names(self) -> tuple[str, ...]:
        """Names of the labels, in output order."""
        return tuple(label.name for label in self.card_labels)


def record_to_json(record: ScanRecord) -> dict[str, Any]:
    """The record as plain JSON values."""
    return {
        "version": _VERSION,
        "folder": str(record.folder),
        "started": record.started.isoformat(timespec="seconds"),
        "model": record.model,
        "bundle": str(record.bundle),
        "model_sha256": record.model_sha256,
        "card_labels": [[each.name, each.display_name] for each in record.card_labels],
        "labels": record.labels,
        "label_list": str(record.label_list or ""),
        "precision": record.precision,
        "watch": record.watch,
        "hidden": record.hidden,
        "status": record.status,
        "message": record.message,
        "hint": record.hint,
        "films": record.films,
        "done": record.done,
        "program": record.version,
    }


def record_from_json(fields: Mapping[str, Any]) -> ScanRecord:
    """Rebuild a record, checking each field.

    Raises:
        ValueError, KeyError, TypeError: A field is missing or wrong.
    """
    if fields["version"] != _VERSION:
        raise ValueError(f"its version is {fields['version']!r}")
    for name in _TEXTS:
        if not isinstance(fields[name], str):
            raise TypeError(f"{name} is {fields[name]!r}")
    if fields["status"] not in STATUSES:
        raise ValueError(f"its status is {fields['status']!r}")
    if fields["labels"] not in (NO_LABELS, FROM_FOLDERS, FROM_LIST):
        raise ValueError(f"its labels are {fields['labels']!r}")
    labels = tuple(
        Label(str(name), str(shown)) for name, shown in fields["card_labels"]
    )
    if not labels:
        raise ValueError("its model has no labels")
    return ScanRecord(
        folder=Path(fields["folder"]),
        # Without a time zone it is the local one.
        started=datetime.fromisoformat(fields["started"]).astimezone(),
        model=fields["model"],
        bundle=Path(fields["bundle"]),
        model_sha256=fields["model_sha256"],
        card_labels=labels,
        labels=fields["labels"],
        label_list=Path(fields["label_list"]) if fields["label_list"] else None,
        precision=fields["precision"],
        watch=bool(fields["watch"]),
        hidden=bool(fields.get("hidden", False)),  # which older records lack
        status=fields["status"],
        message=fields["message"],
        hint=fields["hint"],
        films=None if fields["films"] is None else int(fields["films"]),
        done=int(fields["done"]),
        version=fields["program"],
    )
