"""One scan: how it stands, its films and what they come to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from PyQt5.QtCore import Qt, QThread, pyqtSignal, pyqtSlot
from PyQt5.QtGui import QResizeEvent
from PyQt5.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from core.errors import CoreError
from core.jobs.failures import Failure, tail_of
from core.scan.progress import ScanProgress
from core.scan.record import FAILED
from core.scan.store import Scan
from core.words import films as in_films
from desktop.scan.actions import ScanActions
from desktop.scan.follower import ScanFollower, follow_in_thread
from desktop.scan.progress import ScanHead
from desktop.scan.summary_view import ScanSummaryView
from desktop.scan.table.columns import RowBlock
from desktop.scan.table.table import ScanTable
from desktop.scan.totals import ScanTotals
from desktop.widgets.failure_panel import FailurePanel
from desktop.widgets.layouts import PageScroll
from desktop.widgets.notify import notice_of
from desktop.work.threads import stop_thread

#: Films to either side that are opened with one, to step through.
_NEIGHBOURS: Final = 20
#: A page lower than that has room for what matters only.
_LOW_PX: Final = 520


class ScanPage(QWidget):
    """Shows one scan and follows its results.

    Attributes:
        head: How it stands.
        table: Its films.
        actions: What can be done with them.
        summary: Totals and measurement, once it has ended.
        totals: Makes those, where the scan could not.

    Signals:
        films_asked: list[Path], Path. Films as they are listed, and the one of
            them to be shown.
        notice_raised: Notice.
        status_changed: str. For the status line.
    """

    films_asked = pyqtSignal(object, object)
    notice_raised = pyqtSignal(object)
    status_changed = pyqtSignal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scan: Scan | None = None
        self._follower: ScanFollower | None = None
        self._thread: QThread | None = None
        self._progress: ScanProgress | None = None
        self._is_over = False
        self._may_resume = False
        self._counts = np.zeros(0, np.int64)
        self._not_read: set[str] = set()
        self.head = ScanHead(self)
        self.failure = FailurePanel(self, is_folded=True)
        self.table = ScanTable(self)
        self.actions = ScanActions(self)
        self.summary = ScanSummaryView(self)
        self.totals = ScanTotals(self)
        self.totals.made.connect(self._on_totals_made)
        self.pages = QTabWidget(self)
        self.pages.setDocumentMode(True)
        self._lay_out()
        self.table.film_activated.connect(self._on_film_activated)
        self.actions.set_selection_provider(
            self.table.selected_files, self.table.shown_files
        )
        self.actions.status_changed.connect(self.status_changed)
        self.table.status_changed.connect(self.status_changed)
        self.actions.notice_raised.connect(self.notice_raised)
        self.actions.films_moved.connect(self._on_films_moved)

    @property
    def scan(self) -> Scan | None:
        """The scan on screen."""
        return self._scan

    @property
    def rows(self) -> int:
        """Films listed so far."""
        return int(self._counts.sum())

    def show_scan(self, scan: Scan) -> None:
        """Show a scan from its first row on; how it stands is said apart."""
        self.let_go()
        self._scan, self._is_over, self._progress = scan, False, None
        labels = scan.record.card_labels
        self._counts = np.zeros(len(labels) + 3, np.int64)
        self._not_read = set()
        self.head.forget()
        self.head.set_record(scan.record)
        self.failure.set_failure(None)
        self.table.begin(scan.record.folder, labels)
        self.actions.set_scan(scan)
        self.actions.set_empty(True)
        self._show_summary(None)
        self.pages.setCurrentIndex(0)
        follower = ScanFollower(scan.results, labels)
        follower.block_ready.connect(self._on_block_ready)
        follower.caught_up.connect(self._on_caught_up)
        follower.failed.connect(self._on_follower_failed)
        follower.finished.connect(self._on_follower_finished)
        self._follower = follower
        self._thread = follow_in_thread(follower, self)

    def show_progress(self, scan: Scan, progress: ScanProgress) -> None:
        """Say how far this scan, under way here, is."""
        self._scan = scan
        self._progress = progress
        self.totals.stop()  # they come with the end of it
        self.failure.set_failure(None)
        self.head.show_progress(progress, self.rows)

    def show_elsewhere(self) -> None:
        """Another window has this scan under way."""
        self.head.show_elsewhere()

    def show_rest(self, scan: Scan, *, may_resume: bool) -> None:
        """This scan is not under way, or is no longer.

        Args:
            scan: With how it ended.
            may_resume: Whether it could go on in this window now.
        """
        self._scan, self._is_over, self._may_resume = scan, True, may_resume
        self._progress = None
        self.table.end()
        self.actions.set_scan(scan)
        record = scan.record
        failure = None
        if record.status == FAILED and record.message:
            tail = tail_of(scan.log)
            failure = Failure(record.message, record.hint, tail, scan.log)
        word = "The scan could not go on"
        self.failure.set_failure(failure, word=word)
        if failure is not None:
            self.head.notes.set_open(False)
        totals = scan.totals()
        self._show_summary(totals)
        if totals is None:
            self.totals.make(scan)
        self._say_rest()
        if self._follower is not None:
            self._follower.end()

    def say_why_it_runs(self, *, was_at_work: bool) -> None:
        """Say why the scan is at work, though nobody asked for it here.

        Args:
            was_at_work: Whether it never stopped; else an accident ended it.
        """
        text = "This scan was interrupted; it goes on where it stopped."
        if was_at_work:
            text = "This scan went on while the window was closed."
        self.head.line.set_text(text)

    def let_go(self) -> None:
        """Follow nothing any more."""
        self.totals.stop()
        if self._follower is not None and self._thread is not None:
            self._follower.let_go()
            stop_thread(self._thread)
            self._thread.deleteLater()
        self._follower = self._thread = None

    def shut_down(self) -> None:
        """End all threads; the window closes."""
        self.let_go()
        self.actions.shut_down()
        self.totals.shut_down()
        self.table.shut_down()

    def totals_in_words(self) -> str:
        """What the films listed so far come to, in a sentence."""
        if self._scan is None or not self.rows:
            return "No film has been read yet."
        labels = self._scan.record.card_labels
        names = [*(label.display_name for label in labels), "uncertain", "refused"]
        called = zip(names, self._counts[:-1], strict=True)
        parts = [f"{count:,} {name}" for name, count in called if count]
        read, not_read = int(self._counts[:-1].sum()), int(self._counts[-1])
        films = in_films(read)
        text = f"{films} read{': ' if parts else ''}{', '.join(parts)}"
        return f"{text}; {not_read:,} could not be read." if not_read else f"{text}."

    def _say_rest(self) -> None:
        if self._scan is not None and self._is_over:
            record = self._scan.record
            words = f"{_ENDED[record.status]} {self.totals_in_words()}".strip()
            self.head.show_rest(record, words, may_resume=self._may_resume)

    def _show_summary(self, totals: object) -> None:
        self.summary.set_summary(totals)
        self.pages.setTabVisible(1, totals is not None)
        self.pages.tabBar().setVisible(totals is not None)

    # News

    @pyqtSlot(object)
    def _on_block_ready(self, block: RowBlock) -> None:
        if self.sender() is not self._follower or self._follower is None:
            return  # of a scan that was shown before
        self.table.add_block(block)
        self._counts += np.bincount(block.findings, minlength=len(self._counts))
        self._not_read.update(
            file for file, why in zip(block.files, block.errors, strict=True) if why
        )
        self.actions.set_empty(False)
        if self._progress is not None and self._progress.is_paused:
            self.head.show_progress(self._progress, self.rows)  # it tells no more
        self._follower.block_taken()

    @pyqtSlot()
    def _on_caught_up(self) -> None:
        self._say_rest()

    @pyqtSlot(object)
    def _on_follower_failed(self, error: CoreError) -> None:
        if self.sender() is self._follower:
            self.notice_raised.emit(notice_of(error))

    @pyqtSlot()
    def _on_follower_finished(self) -> None:
        self._say_rest()

    @pyqtSlot(object)
    def _on_totals_made(self, scan: Scan) -> None:
        if self._is_over and self._scan is not None and self._scan.path == scan.path:
            self._show_summary(scan.totals())

    @pyqtSlot(object, object)
    def _on_films_moved(self, files: Sequence[str], target: Path) -> None:
        self.table.mark_moved(files, target)
        self._not_read.update(files)

    @pyqtSlot(object)
    def _on_film_activated(self, path: Path) -> None:
        if self._scan is None:
            return
        folder = self._scan.record.folder
        try:
            file = path.relative_to(folder).as_posix()
        except ValueError:
            self.films_asked.emit([path], path)
            return
        around = neighbours(self.table.shown_files(), file, self._not_read)
        self.films_asked.emit([folder / each for each in around], path)

    def _lay_out(self) -> None:
        films = QWidget(self)
        inner = QVBoxLayout(films)
        inner.setContentsMargins(0, 6, 0, 0)
        inner.setSpacing(6)
        inner.addWidget(self.table, 1)
        inner.addWidget(self.actions)
        scroll = PageScroll(self)  # a low window with large letters has no room
        scroll.setWidget(films)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        films.setObjectName("reportBody")  # its ground is the window's
        self.pages.addTab(scroll, "Fil&ms")
        self.pages.addTab(self.summary, "S&ummary")
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 8)
        column.setSpacing(6)
        column.addWidget(self.head)
        column.addWidget(self.failure)
        column.addWidget(self.pages, 1)

    # Qt overrides

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.head.set_compact(event.size().height() < _LOW_PX)


_ENDED: Final = {
    "finished": "Finished.",
    "cancelled": "Cancelled; what was done is kept, and it can go on.",
    "failed": "",
    "paused": "",
    "running": "Interrupted.",
}


def neighbours(files: Sequence[str], file: str, not_read: set[str]) -> list[str]:
    """A film and those around it in a list that can be opened.

    Args:
        files: In the order shown.
        file: The one; comes even if it is not among them.
        not_read: Those that cannot be opened.
    """
    try:
        place = files.index(file)
    except ValueError:
        return [file]
    first = max(0, place - _NEIGHBOURS)
    near = files[first : place + _NEIGHBOURS + 1]
    return [each for each in near if each == file or each not in not_read]
