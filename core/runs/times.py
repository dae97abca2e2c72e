"""When a run ran, and which window holds it."""

from __future__ import annotations

import contextlib
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil

from core.errors import OutputError
from core.files import atomic_write
from core.json_file import read_json


class RunTimes:
    """The parts of a run between its pauses, kept in a file of its folder."""

    def __init__(self, path: Path, events: Path) -> None:
        """Name the files; neither need exist.

        Args:
            path: The file.
            events: What a job writes to as long as it runs.
        """
        self._path = path
        self._events = events

    def begin(self) -> None:
        """A part of the run starts, held by this process.

        Raises:
            OutputError: The folder cannot be written.
        """
        parts = self._parts()
        if parts and parts[-1][1] is None:  # it went on without a window
            parts[-1] = (parts[-1][0], self._last_sign(parts[-1][0]))
        me = psutil.Process()
        holder = {"pid": me.pid, "created": me.create_time()}
        self._write(holder, [*parts, (datetime.now().timestamp(), None)])

    def end(self, *, goes_on: bool = False) -> None:
        """This process no longer holds the run.

        Args:
            goes_on: Whether the job does so without it.
        """
        parts = self._parts()
        if parts and not goes_on and parts[-1][1] is None:
            parts[-1] = (parts[-1][0], datetime.now().timestamp())
        try:
            self._write(None, parts)
        except OutputError:
            # A full disk ended the run: better no times than held for ever.
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)

    def is_held(self) -> bool:
        """Whether the process that started it supervises it still."""
        try:
            holder = self._read()["holder"]
            created: float = psutil.Process(int(holder["pid"])).create_time()
            # Numbers of processes come again: the start tells them apart.
            return abs(created - float(holder["created"])) < 1.0
        except (KeyError, TypeError, ValueError, psutil.Error):
            return False

    def seconds(self) -> float:
        """How long it ran, pauses left out."""
        total = 0.0
        for start, end in self._parts():
            if end is None:
                is_held = self.is_held()
                end = datetime.now().timestamp() if is_held else self._last_sign(start)
            total += max(0.0, end - start)
        return total

    def _last_sign(self, start: float) -> float:
        try:
            return max(start, self._events.stat().st_mtime)
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

    def _write(
        self, holder: dict[str, Any] | None, parts: list[tuple[float, float | None]]
    ) -> None:
        with atomic_write(self._path) as partial:
            text = json.dumps({"holder": holder, "parts": parts})
            partial.write_text(text, encoding="utf-8")
