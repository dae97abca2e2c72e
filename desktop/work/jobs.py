"""Starts, follows, asks, ends and deletes jobs; see `desktop.work`."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial
from subprocess import Popen
from typing import Any, Final

from PyQt5.QtCore import QObject, QTimer, pyqtSignal, pyqtSlot

from core.errors import CoreError
from core.jobs.channel import JobChannel, Outcome
from core.jobs.events import PAUSE, STOP, JobSucceeded, TrainingEvent
from desktop.work.background import Background
from desktop.work.follower import JobFollower
from desktop.work.kind import Found, Job, JobKind, Settled

logger = logging.getLogger(__name__)

_TELL_EVERY_MS: Final = 200
_Begun = tuple[Job, Popen[bytes]]


class JobController(QObject):
    """Keeps the jobs of one kind, and the one of them that is at work.

    Attributes:
        job: The one at work.

    Signals:
        listed: list. All jobs, newest first.
        started: object, bool. A job is at work now, and whether that was not
            asked for in this window.
        progressed: object. An event of the job at work.
        progress_changed: the job at work has told more, a few times a second.
        ended: object, Outcome. A job is not at work any more.
        deleted: object. A job is gone.
        refused: CoreError, object. Why what was asked for could not be done, and
            the job that could not go on, if that was it.
        running_changed: bool. Whether one is at work, or about to be.
        status_changed: str. For the status line.
    """

    listed = pyqtSignal(object)
    started = pyqtSignal(object, bool)
    progressed = pyqtSignal(object)
    progress_changed = pyqtSignal()
    ended = pyqtSignal(object, object)
    deleted = pyqtSignal(object)
    refused = pyqtSignal(object, object)
    running_changed = pyqtSignal(bool)
    status_changed = pyqtSignal(str)

    def __init__(self, kind: JobKind, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._kind = kind
        self._disk = Background(self, "jobs")
        self._is_closed = threading.Event()
        self.job: Job | None = None
        self._follower: JobFollower | None = None  # none once it has ended
        self._is_starting = self._stops_at_once = False
        self._next: Any | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_TELL_EVERY_MS)
        self._timer.timeout.connect(self.progress_changed)

    @property
    def active(self) -> Any | None:
        """The job at work."""
        return self.job.item if self.job is not None else None

    @property
    def progress(self) -> Any | None:
        """What the job at work has told."""
        return self.job.progress if self.job is not None else None

    @property
    def is_running(self) -> bool:
        """Whether a job is at work, or about to be."""
        return self.job is not None or self._is_starting

    # What is kept on the disk

    def refresh(self, *, goes_on: bool = False) -> None:
        """List the jobs, and follow one at work, or go on with an interrupted one."""
        look = partial(self._kind.look, seek=not self.is_running, goes_on=goes_on)
        self._disk.ask(look, self._on_found, self._on_refused)

    def ask(
        self,
        task: Callable[[], Any],
        then: Callable[[Any], None],
        otherwise: Callable[[CoreError], None] | None = None,
    ) -> None:
        """Do something slow beside the window's thread, in turn with the rest."""
        self._disk.ask(task, then, otherwise or self._on_refused)

    def delete(self, item: Any) -> None:
        """Delete a job; one that is at work is stopped first."""
        if self.is_active(item):
            assert self.job is not None
            self.job.is_doomed = True
            self.stop()
            return
        then = partial(self._on_deleted, item)
        self._disk.ask(partial(self._kind.delete, item), then, self._on_refused)

    # The job at work

    def start(self, request: Any) -> None:
        """Begin a new job."""
        if self.is_running and not self._kind.busy:
            self._next = request
            self._stop()
        elif self._may_start():
            self._launch(partial(self._kind.begin, request))

    def resume(self, item: Any, *, by_itself: bool = False) -> None:
        """Go on with a job."""
        if self._may_start():
            prepare = partial(self._kind.resume, item)
            self._launch(prepare, item, by_itself)

    def stop(self) -> None:
        """Ask the job at work to end, keeping everything; nothing comes after it."""
        self._next = None
        self._stop()

    def request(self, word: str) -> None:
        """Ask the job at work for something.

        Args:
            word: `FINISH`, to end and make its result of what it has; `PAUSE`, to
                wait in memory; `GO_ON` after that; `STOP` is for `stop`.
        """
        active = self.job
        if active is None:
            self._stops_at_once |= word == STOP and self._is_starting
            return
        active.request = word
        active.progress.ask(word)
        ask = partial(JobChannel(active.item.path).request, word)
        self._disk.ask(ask, lambda _: None, self._on_refused)
        self._note(active)
        self.progress_changed.emit()

    def let_go(self) -> None:
        """Let the job at work go on without this window."""
        self.job = None
        follower, self._follower = self._follower, None
        if follower is not None:
            follower.let_go()

    def shut_down(self, *, waits: bool = False) -> None:
        """Ask a job of this window's to end, or wait for that; end the threads."""
        self._next = None
        self._is_closed.set()
        self._timer.stop()
        self._disk.shut_down()
        active = self.job
        if active is not None and (active.is_own or self._kind.ends_with_window):
            if active.outcome is None:
                try:
                    JobChannel(active.item.path).request(STOP)
                except CoreError as error:
                    logger.warning("a job could not be asked to end: %s", error)
            if waits and self._follower is not None:
                self._follower.stop_soon()
                self._follower.wait()
        self.let_go()

    def is_active(self, item: Any) -> bool:
        """Whether a job is the one at work."""
        return self.job is not None and self.job.item.path == item.path

    def _may_start(self) -> bool:
        if self.is_running and self._kind.busy:
            message, hint = self._kind.busy
            name = self._kind.name(self.active) if self.job else "Another"
            self._on_refused(CoreError(message.format(name=name), hint=hint))
        return not self.is_running

    def _stop(self) -> None:
        self.request(STOP)
        if self._follower is not None:
            self._follower.stop_soon()

    def _note(self, active: Job) -> None:
        """Write down how the job stands, where that is something new."""
        noted = self._kind.noted(active)
        if noted is not active.item:
            active.item = noted
            save = partial(self._kind.save, noted)
            self._disk.ask(save, lambda _: self.refresh(), self._on_refused)
            self.progress_changed.emit()

    # Starting and following

    def _launch(
        self, prepare: Callable[[], Job], item: Any = None, by_itself: bool = False
    ) -> None:
        self._is_starting, self._stops_at_once = True, False
        self.running_changed.emit(True)
        then = partial(self._on_begun, by_itself=by_itself)
        otherwise = partial(self._on_not_begun, item)
        self._disk.ask(partial(self._begin, prepare), then, otherwise)

    def _begin(self, prepare: Callable[[], Job]) -> _Begun:
        """Start the process of a job, in the thread of the disk."""
        job = prepare()
        channel = JobChannel(job.item.path)
        child = channel.start(job.words, done=job.done)
        if self._is_closed.is_set():  # nobody will follow it
            channel.request(STOP)
        return job, child

    def _follow(self, active: Job, child: Popen[bytes] | None = None) -> None:
        channel, kill_after_s = JobChannel(active.item.path), self._kind.kill_after_s
        follower = JobFollower(channel, child, kill_after_s, active.place, self)
        follower.progressed.connect(self._on_progressed)
        follower.ended.connect(self._on_finished)
        self.job, self._follower = active, follower
        follower.start()

    # Replies from the disk

    def _on_found(self, found: Found) -> None:
        self.listed.emit(found.items)
        if self.is_running:
            return
        if found.active is not None:
            self._follow(found.active)
            self.running_changed.emit(True)
            self.started.emit(self.active, True)
            self.progress_changed.emit()
        elif found.interrupted is not None:
            self.resume(found.interrupted, by_itself=True)

    def _on_begun(self, begun: _Begun, *, by_itself: bool) -> None:
        self._is_starting = False
        job, child = begun
        job.by_itself = by_itself
        self._follow(job, child)
        self.started.emit(job.item, by_itself)
        self._ask_again(STOP if self._stops_at_once else "")
        self.refresh()

    def _on_begun_again(self, before: Job, begun: _Begun) -> None:
        job, child = begun
        job.failed_at, job.by_itself = job.done, before.by_itself
        job.is_doomed = before.is_doomed
        self._follow(job, child)
        self._ask_again(before.request)

    def _ask_again(self, request: str) -> None:
        """Ask the process for what was asked for before it was there."""
        if request == STOP:
            self._stop()
        elif request == PAUSE:
            self.request(PAUSE)
        self.progress_changed.emit()

    def _on_not_begun(self, item: Any, error: CoreError) -> None:
        self._is_starting = False
        self.running_changed.emit(False)
        self.refused.emit(error, item)
        self._start_next()
        self.refresh()

    def _on_deleted(self, item: Any, nothing: None) -> None:
        self.deleted.emit(item)
        self.refresh()

    def _on_refused(self, error: CoreError) -> None:
        self.refused.emit(error, None)

    # News of the job at work

    @pyqtSlot(object)
    def _on_progressed(self, event: TrainingEvent) -> None:
        active = self.job
        if active is None or self.sender() is not self._follower:
            return
        active.progress.add(event)
        if self._next is None:
            self.progressed.emit(event)
        self._note(active)
        if not self._timer.isActive():
            self._timer.start()

    @pyqtSlot(object)
    def _on_finished(self, outcome: Outcome | None) -> None:
        active = self.job
        follower = self._follower
        if active is None or follower is None or self.sender() is not follower:
            return  # let go
        self._follower = None
        active.outcome = outcome
        follower.let_go()
        self._settle(active)

    def _settle(self, active: Job) -> None:
        settle = partial(self._kind.end, active)
        otherwise = partial(self._on_not_settled, active)
        self._disk.ask(settle, partial(self._on_settled, active), otherwise)

    def _on_settled(self, active: Job, settled: Settled) -> None:
        again = settled.again
        if again is None:
            self._end(active, settled)
        elif active.request == STOP:  # it came meanwhile
            self._settle(active)
        else:
            begin = partial(self._begin, lambda: again)
            then = partial(self._on_begun_again, active)
            otherwise = partial(self._on_not_settled, active)
            self._disk.ask(begin, then, otherwise)

    def _on_not_settled(self, active: Job, error: CoreError) -> None:
        self._on_refused(error)
        active.is_doomed = False
        self._end(active, Settled(active.item))

    def _end(self, active: Job, settled: Settled) -> None:
        self.job = None
        self._timer.stop()
        if settled.words:
            self.status_changed.emit(settled.words)
        if active.is_doomed:
            self.deleted.emit(settled.item)
        elif self._next is None:
            self.ended.emit(settled.item, active.outcome)
        self._start_next()
        self.running_changed.emit(self.is_running)
        self.refresh(goes_on=isinstance(active.outcome, JobSucceeded))

    def _start_next(self) -> None:
        request, self._next = self._next, None
        if request is not None:
            self.start(request)
