"""What is done on the disk for jobs of a kind; slow, so not in the window's thread."""

from __future__ import annotations

import dataclasses
import logging
import subprocess
import threading
from collections.abc import Sequence
from typing import Any

from core.errors import CoreError
from core.jobs.channel import JobChannel
from core.jobs.events import STOP
from desktop.work.kind import Active, JobKind, Launch, Settled

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Found:
    """All jobs, the one that is at work, or the one that goes on by itself."""

    items: Sequence[Any]
    active: Active | None = None
    interrupted: Any | None = None


class JobFiles:
    """Starts, finds and settles jobs of a kind."""

    def __init__(self, kind: JobKind) -> None:
        self._kind = kind
        self._is_closed = threading.Event()

    def close(self) -> None:
        """Nobody will follow what is started from now on. Safe from any thread."""
        self._is_closed.set()

    def begin(self, launch: Launch) -> tuple[Launch, subprocess.Popen[bytes]]:
        """Start the process of a job.

        Raises:
            OutputError: It runs already, or cannot be started.
        """
        channel = JobChannel(launch.item.path)
        child = channel.start(launch.words, done=launch.done)
        if self._is_closed.is_set():
            channel.request(STOP)
        return launch, child

    def ask_to_end(self, active: Active) -> None:
        """Ask for the end of a job that nobody will follow any more."""
        if active.outcome is None:
            try:
                JobChannel(active.item.path).request(STOP)
            except CoreError as error:
                logger.warning("a job could not be asked to end: %s", error)

    def find(self, *, seek: bool, goes_on: bool) -> Found:
        """List the jobs; seek one that is at work, or else one that goes on."""
        items = self._kind.find()
        if not seek:
            return Found(items)
        for item in items:
            if JobChannel(item.path).is_running():
                progress, place = self._kind.progress(item)
                active = Active(item, progress, False, place, by_itself=True)
                return Found(items, active)
        interrupted = self._kind.interrupted(items) if goes_on else None
        return Found(items, interrupted=interrupted)

    def settle(self, active: Active) -> Settled:
        """Write down how a job ended; delete one that was to be."""
        assert active.outcome is not None
        settled = self._kind.settle(active, active.outcome)
        if not active.is_doomed:
            return settled
        self._kind.delete(settled.item)
        name = self._kind.name(settled.item)
        return Settled(settled.item, f"{name} has been deleted.")
