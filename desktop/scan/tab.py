"""The tab in which folders are scanned."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt5.QtCore import pyqtSignal, pyqtSlot
from PyQt5.QtGui import QShowEvent
from PyQt5.QtWidgets import QWidget

from core.errors import BundleError, CoreError
from core.jobs.channel import Outcome
from core.jobs.events import GO_ON, PAUSE
from core.model.bundle import ModelBundle
from core.scan import store as scans
from core.scan.record import FAILED, FINISHED, ScanRecord
from core.scan.store import Scan
from core.words import films as in_films
from desktop.film.corrections import LabelCorrections
from desktop.jobs.tab import JobTab
from desktop.models.in_use import ModelInUse
from desktop.scan.kind import ScanKind, labels_in
from desktop.scan.progress import progress_in_words
from desktop.settings import Settings
from desktop.widgets.confirm import choose
from desktop.widgets.layouts import column
from desktop.widgets.notify import notice_of

if TYPE_CHECKING:
    from desktop.scan.page import ScanPage
    from desktop.scan.start_page import ScanStart


class ScanTab(JobTab):
    """Puts together the page to start from and the page of a scan.

    They are made when the tab is first on screen: a window that starts does not
    wait for them, and a scan that goes on by itself needs none.

    Args:
        settings: Remember how the page of a scan is laid out.
        model: Computes heat maps.
        corrections: What people say of films.

    Attributes:
        bundle: The model in use.

    Signals:
        films_asked: list[Path], Path. Films to be opened in the Diagnose tab,
            and the one of them to be shown.
    """

    films_asked = pyqtSignal(object, object)

    def __init__(
        self,
        settings: Settings,
        model: ModelInUse,
        corrections: LabelCorrections,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__("scanTab", ScanKind(), parent)
        self._settings = settings
        self._model = model
        self._corrections = corrections
        self.bundle: ModelBundle | None = None
        self._listed: Sequence[Scan] = ()
        self._start: ScanStart | None = None
        self._page: ScanPage | None = None
        column(self.banner, (self._stack, 1), of=self, gap=0)

    @property
    def start_page(self) -> ScanStart:
        """Where a scan is prepared."""
        if self._start is None:
            self._start = self._make_start()
        return self._start

    @property
    def scan_page(self) -> ScanPage:
        """Where a scan is shown."""
        if self._page is None:
            self._page = self._make_page()
        return self._page

    def start(self) -> None:
        """List the scans, and go on with one that was interrupted."""
        self.controller.refresh(goes_on=True)

    def set_bundle(self, bundle: ModelBundle) -> None:
        """Another model is in use now; a scan under way keeps its own."""
        self.bundle = bundle
        if self._start is not None:
            self._start.set_bundle(bundle)

    def take_folder(self, folder: Path) -> None:
        """Prepare to scan a folder that was dropped."""
        self._show_start()
        self._look_at(folder)

    def take_paths(self, paths: Sequence[Path]) -> None:
        """Prepare to scan what was dropped, if it is one folder."""
        if len(paths) == 1:
            self.take_folder(paths[0])
        else:
            self._show_start()
            self.start_page.show_refusal(
                f"{len(paths):,} files or folders were dropped, and a scan takes one "
                "folder. Drop the folder that they lie in: folders below it are read "
                "too."
            )

    def show_drop(self, is_over: bool) -> None:
        """Show that letting go of a folder would choose it."""
        if self._start is not None:
            self._start.mark_drop(is_over)

    def shut_down(self) -> None:
        """End all threads; the window closes."""
        if self._page is not None:
            self._page.shut_down()
        self.controller.shut_down()

    # From the start page

    @pyqtSlot(object)
    def _look_at(self, folder: Path) -> None:
        card = self.bundle.card if self.bundle is not None else None
        look = functools.partial(labels_in, folder, card)
        then = functools.partial(self.start_page.show_folder, folder)
        self.controller.ask(look, then, self._on_folder_refused)

    def _on_folder_refused(self, error: CoreError) -> None:
        self.start_page.show_refusal(f"{error} {error.hint}".strip())

    @pyqtSlot(object)
    def _on_start_asked(self, record: ScanRecord) -> None:
        self.banner.dismiss()
        self.controller.start(record)

    @pyqtSlot()
    def _on_open_clicked(self) -> None:
        if scan := self.start_page.scans.chosen:
            self.banner.dismiss()
            self._show_scan(scan)

    @pyqtSlot()
    def _on_delete_clicked(self) -> None:
        scan = self.start_page.scans.chosen
        if scan is None:
            return
        question = f"Delete the scan of {scan.record.name}?"
        advice = "Its list of verdicts is deleted; the films stay where they are."
        if choose(self, question, advice, ["&Delete", "&Keep"]) == 0:
            self.controller.delete(scan)

    # From the page of a scan

    @pyqtSlot()
    def _show_start(self) -> None:
        if self.page is not None and self.controller.active is None:
            self.status_changed.emit("")  # it may still tell of the scan that is left
        self._stack.setCurrentWidget(self.start_page)

    @pyqtSlot()
    def _on_pause_clicked(self) -> None:
        progress = self.controller.progress
        if progress is not None and progress.is_paused:
            self.controller.request(GO_ON)
        else:
            self.controller.request(PAUSE)

    @pyqtSlot()
    def _on_resume_clicked(self) -> None:
        is_earlier = self.page is self._start
        scan = self.start_page.scans.chosen if is_earlier else self._shown
        if scan is not None:
            self.banner.dismiss()
            self.controller.resume(scan)

    @pyqtSlot()
    def _on_anew_clicked(self) -> None:
        if self._shown is not None:
            self._show_start()
            self.start_page.propose(self._shown.record)

    # From the controller

    @pyqtSlot(object)
    def _on_listed(self, listed: Sequence[Scan]) -> None:
        self._listed = listed
        if self._start is not None:
            self._start.set_scans(listed, self.controller.active)
        for each in listed if self.controller.active is None else ():
            if self._is_shown(each) and not each.is_at_work:
                self.scan_page.end_elsewhere(each)

    @pyqtSlot(object, bool)
    def _on_started(self, scan: Scan, by_itself: bool) -> None:
        begins = "Going on with the scan of" if by_itself else "Scanning"
        self.status_changed.emit(
            f"{begins} {scan.record.name}. If you close the window, it goes on at the "
            "next start."
        )
        if self._start is None and self._page is None:
            return  # shown when the tab is
        if not by_itself and self._start is not None:
            self._start.set_folder(None)
        if not by_itself or self.page is not self._start:
            self._show_active()
        if not by_itself:
            self.scan_page.head.pause_button.setFocus()

    @pyqtSlot()
    def _on_progress_changed(self) -> None:
        active, progress = self.controller.active, self.controller.progress
        if active is not None and progress is not None and self._is_shown(active):
            self.scan_page.show_progress(active, progress)
        if active is not None and progress is not None:
            words = progress_in_words(progress)
            self.status_changed.emit(f"Scan of {active.record.name}: {words}")

    @pyqtSlot(object, object)
    def _on_ended(self, scan: Scan, outcome: Outcome) -> None:
        record = scan.record
        ended = "has finished" if record.status == FINISHED else "has ended"
        films = in_films(record.done)
        self.status_changed.emit(f"The scan of {record.name} {ended}: {films} listed.")
        if self._is_shown(scan):
            self._show_rest(scan)

    @pyqtSlot(object)
    def _on_deleted(self, scan: Scan) -> None:
        if self._is_shown(scan):
            self.scan_page.let_go()
            self._show_start()

    @pyqtSlot(object, object)
    def _on_refused(self, error: CoreError, scan: Scan | None) -> None:
        if scan is None or not isinstance(error, BundleError):
            self.show_notice(notice_of(error))
            return
        # Its model is gone; it can only be done anew.
        scan = scans.changed(scan, status=FAILED, message=str(error), hint=error.hint)
        self.status_changed.emit(f"The scan of {scan.record.name} cannot go on.")
        if self._page is None and self._start is None:
            return  # its record says so
        if not self._is_shown(scan):
            self._show_scan(scan)
        self._show_rest(scan)
        self.scan_page.head.refuse_resume()

    # Pages

    def _show_scan(self, scan: Scan) -> None:
        page = self.scan_page
        page.show_scan(scan)
        if self.controller.is_active(scan):
            self._on_progress_changed()
        elif scan.is_at_work:
            page.head.show_elsewhere()
        else:
            self._show_rest(scan)
        self._stack.setCurrentWidget(page)

    @pyqtSlot()
    def _show_active(self) -> None:
        """Show the scan under way, and why it is, where nobody asked for it here."""
        job = self.controller.job
        if job is None:  # it has ended meanwhile
            self._show_start()
            return
        self._show_scan(job.item)
        if job.by_itself:
            self.scan_page.head.line.set_text(
                "This scan was interrupted; it goes on where it stopped."
                if job.is_own
                else "This scan went on while the window was closed."
            )

    def _show_rest(self, scan: Scan) -> None:
        self.scan_page.show_rest(scan, may_resume=self.controller.active is None)

    @property
    def _shown(self) -> Scan | None:
        """The scan on its page, even while the other page is on screen."""
        return self._page.scan if self._page is not None else None

    def _is_shown(self, scan: Scan) -> bool:
        return self._shown is not None and self._shown.path == scan.path

    def _make_start(self) -> ScanStart:
        from desktop.scan.start_page import ScanStart

        start = ScanStart(self)
        if self.bundle is not None:
            start.set_bundle(self.bundle)
        start.set_scans(self._listed, self.controller.active)
        start.folder_chosen.connect(self._look_at)
        start.start_asked.connect(self._on_start_asked)
        start.back_button.clicked.connect(self._show_active)
        earlier = start.scans
        earlier.open_button.clicked.connect(self._on_open_clicked)
        earlier.resume_button.clicked.connect(self._on_resume_clicked)
        earlier.delete_button.clicked.connect(self._on_delete_clicked)
        self._stack.addWidget(start)
        return start

    def _make_page(self) -> ScanPage:
        from desktop.scan.page import ScanPage

        page = ScanPage(self._settings, self._corrections, self._model, self)
        page.films_asked.connect(self.films_asked)
        for part in (page, page.actions):
            part.notice_raised.connect(self.show_notice)
        for part in (page.table, page.actions):
            part.status_changed.connect(self.status_changed)
        head = page.head
        head.back_button.clicked.connect(self._show_start)
        head.pause_button.clicked.connect(self._on_pause_clicked)
        head.cancel_button.clicked.connect(self.controller.stop)
        head.resume_button.clicked.connect(self._on_resume_clicked)
        head.anew_button.clicked.connect(self._on_anew_clicked)
        self._stack.addWidget(page)
        return page

    # Qt overrides

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self.page is not None:
            return
        # Beside this thread: it takes long enough to be felt.
        self.controller.ask(_load_page, self._on_loaded)
        if self.controller.active is None:
            self._show_start()

    def _on_loaded(self, loaded: object) -> None:
        if self.page is None:
            self._show_active()


def _load_page() -> None:
    """Load the page of a scan and all that belongs to it, for later."""
    import desktop.scan.page  # noqa: F401
