"""Jobs of which only the newest is of interest: a check, a comparison, an export."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from core.jobs.channel import JobChannel, Outcome
from core.jobs.events import TrainingEvent
from desktop.work.kind import Active, Launch, Settled


@dataclasses.dataclass(frozen=True)
class Command:
    """One command of the core.

    Attributes:
        words: Of the command line.
        path: Folder of its channel; made if missing. What was told there is forgotten.
    """

    words: tuple[str, ...]
    path: Path


class _NoProgress:
    def add(self, event: TrainingEvent) -> None:
        """Whoever shows it listens to the controller."""

    def ask(self, word: str) -> None:
        """Whoever asks shows that."""


class CommandKind:
    """Commands that are forgotten when they have ended."""

    busy = None
    ends_with_window = True
    kill_after_s = 3.0  # one holds nothing that would be worth waiting for

    def name(self, item: Command) -> str:
        return item.words[0]

    def find(self) -> Sequence[Command]:
        return ()

    def begin(self, request: Command) -> Launch:
        JobChannel(request.path).forget()
        return Launch(request, request.words, _NoProgress())

    def resume(self, item: Command) -> Launch:
        return self.begin(item)  # which keeps nothing to go on from

    def progress(self, item: Command) -> tuple[_NoProgress, int]:
        return _NoProgress(), 0

    def interrupted(self, items: Sequence[Command]) -> None:
        return None

    def noted(self, active: Active) -> Command:
        item: Command = active.item
        return item

    def save(self, item: Command) -> None:
        """Nothing is kept of it."""

    def settle(self, active: Active, outcome: Outcome) -> Settled:
        return Settled(active.item)

    def delete(self, item: Command) -> None:
        """Its folder is its owner's."""
