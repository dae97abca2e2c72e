"""Trainings as jobs: their folders, their commands, and how their ends are kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from core.errors import OutputError
from core.jobs.channel import Outcome
from core.jobs.events import JobFailed, JobStopped, JobSucceeded
from core.jobs.failures import Failure
from core.runs import store as runs
from core.runs.progress import RunProgress, read_progress
from core.runs.record import RunRecord
from core.runs.run import RUNNING, Run
from desktop.retrain.runs.request import RunRequest
from desktop.work.kind import Active, Launch, Settled


class TrainingKind:
    """What is particular to trainings; see `desktop.work.kind.JobKind`."""

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

    def begin(self, request: RunRequest) -> Launch:
        config = request.config
        record = RunRecord(
            name=config.name,
            preset=request.preset,
            data=request.data,
            started=datetime.now().astimezone().replace(microsecond=0),
            config=config,
            backend=request.backend,
        )
        run = runs.new_run(record, split=request.split, audit=request.audit)
        run.times.begin()
        return Launch(run, run.command(), RunProgress(config))

    def resume(self, item: Run) -> Launch:
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
        return Launch(item, command, progress)

    def progress(self, item: Run) -> tuple[RunProgress, int]:
        return read_progress(item)

    def interrupted(self, items: Sequence[Run]) -> None:
        return None  # the user decides

    def noted(self, active: Active) -> Run:
        run: Run = active.item
        return run

    def save(self, item: Run) -> None:
        """Its record stays as it was asked for."""

    def settle(self, active: Active, outcome: Outcome) -> Settled:
        run: Run = active.item
        name = self.name(run)
        run.times.end()
        if isinstance(outcome, JobSucceeded):
            return Settled(run, f"{name} has been trained.")
        last = run.channel.last_event()
        if isinstance(outcome, Failure):
            if isinstance(last, JobFailed):
                return Settled(run, f"{name} could not be trained.")
            if active.is_own:  # who else could know the cause
                run.note_failure(outcome)
            return Settled(run, f"{name} was interrupted.")
        if not isinstance(last, JobStopped):
            message = "It did not stop in time when asked, and was ended."
            hint = "Resume it to go on from its last checkpoint."
            run.note_failure(Failure(message, hint, "", run.log))
        return Settled(run, f"{name} is paused.")

    def delete(self, item: Run) -> None:
        runs.delete(item)
