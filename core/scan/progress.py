"""What a scan has told so far, and what follows from it."""

from __future__ import annotations

import time
from collections import deque

from core.jobs.events import PAUSE, STOP, Noted, Progressed, StageStarted, TrainingEvent

#: What the child is about.
START, LISTING, READING, WATCHING = "start", "listing", "scan", "watch"
STOPPING = "stopping"
#: The speed is that of so many seconds.
_RECENT_S = 15.0
#: Notes that are kept: a folder may give one for each of its own.
_MAX_NOTES = 200


class ScanProgress:
    """Counts films and keeps notes.

    Args:
        before: Films that its results listed when it was started.

    Attributes:
        stage: What it is about.
        detail: That in a sentence.
        done: Films read, those before included.
        total: Films in the folder; None before they were listed.
        notes: What the user should know, newest last.
        dropped: Notes before those.
        latest: The last film that came while watching.
        is_paused: Whether it was asked to wait.
        was_watching: Whether all films had been read when it was asked to end.
    """

    def __init__(self, before: int = 0) -> None:
        self.stage, self.detail = START, "Starting."
        self.done = self.before = before
        self.total: int | None = None
        self.notes: list[str] = []
        self.dropped = 0
        self.latest = ""
        self.is_paused = self.was_watching = False
        self._points: deque[tuple[float, int]] = deque()

    def add(self, event: TrainingEvent) -> None:
        """Take what the child said."""
        if isinstance(event, StageStarted):
            if self.stage != STOPPING:
                self.stage, self.detail = event.stage, event.detail
            if event.stage == WATCHING:
                self.total = None
        elif isinstance(event, Progressed) and event.stage == READING:
            self.done = self.before + event.done
            self.total = self.before + event.total
            self._note_speed()
        elif isinstance(event, Noted):
            if self.stage == WATCHING:
                self.latest = event.message
            else:
                self.note(event.message)

    def ask(self, word: str) -> None:
        """It was asked for something, by a word of `core.jobs.events`."""
        if word == STOP and self.stage != STOPPING:
            self.was_watching = self.stage == WATCHING
            self.stage, self.detail = STOPPING, "Stopping; what was done is kept."
        self.is_paused = word == PAUSE
        self.forget_speed()

    def forget_speed(self) -> None:
        """What was told before says nothing of the speed from now on."""
        self._points.clear()

    @property
    def films_per_s(self) -> float | None:
        """Of the last seconds; None where that is not known yet."""
        if len(self._points) < 2:
            return None
        (begin, first), (end, last) = self._points[0], self._points[-1]
        if end - begin < 0.5 or last <= first:
            return None
        return (last - first) / (end - begin)

    @property
    def seconds_left(self) -> float | None:
        """Until all films are read; None where that is not known."""
        speed = self.films_per_s
        if self.is_paused or speed is None or self.total is None:
            return None
        return max(0, self.total - self.done) / speed

    def _note_speed(self) -> None:
        now = time.monotonic()
        self._points.append((now, self.done))
        while len(self._points) > 2 and now - self._points[0][0] > _RECENT_S:
            self._points.popleft()

    def note(self, text: str) -> None:
        self.notes.append(text)
        if len(self.notes) > _MAX_NOTES:
            del self.notes[0]
            self.dropped += 1
