"""Starts, pauses, ends and deletes scans; one at a time."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

from PyQt5.QtCore import QObject, QTimer, pyqtSignal, pyqtSlot

from core.errors import BundleError, CoreError
from core.jobs.events import TrainingEvent
from core.jobs.failures import Failure
from core.model.bundle import ModelBundle, ModelCard
from core.scan import store as scans
from core.scan.progress import STOPPING, WATCHING, ScanStory
from core.scan.record import FAILED, FINISHED, PAUSED, RUNNING
from core.scan.store import Scan
from desktop.scan import disk as scan_errands
from desktop.scan.active import (
    STOPPED,
    SUCCEEDED,
    ActiveScan,
    of_scan,
    process_of,
)
from desktop.scan.disk import Begun, Listed, ScanRequest
from desktop.widgets.notify import Notice, notice_of
from desktop.work.background import Background
from desktop.work.core_process import start_in_thread
from desktop.work.threads import stop_thread

logger = logging.getLogger(__name__)

_TELL_EVERY_MS: Final = 200


class ScanController(QObject):
    """Keeps the scans of the user, and the one that is under way.

    What touches the disk is done in a thread of its own.

    Signals:
        scans_changed: list[Listed]. All of them, newest first.
        started: Scan, bool. It is under way now, and whether it went on by
            itself after an accident.
        story_changed: the scan under way has told more, or was paused.
        ended: Scan. It is not under way any more; its record says how it ended.
        deleted: Scan. It is gone.
        refused: Notice. What was asked for could not be done.
        model_missing: Scan. It cannot go on, since its model is gone.
        looked_at: FolderLook. The reply to `look_at`, or `folder_refused`.
        folder_refused: Notice. Why the folder cannot be scanned.
    """

    scans_changed = pyqtSignal(object)
    started = pyqtSignal(object, bool)
    story_changed = pyqtSignal()
    ended = pyqtSignal(object)
    deleted = pyqtSignal(object)
    refused = pyqtSignal(object)
    model_missing = pyqtSignal(object)
    looked_at = pyqtSignal(object)
    folder_refused = pyqtSignal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._disk = Background(self, "scans")
        self._active: ActiveScan | None = None
        self._is_busy = False  # between asking for a start and the start
        self._crashed_at: int | None = None
        self._by_itself = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_TELL_EVERY_MS)
        self._timer.timeout.connect(self.story_changed)

    @property
    def active(self) -> Scan | None:
        """The scan under way."""
        return self._active.scan if self._active is not None else None

    @property
    def story(self) -> ScanStory | None:
        """What the scan under way has told."""
        return self._active.story if self._active is not None else None

    @property
    def went_on_by_itself(self) -> bool:
        """Whether the scan under way went on after an accident."""
        return self._active is not None and self._by_itself

    @property
    def is_idle(self) -> bool:
        """Whether a scan could be started."""
        return self._active is None and not self._is_busy

    # What is kept on the disk

    def seek(self) -> None:
        """List the scans, and go on with one that an accident ended."""
        self._disk.ask(scan_errands.find_scans, self._on_sought, self._on_refused)

    def refresh(self) -> None:
        """List the scans anew."""
        self._disk.ask(
            scan_errands.find_scans, self.scans_changed.emit, self._on_refused
        )

    def look_at(self, folder: Path, card: ModelCard | None) -> None:
        """See whether a folder can be scanned; `looked_at` follows."""
        errand = functools.partial(scan_errands.look_at_folder, folder, card)
        self._disk.ask(errand, self.looked_at.emit, self._on_folder_refused)

    def delete(self, scan: Scan) -> None:
        """Delete a scan that is not under way."""
        errand = functools.partial(scan_errands.delete, scan)
        self._disk.ask(errand, self._on_deleted, self._on_refused)

    def prepare(self, load: Callable[[], None], then: Callable[[object], None]) -> None:
        """Do something slow that will be wanted, beside the window's thread."""
        self._disk.ask(load, then, self._on_refused)

    # The scan under way

    def start(self, request: ScanRequest, bundle: ModelBundle) -> None:
        """Begin a new scan."""
        if self._may_start():
            errand = functools.partial(scan_errands.begin, request, bundle)
            self._ask_for_start(errand, self._on_begun)

    def resume(self, scan: Scan) -> None:
        """Go on with a scan."""
        if self._may_start():
            errand = functools.partial(scan_errands.take_up, scan)
            self._ask_for_start(errand, self._on_begun, scan)

    def pause(self) -> None:
        """Let the scan under way wait; it stays in memory."""
        active = self._active
        if active is not None and not active.story.is_paused:
            active.worker.request_pause()
            active.story.pause()
            self._note_status(active, PAUSED)

    def go_on(self) -> None:
        """Let the scan under way go on after `pause`."""
        active = self._active
        if active is not None and active.story.is_paused:
            active.worker.request_go_on()
            active.story.go_on()
            self._note_status(active, RUNNING)

    def cancel(self) -> None:
        """End the scan under way, keeping what was done."""
        active = self._active
        if active is not None and not active.is_cancelled:
            active.is_cancelled = True
            active.was_watching = active.story.stage == WATCHING
            active.story.stop()
            active.worker.request_stop()
            self._note_status(active, active.cancelled_as())

    def shut_down(self) -> None:
        """Stop the scan under way without waiting for its end.

        It goes on by itself at the next start, unless it was paused.
        """
        active, self._active = self._active, None
        self._timer.stop()
        if active is not None:
            active.worker.request_stop()
            active.worker.detach()
            stop_thread(active.thread)
        self._disk.shut_down()
        if active is not None:
            active.hold.release()

    # Starting

    def _may_start(self) -> bool:
        if not self.is_idle:
            text = "A scan is under way, and a window makes only one at a time."
            self.refused.emit(Notice(text, "Wait for its end, or cancel it first."))
        return self.is_idle

    def _ask_for_start(
        self,
        errand: Callable[[], Begun | None],
        then: Callable[[Begun | None], None],
        scan: Scan | None = None,
    ) -> None:
        self._is_busy = True
        self._crashed_at = None
        otherwise = functools.partial(self._on_start_refused, scan)
        self._disk.ask(errand, then, otherwise)

    def _on_sought(self, found: list[Listed]) -> None:
        self.scans_changed.emit(found)
        self._take_up_first([each.scan for each in found if each.is_interrupted])

    def _take_up_first(self, interrupted: list[Scan]) -> None:
        if interrupted and self.is_idle:
            first, *others = interrupted
            errand = functools.partial(scan_errands.take_up, first, if_interrupted=True)
            then = functools.partial(self._on_taken_up, others)
            self._ask_for_start(errand, then, first)

    def _on_taken_up(self, others: list[Scan], begun: Begun | None) -> None:
        self._is_busy = False
        if begun is not None:
            self._launch(begun, by_itself=True)
        else:  # another window was quicker
            self._take_up_first(others)

    def _on_begun(self, begun: Begun | None) -> None:
        self._is_busy = False
        if begun is not None:
            self._launch(begun, by_itself=False)

    def _on_start_refused(self, scan: Scan | None, error: CoreError) -> None:
        self._is_busy = False
        if scan is not None and isinstance(error, BundleError):
            told = {"message": str(error), "hint": error.hint}
            self.model_missing.emit(scans.changed(scan, status=FAILED, **told))
        else:
            self._on_refused(error)
        self.refresh()

    def _launch(self, begun: Begun, *, by_itself: bool) -> None:
        self._run(begun, ScanStory(begun.before))
        self._by_itself = by_itself
        self.started.emit(begun.scan, by_itself)
        self.story_changed.emit()
        self.refresh()

    def _run(self, begun: Begun, story: ScanStory) -> None:
        worker = process_of(begun)
        worker.progressed.connect(self._on_progressed)
        worker.succeeded.connect(self._on_succeeded)
        worker.stopped.connect(self._on_stopped)
        worker.failed.connect(self._on_failed)
        worker.finished.connect(self._on_finished)
        thread = start_in_thread(worker, self)
        self._active = ActiveScan(begun.scan, begun.hold, story, worker, thread)
        logger.info("a scan is under way")

    def _note_status(self, active: ActiveScan, status: str) -> None:
        active.set_status(status)
        errand = functools.partial(scans.save, active.scan)
        self._disk.ask(errand, self._on_saved, self._on_refused)
        self.story_changed.emit()

    # News of the scan under way

    @pyqtSlot(object)
    def _on_progressed(self, event: TrainingEvent) -> None:
        if self._active is not None:
            active = self._active
            knew = active.story.total
            active.story.add(event)
            if knew is None and active.story.total and not active.is_cancelled:
                # For the list, whatever becomes of this window.
                status = PAUSED if active.story.is_paused else RUNNING
                self._note_status(active, status)
            if not self._timer.isActive():
                self._timer.start()

    @pyqtSlot(str)
    def _on_succeeded(self, result: str) -> None:
        self._note_outcome(SUCCEEDED)

    @pyqtSlot()
    def _on_stopped(self) -> None:
        self._note_outcome(STOPPED)

    @pyqtSlot(object)
    def _on_failed(self, failure: Failure) -> None:
        self._note_outcome(failure)

    def _note_outcome(self, outcome: str | Failure) -> None:
        if self._active is not None:
            self._active.outcome = outcome

    @pyqtSlot()
    def _on_finished(self) -> None:
        active = self._active
        if active is None:  # the window closes
            return
        stop_thread(active.thread)
        if active.may_try_again(self._crashed_at):
            self._crashed_at = active.story.done
            errand = functools.partial(
                scan_errands.make_ready, active.scan, active.hold
            )
            then = functools.partial(self._on_ready_again, active)
            otherwise = functools.partial(self._on_not_ready, active)
            self._disk.ask(errand, then, otherwise)
        else:
            self._settle(active)

    def _on_ready_again(self, active: ActiveScan, begun: Begun) -> None:
        if active.is_cancelled:  # meanwhile
            self._settle(active)
            return
        story = ScanStory(begun.before)
        story.notes, story.dropped = active.story.notes, active.story.dropped
        if isinstance(active.outcome, Failure):
            story.note(f"{of_scan(active.outcome)} It was started again by itself.")
        paused = active.story.is_paused
        self._run(begun, story)
        if paused:
            self.pause()
        self.story_changed.emit()

    def _on_not_ready(self, active: ActiveScan, error: CoreError) -> None:
        logger.warning("a scan was not started again: %s", error)
        self._settle(active)

    def _settle(self, active: ActiveScan) -> None:
        active.story.stage = STOPPING
        errand = functools.partial(scan_errands.settle, active.ended(), active.hold)
        self._disk.ask(errand, self._on_settled, self._on_refused)

    def _on_settled(self, scan: Scan) -> None:
        active, self._active = self._active, None
        if active is not None:
            active.thread.deleteLater()
        self._timer.stop()
        self.ended.emit(scan)
        if scan.record.status == FINISHED:
            self.seek()  # another may have been interrupted
        else:
            self.refresh()

    def _on_saved(self, scan: Scan) -> None:
        self.refresh()

    def _on_deleted(self, scan: Scan) -> None:
        self.deleted.emit(scan)
        self.refresh()

    def _on_folder_refused(self, error: CoreError) -> None:
        self.folder_refused.emit(notice_of(error))

    def _on_refused(self, error: CoreError) -> None:
        self.refused.emit(notice_of(error))
