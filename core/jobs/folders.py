"""Jobs of the user, each in a folder that is named by a date and never used again."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import unicodedata
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec

from core.errors import CoreError, OutputError
from core.files import output_error, remove_folder
from core.jobs.channel import JobChannel
from core.jobs.events import JobStopped
from core.json_file import read_json

#: Longest name within a folder's name: letters, and bytes for other alphabets.
_LETTERS, _BYTES = 40, 80


#: Of a job; its `started` says when it was asked for.
Record = TypeVar("Record")


@dataclasses.dataclass(frozen=True)
class DatedJob(Generic[Record]):
    """A job and its folder.

    Attributes:
        record: What was asked for; a stand-in where it cannot be read.
        damage: Why the record cannot be read; empty if it can.
    """

    path: Path
    record: Record
    damage: str = ""

    @property
    def channel(self) -> JobChannel:
        """All that passes between the job's process and others."""
        return JobChannel(self.path)

    @property
    def log(self) -> Path:
        """What the job's process printed."""
        return self.channel.log

    def is_running(self) -> bool:
        """Whether a process is at work on it."""
        return self.channel.is_running()

    def was_paused(self) -> bool:
        """Whether it was stopped by the user, and not by an accident."""
        return isinstance(self.channel.last_event(), JobStopped)


Job = TypeVar("Job", bound=DatedJob[Any])


def list_jobs(home: Path, what: str, read: Callable[[Path], Job]) -> list[Job]:
    """The jobs in `home`, newest first; none where it is not there.

    Args:
        what: They are, for people: "runs".
        read: Gives that of a folder, whether or not its record can be understood.

    Raises:
        OutputError: It cannot be read.
    """
    try:
        with os.scandir(home) as entries:
            folders = [
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
    jobs = map(read, folders)
    return sorted(jobs, key=lambda job: (job.record.started, job.path), reverse=True)


def read_record(
    path: Path, what: str, parse: Callable[[Any], Record]
) -> tuple[Record | None, str]:
    """The record of a job, or why it cannot be read.

    Args:
        path: Of its file.
        what: The job is, for people: "run".
    """
    try:
        record: Any = parse(read_json(path))
        # Without a time zone it is the local one.
        started = record.started.astimezone()
        return msgspec.structs.replace(record, started=started), ""
    except CoreError as error:
        return None, f"The record of this {what} cannot be understood: {error}"
    except FileNotFoundError:
        return None, f"The record of this {what} is missing."
    except (OSError, ValueError) as error:
        return None, f"The record of this {what} is damaged ({error})."


def make_folder(home: Path, started: datetime, name: str, what: str) -> Path:
    """Make a folder for something that starts.

    Args:
        home: Where; made if missing.
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


def delete_job(job: DatedJob[Any], home: Path) -> None:
    """Remove a job of `home` with everything in its folder.

    Raises:
        OutputError: It is running, or its files cannot be removed.
    """
    name = job.record.name
    if job.is_running():
        raise OutputError(
            f"{name} is running and cannot be deleted.", hint="Stop it first."
        )
    remove_folder(job.path, home, name)


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
