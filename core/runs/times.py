"""When a run ran."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from pathlib import Path

import msgspec

from core.errors import OutputError
from core.files import write_json
from core.jobs.channel import JobChannel
from core.json_file import read_json
from core.records import convert


class _Parts(msgspec.Struct):
    """Start and end of each, seconds; None for that of the part under way."""

    parts: list[tuple[float, float | None]] = []


@dataclasses.dataclass(frozen=True)
class RunTimes:
    """The parts of a run between its pauses.

    Attributes:
        path: Of the file that they are kept in; it need not exist.
    """

    path: Path
    channel: JobChannel

    def begin(self) -> None:
        """A part of the run starts.

        Raises:
            OutputError: The folder cannot be written.
        """
        before = [(start, self._end(start, end)) for start, end in self._parts()]
        write_json(self.path, _Parts([*before, (time.time(), None)]))

    def end(self) -> None:
        """The part that started last has ended now."""
        parts = self._parts()
        if parts and parts[-1][1] is None:
            parts[-1] = (parts[-1][0], time.time())
            # On a full disk its last event tells when it ended.
            with contextlib.suppress(OutputError):
                write_json(self.path, _Parts(parts))

    def seconds(self) -> float:
        """How long it ran, pauses left out."""
        parts = self._parts()
        return sum(max(0.0, self._end(start, end) - start) for start, end in parts)

    def _end(self, start: float, end: float | None) -> float:
        """The end of a part; where no window saw it, its last event tells it."""
        if end is not None:
            return end
        if self.channel.is_running():
            return time.time()
        try:
            return max(start, self.channel.events.stat().st_mtime)
        except OSError:
            return start

    def _parts(self) -> list[tuple[float, float | None]]:
        try:
            return convert(read_json(self.path), _Parts).parts
        except (OSError, ValueError):
            return []
