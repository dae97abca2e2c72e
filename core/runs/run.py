"""One training: what it was asked to do, when it ran, and its folder."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from core import __version__
from core.errors import OutputError
from core.files import write_json
from core.jobs.channel import JobChannel
from core.jobs.events import JobFailed
from core.jobs.failures import Failure, tail_of
from core.jobs.folders import DatedJob
from core.json_file import read_json
from core.model.bundle import CARD, ModelBundle
from core.records import convert
from core.runs.config import TrainingConfig
from core.runs.job_folder import JobFolder

RUNNING: Final = "running"
FINISHED: Final = "finished"
INTERRUPTED: Final = "interrupted"
FAILED: Final = "failed"

JOB: Final = "job.json"


class RunRecord(
    msgspec.Struct, frozen=True, rename={"version": "program", "format": "version"}
):
    """What a run was asked to do.

    Attributes:
        preset: Name of the preset that it started from; may be empty.
        data: Folder or manifest, as the user chose it.
        started: When it was asked for, with the time zone.
        config: The whole job; `accept_leaks` says why leaks were accepted.
        backend: Of Keras: "tensorflow", "jax" or "torch".
        minutes: That it was reckoned to take, before it started; 0 where unknown.
    """

    name: str
    preset: str
    data: Path
    started: datetime
    config: TrainingConfig
    backend: str
    version: str = __version__
    format: Literal[1] = 1
    minutes: float = 0.0


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


@dataclasses.dataclass(frozen=True)
class Run(DatedJob[RunRecord]):
    """One training and its folder."""

    @property
    def bundle_dir(self) -> Path:
        """The bundle that it makes."""
        return self.path / "model"

    @property
    def work(self) -> JobFolder:
        """Where the job keeps its files until the bundle is made."""
        return JobFolder.beside(self.bundle_dir)

    @property
    def split(self) -> Path:
        """The manifest of its films with their splits."""
        return self.path / "split.csv"

    @property
    def audit(self) -> Path:
        """What the check of its films found."""
        return self.path / "audit.json"

    def comparison(self, candidate: ModelBundle, in_use: ModelBundle) -> Path:
        """How its model compares with another on its films; a file for each pair."""
        data = candidate.card.data.get("split_sha256", "")
        pair = f"{candidate.sha256} {in_use.sha256} {data}"
        key = hashlib.sha256(pair.encode()).hexdigest()[:16]
        return self.path / f"comparison-{key}.json"

    @property
    def _failure(self) -> Path:
        return self.path / "failure.json"

    @property
    def times(self) -> RunTimes:
        """When it ran."""
        return RunTimes(self.path / "times.json", self.channel)

    def is_running(self) -> bool:
        return self.channel.is_running() or self.work.is_running()

    def state(self) -> str:
        """`RUNNING`, `FINISHED`, `INTERRUPTED` or `FAILED`, as of now."""
        if self.damage:
            return FAILED
        if self.is_running():
            return RUNNING
        if (self.bundle_dir / CARD).is_file():
            return FINISHED
        return (
            FAILED if isinstance(self.channel.last_event(), JobFailed) else INTERRUPTED
        )

    def can_resume(self) -> bool:
        """Whether there is a checkpoint to go on from."""
        return not self.damage and self.work.exists()

    def command(self, *, resume: bool = False) -> list[str]:
        """Arguments of the command line that starts it, or goes on with it.

        A run that ended before there was anything to go on from starts anew.
        """
        words = ["train", "--out", str(self.bundle_dir)]
        if resume and self.work.exists():
            words += ["--resume"]
        else:
            words += ["--data", str(self.split)]
            words += ["--config", str(self.path / JOB)]
            if self.record.preset:
                words += ["--preset", self.record.preset]
        if self.record.backend:
            words += ["--backend", self.record.backend]
        return words

    def last_failure(self) -> Failure | None:
        """Why it is neither running nor finished; None if it is, or was paused."""
        if self.damage:
            hint = "It can only be deleted."
            return Failure(self.damage, hint, tail_of(self.log), self.log)
        if self.state() in (RUNNING, FINISHED) or self.was_paused():
            return None
        end = self.channel.last_event()
        if not isinstance(end, JobFailed):
            end = self._noted_failure()
        tail = tail_of(self.log)
        return Failure(end.message, end.hint, tail, self.log, code=end.code)

    def _noted_failure(self) -> JobFailed:
        try:
            return convert(read_json(self._failure), JobFailed)
        except (OSError, ValueError):
            return JobFailed(
                "The run was interrupted: its process ended without a word.",
                "The computer may have been switched off. Resume the run to go on "
                "from its last checkpoint.",
            )

    def note_failure(self, failure: Failure) -> None:
        """Keep the cause of an end that the job could not tell itself."""
        # The cause is on screen; a full disk is often what it is.
        with contextlib.suppress(OutputError):
            write_json(self._failure, JobFailed(failure.message, failure.hint))

    def forget_failure(self) -> None:
        """The run goes on: what ended it before is past."""
        with contextlib.suppress(OSError):
            self._failure.unlink(missing_ok=True)

    def metrics(self) -> Mapping[str, Any]:
        """What its model was measured to do on the test films; may be empty.

        As `core.evaluation.evaluate` writes it: accuracy, macro_f1, per_class, ...
        """
        card = self.bundle_dir / CARD
        try:
            return _metrics_of(card, card.stat().st_mtime_ns)
        except OSError:
            return {}


class _Metrics(msgspec.Struct):
    test: dict[str, Any] = {}


class _Card(msgspec.Struct):
    metrics: _Metrics


@functools.lru_cache(maxsize=512)
def _metrics_of(card: Path, _changed: int) -> Mapping[str, Any]:
    try:
        return convert(read_json(card), _Card).metrics.test
    except (OSError, ValueError):
        return {}
