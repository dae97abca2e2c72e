"""When a run ran."""

from __future__ import annotations

import contextlib
from datetime import datetime
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


class RunTimes:
    """The parts of a run between its pauses, kept in a file of its folder."""

    def __init__(self, path: Path, channel: JobChannel) -> None:
        """Name the file, which need not exist, and the channel of the run."""
        self._path = path
        self._channel = channel

    def begin(self) -> None:
        """A part of the run starts.

        Raises:
            OutputError: The folder cannot be written.
        """
        before = [(start, self._end(start, end)) for start, end in self._parts()]
        self._write([*before, (datetime.now().timestamp(), None)])

    def end(self) -> None:
        """The part that started last has ended now."""
        parts = self._parts()
        if parts and parts[-1][1] is None:
            parts[-1] = (parts[-1][0], datetime.now().timestamp())
            # On a full disk its last event tells when it ended.
            with contextlib.suppress(OutputError):
                self._write(parts)

    def seconds(self) -> float:
        """How long it ran, pauses left out."""
        parts = self._parts()
        return sum(max(0.0, self._end(start, end) - start) for start, end in parts)

    def _end(self, start: float, end: float | None) -> float:
        """The end of a part; where no window saw it, its last event tells it."""
        if end is not None:
            return end
        if self._channel.is_running():
            return datetime.now().timestamp()
        try:
            return max(start, self._channel.events.stat().st_mtime)
        except OSError:
            return start

    def _parts(self) -> list[tuple[float, float | None]]:
        try:
            return convert(read_json(self._path), _Parts).parts
        except (OSError, ValueError):
            return []

    def _write(self, parts: list[tuple[float, float | None]]) -> None:
        write_json(self._path, _Parts(parts))
