"""Starts, follows, asks, ends and deletes jobs; see `desktop.work`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from subprocess import Popen
from typing import Any, Final

from PyQt5.QtCore import QObject, QTimer, pyqtSignal, pyqtSlot

from core.errors import CoreError
from core.jobs.channel import JobChannel, Outcome
from core.jobs.events import FINISH, GO_ON, PAUSE, STOP, JobSucceeded, TrainingEvent
from desktop.work.background import Background
from desktop.work.files import Begun, Found, JobFiles
from desktop.work.follower import JobFollower
from desktop.work.kind import Active, JobKind, Launch, Settled, busy_error

_TELL_EVERY_MS: Final = 200


class JobController(QObject):
    """Keeps the jobs of one kind, and the one of them that is at work.

    Args:
        kind: What differs between kinds.

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
        self._files = JobFiles(kind)
        self._active: Active | None = None
        self._is_starting = self._stops_at_once = False
        self._next: Any | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_TELL_EVERY_MS)
        self._timer.timeout.connect(self.progress_changed)

    @property
    def active(self) -> Any | None:
        """The job at work."""
        return self._active.item if self._active is not None else None

    @property
    def progress(self) -> Any | None:
        """What the job at work has told."""
        return self._active.progress if self._active is not None else None

    @property
    def is_own(self) -> bool:
        """Whether this window started the job at work."""
        return self._active is not None and self._active.is_own

    @property
    def went_on_by_itself(self) -> bool:
        """Whether the job at work was not asked for in this window."""
        return self._active is not None and self._active.by_itself

    @property
    def is_running(self) -> bool:
        """Whether a job is at work, or about to be."""
        return self._active is not None or self._is_starting

    # What is kept on the disk

    def refresh(self, *, goes_on: bool = False) -> None:
        """List the jobs anew, and follow one that is at work.

        Args:
            goes_on: Whether one that an accident ended is started again.
        """
        look = functools.partial(
            self._files.find, seek=not self.is_running, goes_on=goes_on
        )
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
            assert self._active is not None
            self._active.is_doomed = True
            self.stop()
            return
        task = functools.partial(self._kind.delete, item)
        self._disk.ask(task, lambda _: self._tell_deleted(item), self._on_refused)

    # The job at work

    def start(self, request: Any) -> None:
        """Begin a new job."""
        if self.is_running and not self._kind.busy:
            self._next = request
            self._stop()
        elif self._may_start():
            self._launch(functools.partial(self._kind.begin, request))

    def resume(self, item: Any, *, by_itself: bool = False) -> None:
        """Go on with a job."""
        if self._may_start():
            prepare = functools.partial(self._kind.resume, item)
            self._launch(prepare, item, by_itself)

    def stop(self) -> None:
        """Ask the job at work to end, keeping everything; nothing comes after it."""
        self._next = None
        self._stop()

    def finish(self) -> None:
        """Ask the job at work to end, and make its result of what it has."""
        self._request(FINISH)

    def pause(self) -> None:
        """Ask the job at work to wait; it stays in memory."""
        self._request(PAUSE)

    def go_on(self) -> None:
        """Ask the job at work to go on after `pause`."""
        self._request(GO_ON)

    def let_go(self) -> None:
        """Let the job at work go on without this window."""
        active, self._active = self._active, None
        if active is not None:
            active.let_go()

    def shut_down(self, *, waits: bool = False) -> None:
        """Ask a job that this window started to end, and end the threads.

        Args:
            waits: Whether to stay until it has ended.
        """
        self._next = None
        self._files.close()
        self._timer.stop()
        self._disk.shut_down()
        active = self._active
        if active is not None and (active.is_own or self._kind.ends_with_window):
            self._files.ask_to_end(active)
            if waits:
                active.wait()
        self.let_go()

    def is_active(self, item: Any) -> bool:
        """Whether this job is the one at work."""
        return self._active is not None and self._active.item.path == item.path

    def _may_start(self) -> bool:
        if not self.is_running:
            return True
        self._on_refused(busy_error(self._kind, self._active))
        return False

    def _stop(self) -> None:
        self._request(STOP)
        if self._active is not None and self._active.follower is not None:
            self._active.follower.stop_soon()

    def _request(self, word: str) -> None:
        active = self._active
        if active is None:
            self._stops_at_once |= word == STOP and self._is_starting
            return
        active.request = word
        active.progress.ask(word)
        ask = functools.partial(JobChannel(active.item.path).request, word)
        self._disk.ask(ask, lambda _: None, self._on_refused)
        self._note(active)
        self.progress_changed.emit()

    def _note(self, active: Active) -> None:
        """Write down how the job stands, where that is something new."""
        noted = self._kind.noted(active)
        if noted is not active.item:
            active.item = noted
            save = functools.partial(self._kind.save, noted)
            self._disk.ask(save, lambda _: self.refresh(), self._on_refused)
            self.progress_changed.emit()

    # Starting and following

    def _launch(
        self, prepare: Callable[[], Launch], item: Any = None, by_itself: bool = False
    ) -> None:
        self._is_starting, self._stops_at_once = True, False
        self.running_changed.emit(True)
        then = functools.partial(self._on_begun, by_itself=by_itself)
        otherwise = functools.partial(self._on_not_begun, item)
        self._disk.ask(lambda: self._files.begin(prepare()), then, otherwise)

    def _follow(
        self, active: Active, child: Popen[bytes] | None, place: int | None = None
    ) -> None:
        channel, kill_after_s = JobChannel(active.item.path), self._kind.kill_after_s
        follower = JobFollower(channel, child, kill_after_s, place, self)
        follower.progressed.connect(self._on_progressed)
        follower.ended.connect(self._on_finished)
        active.follower = follower
        follower.start()
        self._active = active

    # Replies from the disk

    def _on_found(self, found: Found) -> None:
        self.listed.emit(found.items)
        if self.is_running:
            return
        if found.running is not None:
            active = Active(found.running, found.progress, False, by_itself=True)
            self._follow(active, None, found.place)
            self.running_changed.emit(True)
            self.started.emit(active.item, True)
            self.progress_changed.emit()
        elif found.interrupted is not None:
            self.resume(found.interrupted, by_itself=True)

    def _on_begun(self, begun: Begun, *, by_itself: bool) -> None:
        self._is_starting = False
        launch = begun.launch
        active = Active(launch.item, launch.progress, is_own=True, by_itself=by_itself)
        self._follow(active, begun.child)
        self.started.emit(active.item, by_itself)
        self._ask_again(STOP if self._stops_at_once else "")
        self.refresh()

    def _on_begun_again(self, before: Active, begun: Begun) -> None:
        launch = begun.launch
        active = Active(launch.item, launch.progress, is_own=True, request="")
        active.failed_at, active.by_itself = launch.done, before.by_itself
        active.is_doomed = before.is_doomed
        self._follow(active, begun.child)
        self._ask_again(before.request)

    def _ask_again(self, request: str) -> None:
        """Ask the process for what was asked for before it was there."""
        if request == STOP:
            self._stop()
        elif request == PAUSE:
            self.pause()
        self.progress_changed.emit()

    def _on_not_begun(self, item: Any, error: CoreError) -> None:
        self._is_starting = False
        self.running_changed.emit(False)
        self.refused.emit(error, item)
        self._start_next()
        self.refresh()

    def _tell_deleted(self, item: Any) -> None:
        self.deleted.emit(item)
        self.refresh()

    def _on_refused(self, error: CoreError) -> None:
        self.refused.emit(error, None)

    # News of the job at work

    @pyqtSlot(object)
    def _on_progressed(self, event: TrainingEvent) -> None:
        active = self._active
        if active is None or self.sender() is not active.follower:
            return
        active.progress.add(event)
        if self._next is None:
            self.progressed.emit(event)
        self._note(active)
        if not self._timer.isActive():
            self._timer.start()

    @pyqtSlot(object)
    def _on_finished(self, outcome: Outcome | None) -> None:
        active = self._active
        if active is None or self.sender() is not active.follower:  # let go
            return
        active.outcome = outcome
        active.let_go()
        self._settle(active)

    def _settle(self, active: Active) -> None:
        settle = functools.partial(self._files.settle, active)
        otherwise = functools.partial(self._on_not_settled, active)
        self._disk.ask(settle, functools.partial(self._on_settled, active), otherwise)

    def _on_settled(self, active: Active, settled: Settled) -> None:
        if settled.again is None:
            self._end(active, settled)
        elif active.request == STOP:  # it came meanwhile
            self._settle(active)
        else:
            begin = functools.partial(self._files.begin, settled.again)
            then = functools.partial(self._on_begun_again, active)
            otherwise = functools.partial(self._on_not_settled, active)
            self._disk.ask(begin, then, otherwise)

    def _on_not_settled(self, active: Active, error: CoreError) -> None:
        self._on_refused(error)
        active.is_doomed = False
        self._end(active, Settled(active.item))

    def _end(self, active: Active, settled: Settled) -> None:
        self._active = None
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
