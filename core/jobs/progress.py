"""How far a job has come in its stages."""

from __future__ import annotations

import time

from core.jobs.control import Control
from core.jobs.events import EpochEnded, Progressed, StageStarted
from core.jobs.reporters import Report

_REPORT_EVERY_S = 0.3


class StageProgress:
    """Tells how far the job is, and ends it when asked."""

    def __init__(self, report: Report, control: Control) -> None:
        self.report = report
        self.control = control
        self._stage = ""
        self._reported_at = 0.0
        self._counted_from: tuple[float, int] | None = None

    def start(self, stage: str, detail: str) -> None:
        """Begin a stage."""
        self.control.stop_if_asked()
        self._stage, self._counted_from = stage, None
        self.report(StageStarted(stage, detail))

    def done(self, done: int, total: int) -> None:
        """Say how many of the stage's films are done; a few times a second."""
        self.control.stop_if_asked()
        now = time.monotonic()
        if self._counted_from is None:
            # The first step compiles: the rate counts from its end.
            self._counted_from = (now, done)
            self._reported_at = now
        elif now - self._reported_at > _REPORT_EVERY_S or done == total:
            self._reported_at = now
            began, first = self._counted_from
            rate = (done - first) / max(now - began, 1e-9)
            self.report(Progressed(self._stage, done, total, round(rate, 2)))

    def epoch(self, ended: EpochEnded) -> None:
        """Report an epoch."""
        self.report(ended)
        self.control.stop_if_asked()
