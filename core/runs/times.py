"""When a run ran."""

from __future__ import annotations

import contextlib
import json
from datetime import datetime
from pathlib import Path
from typing import Any

from core.errors import OutputError
from core.files import atomic_write
from core.jobs.channel import JobChannel
from core.json_file import read_json


class RunTimes:
    """The parts of a run between its pauses, kept in a file of its folder."""

    def __init__(self, path: Path, channel: JobChannel) -> None:
        """Name the file, which need not exist.

        Args:
            path: The file.
            channel: Of the run.
        """
        self._path = path
        self._channel = channel

    def begin(self) -> None:
        """A part of the run starts.

        Raises:
            OutputError: The folder cannot be written.
        """
        parts = self._parts()
        if parts and parts[-1][1] is None:  # it ended without a window
            parts[-1] = (parts[-1][0], self._last_sign(parts[-1][0]))
        self._write([*parts, (datetime.now().timestamp(), None)])

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
        total = 0.0
        for start, end in self._parts():
            if end is None:
                runs = self._channel.is_running()
                end = datetime.now().timestamp() if runs else self._last_sign(start)
            total += max(0.0, end - start)
        return total

    def _last_sign(self, start: float) -> float:
        try:
            return max(start, self._channel.events.stat().st_mtime)
        except OSError:
            return start

    def _parts(self) -> list[tuple[float, float | None]]:
        try:
            return [
                (float(start), None if end is None else float(end))
                for start, end in self._read().get("parts", [])
            ]
        except (TypeError, ValueError):
            return []

    def _read(self) -> dict[str, Any]:
        try:
            fields = read_json(self._path)
        except (OSError, ValueError):
            return {}
        return fields if isinstance(fields, dict) else {}

    def _write(self, parts: list[tuple[float, float | None]]) -> None:
        with atomic_write(self._path) as partial:
            text = json.dumps({"parts": parts})
            partial.write_text(text, encoding="utf-8")
