"""The tab in which folders are scanned."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt5.QtCore import pyqtSignal, pyqtSlot
from PyQt5.QtGui import QShowEvent
from PyQt5.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from core.errors import BundleError, CoreError
from core.jobs.channel import Outcome
from core.model.bundle import ModelBundle
from core.scan import store as scans
from core.scan.record import FAILED
from core.scan.store import Scan
from desktop.scan import news as scan_news
from desktop.scan.folder_look import look_at_folder
from desktop.scan.kind import ScanKind, ScanRequest
from desktop.widgets.confirm import choose
from desktop.widgets.notify import Notice, NoticeBanner, notice_of
from desktop.work.jobs import JobController

if TYPE_CHECKING:
    from desktop.scan.page import ScanPage
    from desktop.scan.start_page import ScanStart


class ScanTab(QWidget):
    """Puts together the page to start from and the page of a scan.

    They are made when the tab is first on screen: a window that starts does not
    wait for them, and a scan that goes on by itself needs none.

    Attributes:
        controller: Starts, pauses and deletes scans.

    Signals:
        status_changed: str. For the status line.
        films_asked: list[Path], Path. Films to be opened in the Diagnose tab,
            and the one of them to be shown.
    """

    status_changed = pyqtSignal(str)
    films_asked = pyqtSignal(object, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("scanTab")
        self._bundle: ModelBundle | None = None
        self._listed: Sequence[Scan] = ()
        self._start: ScanStart | None = None
        self._page: ScanPage | None = None
        self._is_elsewhere = False
        self.controller = JobController(ScanKind(), self)
        self.banner = NoticeBanner(self)
        self._stack = QStackedWidget(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.banner)
        column.addWidget(self._stack, 1)
        self._connect_controller()

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

    @property
    def bundle(self) -> ModelBundle | None:
        """The model in use."""
        return self._bundle

    @property
    def page(self) -> QWidget | None:
        """The page on screen; None before there is one."""
        page: QWidget | None = self._stack.currentWidget()
        return page

    def start(self) -> None:
        """List the scans, and go on with one that was interrupted."""
        self.controller.refresh(goes_on=True)

    def set_bundle(self, bundle: ModelBundle) -> None:
        """Another model is in use now; a scan under way keeps its own."""
        self._bundle = bundle
        if self._start is not None:
            self._start.set_bundle(bundle)

    def take_folder(self, folder: Path) -> None:
        """Prepare to scan a folder that was dropped."""
        self._show_start()
        self._on_folder_chosen(folder)

    def take_paths(self, paths: Sequence[Path]) -> None:
        """Prepare to scan what was dropped, if it is one folder."""
        if len(paths) == 1:
            self.take_folder(paths[0])
        else:
            self._show_start()
            self.start_page.show_refusal(scan_news.one_folder_in_words(len(paths)))

    def show_drop(self, is_over: bool) -> None:
        """Show that letting go of a folder would choose it."""
        if self._start is not None:
            self._start.mark_drop(is_over)

    def shut_down(self) -> None:
        """End all threads; the window closes."""
        if self._page is not None:
            self._page.shut_down()
        self.controller.shut_down()

    @pyqtSlot(object)
    def show_notice(self, notice: Notice) -> None:
        """Show a failure above the pages."""
        self.banner.show_notice(notice)

    # From the start page

    @pyqtSlot(object)
    def _on_folder_chosen(self, folder: Path) -> None:
        card = self._bundle.card if self._bundle is not None else None
        look = functools.partial(look_at_folder, folder, card)
        self.controller.ask(look, self.start_page.show_look, self._on_folder_refused)

    @pyqtSlot(object)
    def _on_start_asked(self, request: ScanRequest) -> None:
        if self._bundle is not None:
            self.banner.dismiss()
            request = dataclasses.replace(request, bundle=self._bundle)
            self.controller.start(request)

    @pyqtSlot(object)
    def _on_open_asked(self, scan: Scan) -> None:
        self.banner.dismiss()
        self._show_scan(scan, is_at_work=scan.is_at_work)

    @pyqtSlot(object)
    def _on_resume_asked(self, scan: Scan) -> None:
        self.banner.dismiss()
        self.controller.resume(scan)

    @pyqtSlot(object)
    def _on_deletion_asked(self, scan: Scan) -> None:
        question, advice = scan_news.deletion_in_words(scan.record)
        if choose(self, question, advice, ["&Delete", "&Keep"]) == 0:
            self.controller.delete(scan)

    @pyqtSlot()
    def _on_way_back_asked(self) -> None:
        if self.controller.active is not None:
            self._show_scan(self.controller.active, is_at_work=True)

    # From the page of a scan

    @pyqtSlot()
    def _show_start(self) -> None:
        self._is_elsewhere = False
        self._stack.setCurrentWidget(self.start_page)

    @pyqtSlot()
    def _on_shown_resume_asked(self) -> None:
        if self._shown is not None:
            self._on_resume_asked(self._shown)

    @pyqtSlot()
    def _on_anew_asked(self) -> None:
        if self._shown is not None:
            self._show_start()
            self.start_page.propose(self._shown.record)

    # From the controller

    def _on_folder_refused(self, error: CoreError) -> None:
        self.start_page.show_refusal(f"{error} {error.hint}".strip())

    @pyqtSlot(object)
    def _on_listed(self, listed: Sequence[Scan]) -> None:
        self._listed = listed
        if self._start is not None:
            self._start.set_scans(listed, self.controller.active)
        for each in listed if self._is_elsewhere else ():
            if self._is_shown(each) and not each.is_at_work:
                self._show_rest(each)

    @pyqtSlot(object, bool)
    def _on_started(self, scan: Scan, by_itself: bool) -> None:
        self.status_changed.emit(
            scan_news.started_in_words(scan.record, by_itself=by_itself)
        )
        if self._start is None and self._page is None:
            return  # shown when the tab is
        if not by_itself and self._start is not None:
            self._start.forget()
        if not by_itself or self.page is not self._start:
            self._show_scan(scan, is_at_work=True)
            if by_itself:
                self._say_why_it_runs()
            else:
                self.scan_page.head.pause_button.setFocus()

    @pyqtSlot()
    def _on_progress_changed(self) -> None:
        active, progress = self.controller.active, self.controller.progress
        if active is not None and progress is not None and self._is_shown(active):
            self.scan_page.show_progress(active, progress)

    @pyqtSlot(object, object)
    def _on_ended(self, scan: Scan, outcome: Outcome) -> None:
        self.status_changed.emit(scan_news.ended_in_words(scan.record))
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
        told = {"message": str(error), "hint": error.hint}
        self._show_without_model(scans.changed(scan, status=FAILED, **told))

    def _show_without_model(self, scan: Scan) -> None:
        """Show a scan that cannot go on, since its model is gone."""
        self.status_changed.emit(f"The scan of {scan.record.name} cannot go on.")
        if self._page is None and self._start is None:
            return  # its record says so
        if not self._is_shown(scan):
            self._show_scan(scan, is_at_work=False)
        self._show_rest(scan)
        self.scan_page.head.refuse_resume()

    # Pages

    def _show_scan(self, scan: Scan, *, is_at_work: bool) -> None:
        page, active = self.scan_page, self.controller.active
        page.show_scan(scan)
        is_own = active is not None and active.path == scan.path
        self._is_elsewhere = is_at_work and not is_own
        if is_own:
            self._on_progress_changed()
        elif is_at_work:
            page.show_elsewhere()
        else:
            self._show_rest(scan)
        self._stack.setCurrentWidget(page)

    def _say_why_it_runs(self) -> None:
        self.scan_page.say_why_it_runs(was_at_work=not self.controller.is_own)

    def _show_rest(self, scan: Scan) -> None:
        self._is_elsewhere = False
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
        if self._bundle is not None:
            start.set_bundle(self._bundle)
        start.set_scans(self._listed, self.controller.active)
        start.folder_chosen.connect(self._on_folder_chosen)
        start.start_asked.connect(self._on_start_asked)
        start.back_asked.connect(self._on_way_back_asked)
        start.scans.open_asked.connect(self._on_open_asked)
        start.scans.resume_asked.connect(self._on_resume_asked)
        start.scans.deletion_asked.connect(self._on_deletion_asked)
        self._stack.addWidget(start)
        return start

    def _make_page(self) -> ScanPage:
        from desktop.scan.page import ScanPage

        page = ScanPage(self)
        page.films_asked.connect(self.films_asked)
        page.notice_raised.connect(self.show_notice)
        page.status_changed.connect(self.status_changed)
        page.head.back_asked.connect(self._show_start)
        page.head.pause_asked.connect(self.controller.pause)
        page.head.go_on_asked.connect(self.controller.go_on)
        page.head.cancel_asked.connect(self.controller.stop)
        page.head.resume_asked.connect(self._on_shown_resume_asked)
        page.head.anew_asked.connect(self._on_anew_asked)
        self._stack.addWidget(page)
        return page

    def _connect_controller(self) -> None:
        controller = self.controller
        controller.listed.connect(self._on_listed)
        controller.started.connect(self._on_started)
        controller.progress_changed.connect(self._on_progress_changed)
        controller.ended.connect(self._on_ended)
        controller.deleted.connect(self._on_deleted)
        controller.refused.connect(self._on_refused)

    # Qt overrides

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self.page is not None:
            return
        # Beside this thread: it takes long enough to be felt.
        self.controller.ask(_load_page, self._show_active)
        if self.controller.active is None:
            self._show_start()

    def _show_active(self, loaded: object) -> None:
        """Show the scan that was under way before there was a page."""
        active = self.controller.active
        if self.page is None and active is None:  # it has ended meanwhile
            self._show_start()
        elif self.page is None and active is not None:
            self._show_scan(active, is_at_work=True)
            if self.controller.went_on_by_itself:
                self._say_why_it_runs()


def _load_page() -> None:
    """Load the page of a scan and all that belongs to it, for later."""
    import desktop.scan.page  # noqa: F401
