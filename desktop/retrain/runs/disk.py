"""What is done on the disk for runs; slow, so not in the window's thread."""

from __future__ import annotations

import dataclasses
from datetime import datetime

from core.errors import OutputError
from core.jobs.events import JobFailed, JobStopped
from core.jobs.failures import Failure
from core.runs import store as runs
from core.runs.progress import RunStory, Standing, read_story, standing_of
from core.runs.record import RunRecord
from core.runs.run import RUNNING, Run
from desktop.retrain.runs.request import RunRequest


@dataclasses.dataclass(frozen=True)
class Made:
    """A run that is ready to be started."""

    run: Run
    story: RunStory
    command: list[str]


@dataclasses.dataclass(frozen=True)
class Found:
    """All runs, and one of them that is running."""

    runs: list[Run]
    running: Standing | None


def find_runs(*, seek: bool) -> Found:
    """List all runs.

    Args:
        seek: Whether to look for one that is running.
    """
    found = runs.list_runs()
    running = None
    if seek:
        running = next((run for run in found if run.state() == RUNNING), None)
    return Found(found, standing_of(running) if running is not None else None)


def make(request: RunRequest) -> Made:
    """Make the folder of a new run, held by this process.

    Raises:
        OutputError: It cannot be written.
    """
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
    return Made(run, RunStory(config), run.command())


def take_up(run: Run) -> Made:
    """Make a run ready to go on, held by this process.

    Raises:
        OutputError: It is damaged, runs already, or cannot be written.
    """
    if run.damage:
        raise OutputError(run.damage, hint="It can only be deleted.")
    if run.state() == RUNNING:
        raise OutputError(
            f"{run.record.name} is running already.",
            hint="Another window of Hilum may have started it.",
        )
    story, _ = read_story(run)
    story.start_anew()
    run.forget_failure()
    command = run.command(resume=True)
    run.times.begin()
    return Made(run, story, command)


@dataclasses.dataclass(frozen=True)
class Ended:
    """A run that is not under way any more.

    Attributes:
        run: The run.
        words: What became of it, to follow its name.
        is_deleted: Whether its folder is gone.
    """

    run: Run
    words: str
    is_deleted: bool = False


def settle(run: Run, outcome: str | Failure, *, own: bool) -> Ended:
    """Note in a run's folder how it ended.

    Args:
        run: The run; its process has ended.
        outcome: "succeeded", "stopped", or why it did neither.
        own: Whether this process started it, and so knows best.
    """
    if own:
        run.times.end()
    if outcome == "succeeded":
        return Ended(run, "has been trained")
    last = run.last_event()
    if isinstance(outcome, Failure):
        if isinstance(last, JobFailed):
            return Ended(run, "could not be trained")
        if own:
            run.note_failure(outcome)
        return Ended(run, "was interrupted")
    if own and not isinstance(last, JobStopped):  # it had to be killed
        message = "It did not stop in time when asked, and was ended."
        hint = "Resume it to go on from its last checkpoint."
        run.note_failure(Failure(message, hint, "", run.log))
    return Ended(run, "is paused")


def settle_and_delete(run: Run) -> Ended:
    """Delete a run whose process has ended.

    Raises:
        OutputError: It cannot be deleted.
    """
    run.times.end()
    runs.delete(run)
    return Ended(run, "has been deleted", is_deleted=True)


def delete(run: Run) -> Run:
    """Delete a run that is not under way.

    Raises:
        OutputError: It is running, or cannot be deleted.
    """
    runs.delete(run)
    return run
