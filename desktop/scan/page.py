"""One scan: how it stands, its films and what they come to."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

import numpy as np
from PyQt5.QtCore import Qt, QTimer, pyqtSignal, pyqtSlot
from PyQt5.QtGui import QResizeEvent
from PyQt5.QtWidgets import QTabWidget, QWidget

from core.errors import CoreError
from core.jobs.channel import Outcome
from core.jobs.events import JobSucceeded
from core.jobs.failures import Failure, tail_of
from core.scan.labels import LabelOf, labels_as_asked
from core.scan.progress import ScanProgress
from core.scan.record import CANCELLED, FAILED, FINISHED, RUNNING
from core.scan.results import ScanTail
from core.scan.row import ScanRow
from core.scan.store import Scan
from core.words import films as in_films
from desktop.film.corrections import LabelCorrections
from desktop.models.in_use import ModelInUse
from desktop.scan.films import ScanFilms
from desktop.scan.progress import ScanHead
from desktop.scan.summary_view import ScanSummaryView
from desktop.scan.worklist import ScanTask, WorklistKind, totals_task
from desktop.settings import Settings
from desktop.widgets.failure_panel import FailurePanel
from desktop.widgets.layouts import PageScroll, column
from desktop.widgets.notify import notice_of
from desktop.work.background import Background
from desktop.work.jobs import JobController

#: Films to either side that are opened with one, to step through.
_NEIGHBOURS: Final = 20
#: A page lower than that has room for what matters only.
_LOW_PX: Final = 520
#: Rows that are read at a time, and how often their file is looked at.
_MOST_ROWS: Final = 500
_LOOK_EVERY_MS: Final = 100
_ENDED: Final = {
    FINISHED: "Finished. ",
    CANCELLED: "Cancelled; what was done is kept, and it can go on. ",
    RUNNING: "Interrupted. ",
}


class ScanPage(QWidget):
    """Shows one scan, and its rows as they come, whoever makes them.

    Args:
        settings: Remember how the page is laid out.
        corrections: What people say of films.
        model: Computes heat maps.

    Attributes:
        scan: The one on screen.
        films: The table, and what is done with its films.
        summary: Totals and measurement, once it has ended.

    Signals:
        films_asked: list[Path], Path. Films as they are listed, and the one of
            them to be shown.
        notice_raised: Notice.
    """

    films_asked = pyqtSignal(object, object)
    notice_raised = pyqtSignal(object)

    def __init__(
        self,
        settings: Settings,
        corrections: LabelCorrections,
        model: ModelInUse,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.scan: Scan | None = None
        self._tail: ScanTail | None = None
        self._progress: ScanProgress | None = None
        self._is_over = self._may_resume = False
        self._files = Background(self, "scan rows")
        self._look = QTimer(
            self, singleShot=True, interval=_LOOK_EVERY_MS, timeout=self._read
        )
        # Sums up a scan that ended before it could do so itself. Where that fails
        # the rows are there all the same.
        self._totals = JobController(WorklistKind(), self)
        self._totals.ended.connect(self._on_totals_ended)
        self.head = ScanHead(self)
        self.failure = FailurePanel(self, is_folded=True)
        self.films = ScanFilms(settings, corrections, model, self)
        self.table, self.actions = self.films.table, self.films.actions
        self.table.film_activated.connect(self._on_film_activated)
        self.summary = ScanSummaryView(self)
        scroll = PageScroll(self)  # a low window with large letters has no room
        scroll.setWidget(self.films)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.pages = QTabWidget(self)
        self.pages.setDocumentMode(True)
        self.pages.addTab(scroll, "Fil&ms")
        self.pages.addTab(self.summary, "S&ummary")
        page = (self.head, self.failure, (self.pages, 1))
        column(*page, of=self, gap=6, margins=(12, 8, 12, 8))

    @property
    def rows(self) -> int:
        """Films listed so far."""
        return self.table.model.total

    def show_scan(self, scan: Scan) -> None:
        """Show a scan from its first row on; how it stands is said apart."""
        self.let_go()
        self.scan, self._is_over, self._progress = scan, False, None
        self.head.begin(scan.record)
        self.failure.set_failure(None)
        self.actions.set_scan(scan)
        self.actions.set_empty(True)
        self._show_summary(None)
        self.pages.setCurrentIndex(0)
        self._tail = ScanTail(scan.results, scan.record.label_names)
        self.films.begin(scan.record)
        label_of = partial(labels_as_asked, scan.record)
        self._files.ask(label_of, self._on_labels, self._on_unlabelled)

    def show_progress(self, scan: Scan, progress: ScanProgress) -> None:
        """Say how far this scan, under way here, is."""
        self.scan, self._progress = scan, progress
        self._totals.stop()  # they come with the end of it
        self.failure.set_failure(None)
        self.head.show_progress(progress, self.rows)

    def show_rest(self, scan: Scan, *, may_resume: bool) -> None:
        """This scan is not under way, or is no longer; say if it can go on here."""
        self.scan, self._is_over, self._may_resume = scan, True, may_resume
        self._progress = None
        self.table.end()
        self.actions.set_scan(scan)
        record = scan.record
        if record.status == FAILED and record.message:
            tail = tail_of(scan.log)
            failure = Failure(record.message, record.hint, tail, scan.log)
            self.failure.set_failure(failure, word="The scan could not go on")
            self.head.notes.set_open(False)
        else:
            self.failure.set_failure(None)
        totals = scan.totals()
        self._show_summary(totals)
        if totals is None and record.done:
            self._totals.start(totals_task(scan))
        self._say_rest()

    def end_elsewhere(self, scan: Scan) -> None:
        """This scan is not under way any more in another window, if it was."""
        if not self._is_over:
            self.show_rest(scan, may_resume=True)

    def let_go(self) -> None:
        """Follow nothing any more."""
        self._totals.stop()
        self._look.stop()
        self._files.forget()

    def shut_down(self) -> None:
        """Remember the settings and end all threads; the window closes."""
        self.let_go()
        self._files.shut_down()
        self._totals.shut_down(waits=True)
        self.films.shut_down()

    def _say_rest(self) -> None:
        if self.scan is not None and self._is_over:
            record = self.scan.record
            words = f"{_ENDED.get(record.status, '')}{self._totals_in_words()}"
            self.head.show_rest(record, words, may_resume=self._may_resume)

    def _totals_in_words(self) -> str:
        """What the films listed so far come to, in a sentence."""
        if not self.rows:
            return "No film has been read yet."
        *counts, not_read = self.table.model.rows.counts()
        labels = self.table.model.rows.labels
        names = [*(label.display_name for label in labels), "uncertain", "refused"]
        found = zip(names, counts, strict=True)
        parts = ", ".join(f"{count:,} {name}" for name, count in found if count)
        text = f"{in_films(sum(counts))} read{': ' if parts else ''}{parts}"
        return f"{text}; {not_read:,} could not be read." if not_read else f"{text}."

    def _show_summary(self, totals: object) -> None:
        self.summary.set_summary(totals)
        self.pages.setTabEnabled(1, totals is not None)

    # Rows

    def _on_labels(self, label_of: LabelOf) -> None:
        assert self.scan is not None
        self.films.begin(self.scan.record, label_of)
        self._read()

    def _on_unlabelled(self, error: CoreError) -> None:
        self.notice_raised.emit(notice_of(error))
        self._read()

    @pyqtSlot()
    def _read(self) -> None:
        assert self._tail is not None
        # Asked before the look: nothing is missed in between.
        then = partial(self._on_read, was_over=self._is_over)
        read = partial(self._tail.read, _MOST_ROWS)
        self._files.ask(read, then, self._on_unreadable)

    def _on_read(self, rows: list[ScanRow], *, was_over: bool) -> None:
        if rows:
            self.table.model.add_rows(rows)
            self.actions.set_empty(False)
            if self._progress is not None and self._progress.is_paused:
                self.head.show_progress(self._progress, self.rows)  # it tells no more
            self._say_rest()
        if len(rows) == _MOST_ROWS or (rows and was_over):
            self._read()
        elif not was_over:
            self._look.start()

    def _on_unreadable(self, error: CoreError) -> None:
        self.notice_raised.emit(notice_of(error))

    @pyqtSlot(object, object)
    def _on_totals_ended(self, task: ScanTask, outcome: Outcome) -> None:
        is_shown = self.scan is not None and self.scan.path == task.scan.path
        if isinstance(outcome, JobSucceeded) and is_shown and self._is_over:
            self._show_summary(task.scan.totals())

    @pyqtSlot(str)
    def _on_film_activated(self, file: str) -> None:
        assert self.scan is not None
        folder, rows = self.scan.record.folder, self.table.model.rows
        closed = [*np.flatnonzero(rows.findings == rows.not_read), *rows.gone]
        closed_files = {rows.files[row] for row in closed}
        around = neighbours(self.table.shown_files(), file, closed_files)
        self.films_asked.emit([folder / each for each in around], folder / file)

    # Qt overrides

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.head.set_compact(event.size().height() < _LOW_PX)


def neighbours(files: Sequence[str], file: str, not_read: set[str]) -> list[str]:
    """A film, even one that is not shown, and those around it that can be opened."""
    if file not in files:
        return [file]
    place = files.index(file)
    first = max(0, place - _NEIGHBOURS)
    near = files[first : place + _NEIGHBOURS + 1]
    return [each for each in near if each == file or each not in not_read]
