"""Trainings as jobs: their folders, their commands, and how their ends are kept."""

from __future__ import annotations

import dataclasses
import json
import shlex
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from core import paths
from core.errors import OutputError
from core.jobs.channel import Outcome
from core.jobs.events import JobFailed, JobStopped, JobSucceeded
from core.jobs.failures import Failure
from core.jobs.folders import delete_job
from core.runs import store as runs
from core.runs.config import TrainingConfig, flat_settings
from core.runs.presets import config_from_preset
from core.runs.progress import RunProgress, read_progress
from core.runs.run import RUNNING, Run, RunRecord
from desktop.work.kind import Job, JobKind, Settled

#: Settings that shaped the split already and that its file now holds.
_IN_THE_SPLIT = ("validation", "test", "patient_pattern")


@dataclasses.dataclass(frozen=True)
class RunRequest:
    """A training that can start.

    Attributes:
        config: Everything that decides what it makes.
        preset: Name of the recipe the settings began as.
        data: The folder or manifest the user chose.
        split: The manifest that the check wrote: which film is where.
        audit: What the check found, as JSON.
        backend: Keras's "tensorflow", "torch" or "jax"; empty for automatic.
        minutes: That it will take; 0 where unknown.
    """

    config: TrainingConfig
    preset: str
    data: Path
    split: Path
    audit: Path
    backend: str
    minutes: float = 0.0


def changed_settings(config: TrainingConfig, preset: str) -> list[str]:
    """What follows `--set`, once for each setting that the preset has not."""
    before = flat_settings(config_from_preset(preset))
    after = flat_settings(config)
    return [
        f"{name}={json.dumps(value, ensure_ascii=False)}"
        for name, value in after.items()
        if value != before[name] and name not in ("weights", "labels")
    ]


def train_words(
    config: TrainingConfig, preset: str, *, split: str, out: str, backend: str
) -> list[str]:
    """The words of `core train` that make this model of the films of a manifest."""
    words = ["train", "--data", split, "--out", out, "--preset", preset]
    if config.weights != config_from_preset(preset).weights:
        words += ["--weights", config.weights]
    if config.labels:
        words += ["--set", f"labels={json.dumps(config.labels, ensure_ascii=False)}"]
    for setting in changed_settings(config, preset):
        if setting.split("=", 1)[0] not in _IN_THE_SPLIT:
            words += ["--set", setting]
    names = [word.split("=", 1)[0] for word in words]
    if "backbone" in names and "unfreeze_from" not in names:
        # Else it would bring its usual layer with it; that of the job may differ.
        words += ["--set", f"unfreeze_from={config.unfreeze_from}"]
    if backend:
        words += ["--backend", backend]
    return words


def as_typed(words: Sequence[str]) -> str:
    """A command as the user would type it in this system's terminal."""
    frozen = paths.is_frozen()
    whole = [*(paths.core_command() if frozen else ["python", "-m", "core"]), *words]
    if sys.platform == "win32":
        return subprocess.list2cmdline(whole)
    return shlex.join(whole)


def end_in_words(run: Run, outcome: Outcome) -> str:
    """What became of a training by itself; empty for one that was asked to stop."""
    if isinstance(outcome, JobStopped):
        return ""
    done = isinstance(outcome, JobSucceeded)
    how = "has been trained" if done else "could not be trained to the end"
    return f"{run.record.name} {how}."


class TrainingKind(JobKind):
    """What is particular to trainings; see `desktop.work.kind.JobKind`.

    None that was interrupted goes on by itself: the user decides.
    """

    busy = (
        "{name} is being trained, and only one model is trained at a time.",
        "Wait for its end, or pause it first.",
    )
    kill_after_s = 20.0
    ends_with_window = False

    def name(self, item: Run) -> str:
        return item.record.name

    def find(self) -> Sequence[Run]:
        return runs.list_runs()

    def begin(self, request: RunRequest) -> Job:
        config = request.config
        record = RunRecord(
            name=config.name,
            preset=request.preset,
            data=request.data,
            started=datetime.now().astimezone().replace(microsecond=0),
            config=config,
            backend=request.backend,
            minutes=request.minutes,
        )
        run = runs.new_run(record, split=request.split, audit=request.audit)
        run.times.begin()
        return Job(run, run.command(), RunProgress(config))

    def resume(self, item: Run) -> Job:
        if item.damage:
            raise OutputError(item.damage, hint="It can only be deleted.")
        if item.state() == RUNNING:
            raise OutputError(
                f"{item.record.name} is running already.",
                hint="Another window of Hilum may have started it.",
            )
        progress, _ = read_progress(item)
        progress.start_anew()
        item.forget_failure()
        command = item.command(resume=True)
        item.times.begin()
        return Job(item, command, progress)

    def progress(self, item: Run) -> tuple[RunProgress, int]:
        return read_progress(item)

    def settle(self, job: Job, outcome: Outcome) -> Settled:
        run: Run = job.item
        name = self.name(run)
        run.times.end()
        if isinstance(outcome, JobSucceeded):
            return Settled(run, f"{name} has been trained.")
        last = run.channel.last_event()
        if isinstance(outcome, Failure):
            if isinstance(last, JobFailed):
                return Settled(run, f"{name} could not be trained.")
            if job.is_own:  # who else could know the cause
                run.note_failure(outcome)
            return Settled(run, f"{name} was interrupted.")
        if not isinstance(last, JobStopped):
            message = "It did not stop in time when asked, and was ended."
            hint = "Resume it to go on from its last checkpoint."
            run.note_failure(Failure(message, hint, "", run.log))
        return Settled(run, f"{name} is paused.")

    def delete(self, item: Run) -> None:
        delete_job(item, paths.runs_dir())
