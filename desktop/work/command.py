"""Jobs of which only the newest is of interest: a check, a comparison, an export."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from core.jobs.channel import JobChannel
from desktop.work.kind import Job, JobKind, Progress


@dataclasses.dataclass(frozen=True)
class Command:
    """One command of the core.

    Attributes:
        words: Of the command line.
        path: Folder of its channel; made if missing. What was told there is forgotten.
    """

    words: tuple[str, ...]
    path: Path


class CommandKind(JobKind):
    """Commands that are forgotten when they have ended."""

    kill_after_s = 3.0  # one holds nothing that would be worth waiting for

    def name(self, item: Command) -> str:
        return item.words[0]

    def begin(self, request: Command) -> Job:
        JobChannel(request.path).forget()
        return Job(request, request.words, Progress())
