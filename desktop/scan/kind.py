"""Scans as jobs: what they are of, their commands, and how their ends are kept."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import logging
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from core.errors import (
    ANEW,
    RESUME,
    BundleError,
    CoreError,
    DatasetError,
    OutputError,
)
from core.films.radiograph import display_name
from core.jobs.channel import Outcome
from core.jobs.events import STOP, JobStopped, JobSucceeded
from core.jobs.failures import Failure
from core.model.bundle import ModelBundle, ModelCard
from core.scan import store as scans
from core.scan.labels import labels_by_folder
from core.scan.progress import STOPPING, ScanProgress
from core.scan.record import (
    CANCELLED,
    FAILED,
    FINISHED,
    PAUSED,
    RUNNING,
    ScanRecord,
)
from core.scan.store import Scan
from desktop.work.kind import Job, JobKind, Settled

logger = logging.getLogger(__name__)

#: What else can be done -> that in the window.
_MORE: Final = {RESUME: "Then press Go on.", ANEW: "Or scan the folder anew."}
#: Folders that are looked at for names of labels; a share may hold millions.
_MOST_LOOKED_AT: Final = 2000
_GO_ON: Final = "What was done is kept: press Go on."


def record_for(folder: Path, bundle: ModelBundle, **options: Any) -> ScanRecord:
    """What is asked for: a scan of a folder by a model, as `ScanRecord` has it."""
    return ScanRecord(
        folder=folder,
        started=datetime.now().astimezone().replace(microsecond=0),
        model=bundle.card.name,
        bundle=bundle.path,
        model_sha256=bundle.sha256,
        card_labels=tuple(bundle.card.labels),
        card_points=tuple(map(bundle.card.threshold, bundle.card.label_names)),
        **options,
    )


def labels_in(folder: Path, card: ModelCard | None) -> tuple[str, ...]:
    """Labels of the model that folders in one, or in those, are named like.

    Raises:
        DatasetError: It is no folder, or may not be read.
    """
    try:
        with os.scandir(folder) as entries:
            next(entries, None)
    except NotADirectoryError as error:
        raise DatasetError(
            f"{display_name(folder)} is a file, and a scan takes a folder.",
            hint="Choose the folder that it lies in. Single films are read in the "
            "Diagnose tab.",
        ) from error
    except OSError as error:
        raise DatasetError(
            f"The folder {folder} cannot be read: {error.strerror or error}.",
            hint="Check its permissions, and that its disk is connected.",
        ) from error
    if card is None:
        return ()
    label_of, found = labels_by_folder(card.labels), set()
    with contextlib.suppress(OSError):
        below = itertools.chain(folder.glob("*/"), folder.glob("*/*/"))
        for each in itertools.islice(below, _MOST_LOOKED_AT):
            found.add(label_of(f"{each.name}/film"))
    return tuple(each.display_name for each in card.labels if each.name in found)


class ScanKind(JobKind):
    """What is particular to scans; see `desktop.work.kind.JobKind`."""

    busy = (
        "A scan is under way, and a window makes only one at a time.",
        "Wait for its end, or cancel it first.",
    )
    # One that ends with the window goes on at the next start.
    kill_after_s = 60.0  # a summary of many films is made before the end

    def name(self, item: Scan) -> str:
        return f"The scan of {item.record.name}"

    def find(self) -> Sequence[Scan]:
        return [_as_it_is(scan) for scan in scans.list_scans()]

    def begin(self, request: ScanRecord) -> Job:
        scan = dataclasses.replace(scans.new_scan(request), is_at_work=True)
        return Job(scan, scan.command(request.bundle), ScanProgress())

    def resume(self, item: Scan) -> Job:
        scan = scans.read_scan(item.path)
        if scan.damage:
            raise OutputError(scan.damage, hint="It can only be deleted.")
        try:
            bundle = scans.find_bundle(scan.record)
        except BundleError as error:
            told = {"message": str(error), "hint": error.hint}
            scans.save(scans.changed(scan, status=FAILED, **told))
            raise
        # What it says is no longer so, and the command overwrites nothing.
        with contextlib.suppress(OSError):
            scan.summary.unlink(missing_ok=True)
        scan = scans.save(scans.changed(scan, status=RUNNING, message="", hint=""))
        done = scan.rows()
        scan = dataclasses.replace(scan, is_at_work=True)
        return Job(scan, scan.command(bundle.path), ScanProgress(done), done)

    def progress(self, item: Scan) -> tuple[ScanProgress, int]:
        start = item.channel.last_start()
        progress = ScanProgress(start.done)
        place = item.channel.replay(progress.add, start.events)
        progress.forget_speed()
        if request := item.channel.requested():
            progress.ask(request)
        return progress, place

    def interrupted(self, items: Sequence[Scan]) -> Scan | None:
        return next((scan for scan in items if scan.is_interrupted()), None)

    def noted(self, job: Job) -> Scan:
        scan: Scan = job.item
        progress: ScanProgress = job.progress
        status = RUNNING
        if job.request == STOP:
            status = _cancelled_as(progress)
        elif progress.is_paused:
            status = PAUSED
        elif progress.stage == STOPPING:  # as the window wrote down that asked for it
            status = scan.record.status
        films = progress.total or scan.record.films
        if (status, films) == (scan.record.status, scan.record.films):
            return scan
        return scans.changed(scan, status=status, films=films, done=progress.done)

    def save(self, item: Scan) -> None:
        scans.save(item)

    def settle(self, job: Job, outcome: Outcome) -> Settled:
        scan: Scan = job.item
        if isinstance(outcome, JobStopped) and job.request != STOP:
            kept = scans.read_scan(scan.path)
            if kept.record.status != RUNNING:  # as whoever asked for its end said
                return Settled(kept)
        done = scan.rows()
        if _goes_on(job, outcome, done):
            try:
                return Settled(scan, again=self._again(job, outcome))
            except CoreError as error:
                logger.warning("a scan was not started again: %s", error)
        status, message, hint = _end(job, outcome)
        ended = {"status": status, "message": message, "hint": hint, "done": done}
        scan = scans.changed(
            scan, **ended, films=job.progress.total or scan.record.films
        )
        # Where the disk is full it stays written down as under way, and goes on by
        # itself when there is space again.
        with contextlib.suppress(OutputError):
            scans.save(scan)
        return Settled(dataclasses.replace(scan, is_at_work=False))

    def delete(self, item: Scan) -> None:
        scans.delete(item)

    def _again(self, job: Job, outcome: Outcome) -> Job:
        launch = self.resume(job.item)
        before, now = job.progress, launch.progress
        assert isinstance(now, ScanProgress)
        now.notes, now.dropped = before.notes, before.dropped
        if isinstance(outcome, Failure):
            now.note(f"{_of_scan(outcome)} It was started again by itself.")
        return launch


def _as_it_is(scan: Scan) -> Scan:
    """A scan of the list, with what its window had no time to write down."""
    if scan.damage or scan.is_at_work or scan.record.status not in (RUNNING, PAUSED):
        return scan
    scan = scans.changed(scan, done=scan.rows())
    if isinstance(scan.channel.last_event(), JobSucceeded):
        # It came to its end without a window.
        return scans.save(scans.changed(scan, status=FINISHED))
    return scan


def _cancelled_as(progress: ScanProgress) -> str:
    return FINISHED if progress.was_watching else CANCELLED


def _goes_on(job: Job, outcome: Outcome, done: int) -> bool:
    """Whether it is to be started again by itself.

    A film that ends it has a row once it was started again, so it gets on from
    crash to crash, unless something else is amiss.
    """
    if job.request == STOP or isinstance(outcome, JobSucceeded):
        return False
    if isinstance(outcome, Failure):
        is_new = job.failed_at is None or done > job.failed_at
        return outcome.is_crash and is_new
    return not job.is_own  # the window before asked for its end, and closed


def _end(job: Job, outcome: Outcome) -> tuple[str, str, str]:
    """Status, message and hint of a scan that has ended."""
    if isinstance(outcome, JobSucceeded):
        return FINISHED, "", ""
    if job.request == STOP:
        return _cancelled_as(job.progress), "", ""
    if not isinstance(outcome, Failure):
        return FAILED, "The scan was ended by another program.", _GO_ON
    if outcome.is_crash:
        return FAILED, _of_scan(outcome), _GO_ON
    hint = f"{outcome.hint} {_MORE.get(outcome.code, '')}".strip()
    return FAILED, outcome.message, hint


def _of_scan(failure: Failure) -> str:
    """What happened to a scan, as it is told of any job."""
    return failure.message.replace("The job", "The scan", 1)
