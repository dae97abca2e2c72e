"""Starts, follows, ends and deletes runs; one at a time."""

from __future__ import annotations

import dataclasses
import functools
import logging
from typing import Final

from PyQt5.QtCore import QObject, QThread, QTimer, pyqtSignal, pyqtSlot

from core.errors import CoreError
from core.jobs.events import TrainingEvent
from core.jobs.failures import Failure
from core.runs.progress import RunStory, standing_of
from core.runs.run import Run
from desktop.retrain.runs.disk import (
    Ended,
    Found,
    Made,
    delete,
    find_runs,
    make,
    settle,
    settle_and_delete,
    take_up,
)
from desktop.retrain.runs.follower import RunFollower, follow_in_thread
from desktop.retrain.runs.request import RunRequest
from desktop.retrain.runs.status import stage_in_words
from desktop.widgets.notify import Notice, notice_of
from desktop.work.background import Background
from desktop.work.core_process import CoreProcess, start_in_thread
from desktop.work.threads import stop_thread

logger = logging.getLogger(__name__)

_TELL_EVERY_MS: Final = 250


@dataclasses.dataclass
class _Active:
    """The run under way."""

    run: Run
    story: RunStory
    worker: CoreProcess | RunFollower
    thread: QThread
    is_doomed: bool = False
    outcome: str | Failure = ""

    @property
    def is_own(self) -> bool:
        """Whether this window started it."""
        return isinstance(self.worker, CoreProcess)


class RunController(QObject):
    """Keeps the runs of the user, and the one that is under way.

    What touches the disk is done in a thread of its own.

    Signals:
        runs_changed: list[Run]. All of them, newest first.
        started: Run. It is under way now.
        story_changed: the run under way has told more.
        ended: Run. It is not under way any more; it is still in the list.
        deleted: Run. It is gone.
        looked_at: Standing. The reply to `look_at`.
        refused: Notice. What was asked for could not be done.
        status_changed: str. For the status line.
    """

    runs_changed = pyqtSignal(object)
    started = pyqtSignal(object)
    story_changed = pyqtSignal()
    ended = pyqtSignal(object)
    deleted = pyqtSignal(object)
    looked_at = pyqtSignal(object)
    refused = pyqtSignal(object)
    status_changed = pyqtSignal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._disk = Background(self, "runs")
        self._active: _Active | None = None
        self._is_starting = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_TELL_EVERY_MS)
        self._timer.timeout.connect(self._tell_status)

    @property
    def active(self) -> Run | None:
        """The run under way."""
        return self._active.run if self._active is not None else None

    @property
    def story(self) -> RunStory | None:
        """What the run under way has told."""
        return self._active.story if self._active is not None else None

    @property
    def has_child(self) -> bool:
        """Whether the run under way ends with this window, unless let go."""
        return self._active is not None and self._active.is_own

    # What is kept on the disk

    def refresh(self) -> None:
        """List the runs anew, and follow one that goes on by itself."""
        seek = self._active is None and not self._is_starting
        errand = functools.partial(find_runs, seek=seek)
        self._disk.ask(errand, self._on_listed, self._on_refused)

    def look_at(self, run: Run) -> None:
        """Read how a run stands; the reply is `looked_at`."""
        errand = functools.partial(standing_of, run)
        self._disk.ask(errand, self.looked_at.emit, self._on_refused)

    def delete(self, run: Run) -> None:
        """Delete a run; one that is under way is stopped first."""
        if self._active is not None and self._active.run.path == run.path:
            self._active.is_doomed = True
            self._ask_active(stop=True)
            return
        errand = functools.partial(delete, run)
        self._disk.ask(errand, self._on_deleted, self._on_refused)

    # The run under way

    def start(self, request: RunRequest) -> None:
        """Begin a new run."""
        if self._may_start():
            errand = functools.partial(make, request)
            self._disk.ask(errand, self._on_made, self._on_start_refused)

    def resume(self, run: Run) -> None:
        """Go on with a run from its last checkpoint."""
        if self._may_start():
            errand = functools.partial(take_up, run)
            self._disk.ask(errand, self._on_made, self._on_start_refused)

    def pause(self) -> None:
        """Stop the run under way, keeping everything."""
        self._ask_active(stop=True)

    def finish(self) -> None:
        """End the training under way, and make the model of the best."""
        self._ask_active(stop=False)

    def let_go(self) -> None:
        """Let the run under way go on, or stop, without this window."""
        active = self._active
        if active is None:
            return
        active.worker.detach()
        stop_thread(active.thread)
        if active.is_own:
            active.run.times.end(goes_on=True)
        self._active = None

    def shut_down(self) -> None:
        """Stop a run that was not let go, without waiting for its end."""
        if self._active is not None and self._active.is_own:
            self._active.worker.request_stop()
        self.let_go()
        self._timer.stop()
        self._disk.shut_down()

    def _may_start(self) -> bool:
        if self._active is None and not self._is_starting:
            self._is_starting = True
            return True
        name = self._active.run.record.name if self._active else "Another model"
        text = f"{name} is being trained, and only one model is trained at a time."
        self.refused.emit(Notice(text, "Wait for its end, or pause it first."))
        return False

    def _ask_active(self, *, stop: bool) -> None:
        if self._active is None:
            return
        worker = self._active.worker
        try:
            if stop:
                worker.request_stop()
            else:
                worker.request_finish()
        except CoreError as error:  # of a follower: the wish cannot be written
            self._on_refused(error)

    def _begin(
        self, run: Run, story: RunStory, worker: CoreProcess | RunFollower
    ) -> None:
        worker.progressed.connect(self._on_progressed)
        worker.succeeded.connect(self._on_succeeded)
        worker.stopped.connect(self._on_stopped)
        worker.failed.connect(self._on_failed)
        worker.finished.connect(self._on_finished)
        if isinstance(worker, CoreProcess):
            thread = start_in_thread(worker, self)
        else:
            thread = follow_in_thread(worker, self)
        self._active = _Active(run, story, worker, thread)
        logger.info("a run is under way, %s", type(worker).__name__)
        self.started.emit(run)
        self._timer.start()

    # Replies from the disk

    def _on_listed(self, found: Found) -> None:
        self.runs_changed.emit(found.runs)
        standing = found.running
        if standing is not None and self._active is None and not self._is_starting:
            worker = RunFollower(standing.run, standing.place)
            self._begin(standing.run, standing.story, worker)

    def _on_made(self, made: Made) -> None:
        self._is_starting = False
        worker = CoreProcess(made.command, made.run.log, append_log=True)
        self._begin(made.run, made.story, worker)
        self.refresh()

    def _on_deleted(self, run: Run) -> None:
        self.deleted.emit(run)
        self.refresh()

    def _on_start_refused(self, error: CoreError) -> None:
        self._is_starting = False
        self._on_refused(error)
        self.refresh()

    def _on_refused(self, error: CoreError) -> None:
        self.refused.emit(notice_of(error))

    # News of the run under way

    @pyqtSlot(object)
    def _on_progressed(self, event: TrainingEvent) -> None:
        if self._active is not None:
            self._active.story.add(event)
            self.story_changed.emit()
            if not self._timer.isActive():
                self._timer.start()

    @pyqtSlot(str)
    def _on_succeeded(self, result: str) -> None:
        self._note_outcome("succeeded")

    @pyqtSlot()
    def _on_stopped(self) -> None:
        self._note_outcome("stopped")

    @pyqtSlot(object)
    def _on_failed(self, failure: Failure) -> None:
        self._note_outcome(failure)

    def _note_outcome(self, outcome: str | Failure) -> None:
        if self._active is not None:
            self._active.outcome = outcome

    @pyqtSlot()
    def _on_finished(self) -> None:
        active = self._active
        if active is None:  # let go
            return
        stop_thread(active.thread)
        errand = functools.partial(
            settle, active.run, active.outcome, own=active.is_own
        )
        if active.is_doomed:
            errand = functools.partial(settle_and_delete, active.run)
        self._disk.ask(errand, self._on_settled, self._on_not_deleted)

    def _on_settled(self, ended: Ended) -> None:
        self._active = None
        self._timer.stop()
        self.status_changed.emit(f"{ended.run.record.name} {ended.words}.")
        if ended.is_deleted:
            self.deleted.emit(ended.run)
        else:
            self.ended.emit(ended.run)
        self.refresh()

    def _on_not_deleted(self, error: CoreError) -> None:
        self._on_refused(error)
        if self._active is not None:
            self._on_settled(Ended(self._active.run, "could not be deleted"))

    @pyqtSlot()
    def _tell_status(self) -> None:
        if self._active is not None:
            name, story = self._active.run.record.name, self._active.story
            self.status_changed.emit(f"Training {name}: {stage_in_words(story)}")
