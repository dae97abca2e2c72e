"""One way to run long work: jobs, what follows them, and what controls them.

A job is a child process at work in a folder, `core.jobs.channel.JobChannel`, which is
the only way between the two. It is always started detached: it outlives the window,
and a later window finds it by its folder.

    JobKind        what differs between a training, a scan, a check of films and a
                   comparison: where such jobs lie, the words of the command, what
                   their events come to, what is written down of their end
    JobController  starts, follows, asks, ends and deletes jobs of one kind, one at a
                   time; all that touches the disk is done in a thread of its own
    JobFollower    reads the events of one job in a QThread, whoever started it, and
                   tells how it ended

A job that was started here, one that was resumed, and one that was found at work all
go the same way: the kind gives a `Launch`, or the controller finds the job in the
list; a `JobFollower` reads from the last start's first event on; `JobKind.settle`
writes down the end.
"""

from __future__ import annotations

import dataclasses
import functools
import logging
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from PyQt5.QtCore import QObject, Qt, QThread, QTimer, pyqtSignal, pyqtSlot

from core.errors import CoreError
from core.jobs.channel import JobChannel, Outcome
from core.jobs.events import (
    FINISH,
    GO_ON,
    PAUSE,
    STOP,
    JobFailed,
    JobStopped,
    JobSucceeded,
    TrainingEvent,
)
from desktop.work.background import Background
from desktop.work.threads import give_thread, stop_thread

logger = logging.getLogger(__name__)

_LOOK_EVERY_S: Final = 0.1
_TELL_EVERY_MS: Final = 200


class Progress(Protocol):
    """What the events of a job come to."""

    def add(self, event: TrainingEvent) -> None:
        """Take one event."""

    def ask(self, word: str) -> None:
        """The job was asked for something, by a word of `core.jobs.events`."""


@dataclasses.dataclass(frozen=True)
class Launch:
    """A job that is ready to be started.

    Attributes:
        item: What the kind calls it: a run, a scan.
        words: Of the command line.
        progress: What it has told before.
        done: What it has done before, as its kind counts.
    """

    item: Any
    words: Sequence[str]
    progress: Progress
    done: int = 0


@dataclasses.dataclass(frozen=True)
class Settled:
    """What became of a job that has ended.

    Attributes:
        item: It, as it is written down now.
        words: That in words, to follow its name; may be empty.
        again: What to start at once, since it shall go on by itself.
    """

    item: Any
    words: str = ""
    again: Launch | None = None


class JobKind(Protocol):
    """What differs between kinds of jobs. All but `name` and `noted` touch the disk.

    Attributes:
        busy: Why no second one is started, with {name} for the first, and what can
            be done; None if it takes the place of the first.
        kill_after_s: How long one may take to end once it was asked to.
        ends_with_window: Whether one that this window did not start ends with it
            too.
    """

    busy: tuple[str, str] | None
    kill_after_s: float
    ends_with_window: bool

    def name(self, item: Any) -> str:
        """What people call a job."""

    def channel(self, item: Any) -> JobChannel:
        """Its folder."""

    def find(self) -> Sequence[Any]:
        """All jobs, newest first."""

    def begin(self, request: Any) -> Launch:
        """Make the folder of a new job."""

    def resume(self, item: Any) -> Launch:
        """Make a job ready to go on."""

    def progress(self, item: Any) -> tuple[Progress, int]:
        """What a job at work has told, and the bytes of its events that is from."""

    def interrupted(self, items: Sequence[Any]) -> Any | None:
        """The job that an accident ended and that goes on by itself."""

    def noted(self, active: Active) -> Any:
        """The job with how it stands now in its record; the same if that is so."""

    def save(self, item: Any) -> None:
        """Write down what was noted."""

    def settle(self, active: Active, outcome: Outcome) -> Settled:
        """Write down how a job ended."""

    def delete(self, item: Any) -> None:
        """Delete a job that is not at work."""


class JobFollower(QObject):
    """Reads the events of one job as they come, whoever started it.

    Lives in a QThread: `run` blocks until the job has ended or was let go. Asking
    for the end is the channel's; this only ends a process that does not listen.

    Signals:
        progressed: a core.jobs.events event that ends no job.
        ended: Outcome. Not emitted when it was let go.
        finished: nothing follows; the thread may quit.
    """

    progressed = pyqtSignal(object)
    ended = pyqtSignal(object)
    finished = pyqtSignal()

    def __init__(
        self,
        channel: JobChannel,
        child: subprocess.Popen[bytes] | None,
        kill_after_s: float,
        place: int | None = None,
    ) -> None:
        """Say what to follow.

        Args:
            channel: Of the job.
            child: Its process, if this one started it: nobody else is told its
                exit status.
            kill_after_s: How long it may take to end once `stop_soon` was called.
            place: Bytes of its events that are known already; None for those of
                earlier starts.
        """
        super().__init__()  # no parent: it moves to a thread
        self._channel = channel
        self._child = child
        self._kill_after_s = kill_after_s
        self._place = place
        self._kill_at: float | None = None
        self._let_go = threading.Event()

    @pyqtSlot()
    def run(self) -> None:
        """Follow until the job has ended or was let go."""
        try:
            place = self._place
            if place is None:
                place = self._channel.last_start().events
            while not self._let_go.is_set():
                # Asked before the look: nothing is missed in between.
                is_over = not self._is_at_work()
                events, next_place = self._channel.read(place)
                for event in events:
                    if not isinstance(event, JobSucceeded | JobStopped | JobFailed):
                        self.progressed.emit(event)
                if next_place > place:
                    place = next_place
                elif is_over:
                    self._tell_end()
                    break
                else:
                    self._kill_if_deaf()
                    self._let_go.wait(_LOOK_EVERY_S)
        finally:
            self.finished.emit()

    def stop_soon(self) -> None:
        """The job was asked to end: kill it if it does not. Safe from any thread."""
        if self._kill_at is None:
            self._kill_at = time.monotonic() + self._kill_after_s

    def let_go(self) -> None:
        """Follow no longer; the job goes on. Safe from any thread."""
        self._let_go.set()

    def _is_at_work(self) -> bool:
        if self._child is not None:
            return self._child.poll() is None
        return self._channel.is_running()

    def _kill_if_deaf(self) -> None:
        if self._kill_at is not None and time.monotonic() > self._kill_at:
            logger.warning("a job did not stop when asked and is killed")
            self._channel.kill()

    def _tell_end(self) -> None:
        status = self._child.returncode if self._child is not None else None
        logger.info("a job ended with status %s", status)
        was_asked = self._kill_at is not None
        self.ended.emit(self._channel.outcome(status, was_asked=was_asked))


@dataclasses.dataclass
class Active:
    """The job at work.

    Attributes:
        item: What the kind calls it.
        progress: What it has told.
        is_own: Whether this window started it.
        request: The last one from this window; empty if there was none.
        failed_at: What of it was done when it last failed and went on by itself.
    """

    item: Any
    progress: Any
    is_own: bool
    request: str = ""
    failed_at: int | None = None
    by_itself: bool = False
    is_doomed: bool = False
    follower: JobFollower | None = None
    thread: QThread | None = None
    outcome: Outcome | None = None


@dataclasses.dataclass(frozen=True)
class _Begun:
    launch: Launch
    child: subprocess.Popen[bytes]


@dataclasses.dataclass(frozen=True)
class _Found:
    items: Sequence[Any]
    running: Any | None = None
    progress: Any = None
    place: int | None = None
    interrupted: Any | None = None


class JobController(QObject):
    """Keeps the jobs of one kind, and the one of them that is at work.

    Args:
        kind: What differs between kinds.

    Signals:
        listed: list. All jobs, newest first.
        started: object, bool. A job is at work now, and whether it went on by
            itself.
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
        """Whether the job at work went on after an accident."""
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
        look = functools.partial(self._find, seek=not self.is_running, goes_on=goes_on)
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
        if self._is_active(item):
            assert self._active is not None
            self._active.is_doomed = True
            self.stop()
            return
        task = functools.partial(self._kind.delete, item)
        then = functools.partial(self._on_deleted, item)
        self._disk.ask(task, then, self._on_refused)

    # The job at work

    def start(self, request: Any) -> None:
        """Begin a new job."""
        if self.is_running and not self._kind.busy:
            self._next = request
            self.stop()
        elif self._may_start():
            self._launch(functools.partial(self._kind.begin, request))

    def resume(self, item: Any, *, by_itself: bool = False) -> None:
        """Go on with a job."""
        if self._may_start():
            prepare = functools.partial(self._kind.resume, item)
            self._launch(prepare, item=item, by_itself=by_itself)

    def stop(self) -> None:
        """Ask the job at work to end, keeping everything."""
        self._request(STOP)
        if self._active is not None and self._active.follower is not None:
            self._active.follower.stop_soon()

    def cancel(self) -> None:
        """As `stop`; what was to take its place is not started either."""
        self._next = None
        self.stop()

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
        if active is not None and active.follower is not None:
            active.follower.let_go()
            assert active.thread is not None
            stop_thread(active.thread)

    def shut_down(self, *, waits: bool = False) -> None:
        """Ask a job that this window started to end, and end the threads.

        Args:
            waits: Whether to stay until it has ended.
        """
        self._next = None
        self._timer.stop()
        self._disk.shut_down()  # what is about to be started is active then
        active = self._active
        is_to_end = active is not None and (
            active.is_own or self._kind.ends_with_window
        )
        if active is not None and is_to_end and active.outcome is None:
            try:
                self._kind.channel(active.item).request(STOP)
            except CoreError as error:
                logger.warning("a job could not be asked to end: %s", error)
            if waits and active.follower is not None and active.thread is not None:
                active.follower.stop_soon()
                active.thread.wait()
        self.let_go()

    def _is_active(self, item: Any) -> bool:
        return self._active is not None and (
            self._kind.channel(self._active.item).path == self._kind.channel(item).path
        )

    def _may_start(self) -> bool:
        if not self.is_running:
            return True
        name = self._kind.name(self._active.item) if self._active else "Another"
        message, hint = self._kind.busy or ("", "")
        self.refused.emit(CoreError(message.format(name=name), hint=hint), None)
        return False

    def _request(self, word: str) -> None:
        active = self._active
        if active is None:
            self._stops_at_once |= word == STOP and self._is_starting
            return
        active.request = word
        active.progress.ask(word)
        ask = functools.partial(self._kind.channel(active.item).request, word)
        self._disk.ask(ask, lambda _: None, self._on_refused)
        self._note(active)

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
        self,
        prepare: Callable[[], Launch],
        item: Any = None,
        *,
        by_itself: bool = False,
    ) -> None:
        self._is_starting, self._stops_at_once = True, False
        self.running_changed.emit(True)
        then = functools.partial(self._on_begun, by_itself=by_itself)
        otherwise = functools.partial(self._on_not_begun, item)
        self._disk.ask(lambda: self._begin(prepare()), then, otherwise)

    def _begin(self, launch: Launch) -> _Begun:
        channel = self._kind.channel(launch.item)
        return _Begun(launch, channel.start(launch.words, done=launch.done))

    def _find(self, *, seek: bool, goes_on: bool) -> _Found:
        items = self._kind.find()
        if not seek:
            return _Found(items)
        for item in items:
            if self._kind.channel(item).is_running():
                return _Found(items, item, *self._kind.progress(item))
        interrupted = self._kind.interrupted(items) if goes_on else None
        return _Found(items, interrupted=interrupted)

    def _follow(
        self,
        active: Active,
        child: subprocess.Popen[bytes] | None = None,
        place: int | None = None,
    ) -> None:
        channel = self._kind.channel(active.item)
        follower = JobFollower(channel, child, self._kind.kill_after_s, place)
        follower.progressed.connect(self._on_progressed)
        follower.ended.connect(self._on_ended)
        follower.finished.connect(self._on_finished)
        active.follower = follower
        active.thread = give_thread(follower, self, "job follower")
        active.thread.started.connect(follower.run)
        # From its own thread: the window's may be waiting for the end of it.
        follower.finished.connect(  # type: ignore[call-arg]
            active.thread.quit, Qt.ConnectionType.DirectConnection
        )
        self._active = active
        active.thread.start()

    # Replies from the disk

    def _on_found(self, found: _Found) -> None:
        self.listed.emit(found.items)
        if self.is_running:
            return
        if found.running is not None:
            active = Active(found.running, found.progress, is_own=False)
            self._follow(active, place=found.place)
            self.running_changed.emit(True)
            self.started.emit(active.item, False)
            self.progress_changed.emit()
        elif found.interrupted is not None:
            self.resume(found.interrupted, by_itself=True)

    def _on_begun(self, begun: _Begun, *, by_itself: bool) -> None:
        self._is_starting = False
        launch = begun.launch
        active = Active(launch.item, launch.progress, is_own=True, by_itself=by_itself)
        self._follow(active, begun.child)
        self.started.emit(active.item, by_itself)
        self.progress_changed.emit()
        if self._stops_at_once:
            self.stop()
        self.refresh()

    def _on_not_begun(self, item: Any, error: CoreError) -> None:
        self._is_starting = False
        self.running_changed.emit(False)
        self.refused.emit(error, item)
        self._start_next()
        self.refresh()

    def _on_begun_again(self, before: Active, begun: _Begun) -> None:
        launch = begun.launch
        active = Active(launch.item, launch.progress, True, before.request)
        active.failed_at, active.by_itself = launch.done, before.by_itself
        active.is_doomed = before.is_doomed
        self._follow(active, begun.child)
        if active.request in (PAUSE, STOP):  # the last may have come meanwhile
            self._request(active.request)
        self.progress_changed.emit()

    def _on_deleted(self, item: Any, _: object) -> None:
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
        noted = self._kind.noted(active)
        if noted is not active.item:
            self._note(active)
        if not self._timer.isActive():
            self._timer.start()

    @pyqtSlot(object)
    def _on_ended(self, outcome: Outcome) -> None:
        if self._active is not None:
            self._active.outcome = outcome

    @pyqtSlot()
    def _on_finished(self) -> None:
        active = self._active
        if active is None or self.sender() is not active.follower:  # let go
            return
        assert active.thread is not None
        stop_thread(active.thread)
        active.thread.deleteLater()
        settle = functools.partial(self._settle, active)
        otherwise = functools.partial(self._on_not_settled, active)
        self._disk.ask(settle, functools.partial(self._on_settled, active), otherwise)

    def _settle(self, active: Active) -> Settled:
        assert active.outcome is not None
        settled = self._kind.settle(active, active.outcome)
        if not active.is_doomed:
            return settled
        self._kind.delete(settled.item)
        return Settled(settled.item, "has been deleted")

    def _on_settled(self, active: Active, settled: Settled) -> None:
        if settled.again is not None and active.request != STOP:
            again = settled.again
            then = functools.partial(self._on_begun_again, active)
            otherwise = functools.partial(self._on_not_settled, active)
            self._disk.ask(lambda: self._begin(again), then, otherwise)
            return
        self._end(active, settled)

    def _on_not_settled(self, active: Active, error: CoreError) -> None:
        self._on_refused(error)
        active.is_doomed = False
        self._end(active, Settled(active.item))

    def _end(self, active: Active, settled: Settled) -> None:
        self._active = None
        self._timer.stop()
        if settled.words:
            name = self._kind.name(settled.item)
            self.status_changed.emit(f"{name} {settled.words}.")
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
