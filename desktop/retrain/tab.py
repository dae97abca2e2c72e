"""The tab in which models are trained, watched, judged and compared."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt5.QtCore import Qt, pyqtSignal, pyqtSlot
from PyQt5.QtWidgets import QSplitter, QWidget

from core.errors import CoreError
from core.jobs.channel import Outcome
from core.jobs.events import FINISH
from core.model.bundle import ModelBundle
from core.program import edition
from core.runs.progress import RunLook, look_at
from core.runs.run import FINISHED, RUNNING, Run
from desktop.jobs.notice import tell_desktop
from desktop.jobs.tab import JobTab
from desktop.retrain.intro import RetrainIntro
from desktop.retrain.report.compare_page import ComparePage
from desktop.retrain.report.page import ReportPage
from desktop.retrain.runs.kind import RunRequest, TrainingKind, end_in_words
from desktop.retrain.runs.page import RunPage
from desktop.retrain.runs.panel import RunsPanel
from desktop.retrain.runs.status import stage_in_words
from desktop.settings import Settings
from desktop.widgets.confirm import choose
from desktop.widgets.layouts import column
from desktop.widgets.notify import notice_of
from desktop.work.jobs import JobController

if TYPE_CHECKING:
    from desktop.retrain.new_run_page import NewRunPage
    from desktop.retrain.search.page import SearchPage


class RetrainTab(JobTab):
    """Puts the list of runs beside the page that is wanted of one.

    Attributes:
        run_page, report_page, compare_page, search_page: One of them, or `new_page`,
            is shown.

    Signals:
        films_asked: list[Path]. To be opened in the Diagnose tab.
        model_asked: Path. The bundle to use from now on.
        back_asked: the model that was in use before is wanted again.
    """

    films_asked = pyqtSignal(object)
    model_asked = pyqtSignal(object)
    back_asked = pyqtSignal()

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__("retrainTab", TrainingKind(), parent)
        self._looking_at: Run | None = None
        self._settings = settings
        self._bundle: ModelBundle | None = None
        self._new_page: NewRunPage | None = None
        self._search_page: SearchPage | None = None
        self.panel = RunsPanel(self)
        self.intro = RetrainIntro(self)
        self.run_page = RunPage(self)
        self.report_page = ReportPage(self)
        self.set_open_films = self.report_page.candidate.trial.set_films
        self.compare_page = ComparePage(self)
        self._lay_out()
        self._connect()

    @property
    def new_page(self) -> NewRunPage:
        """Where a training is prepared; made when it is first wanted.

        It is by far the largest page, and a window that starts has no use for it.
        """
        if self._new_page is None:
            from desktop.retrain.new_run_page import NewRunPage

            self._new_page = NewRunPage(self._settings, self)
            self._new_page.set_model_in_use(self._bundle)
            self._new_page.start_asked.connect(self.controller.start)
            self._new_page.search_asked.connect(self._on_search_asked)
            self._new_page.status_changed.connect(self._on_page_status)
            self._stack.addWidget(self._new_page)
        return self._new_page

    @property
    def search_page(self) -> SearchPage:
        """Where searches are prepared and watched; made when it is first wanted."""
        if self._search_page is None:
            from desktop.retrain.search.page import SearchPage

            self._search_page = page = SearchPage(self)
            page.promoted.connect(self._on_promoted)
            page.form.back_button.clicked.connect(self._on_new_asked)
            page.noticed.connect(self.show_notice)
            page.status_changed.connect(self._on_page_status)
            self._stack.addWidget(page)
        return self._search_page

    def start(self) -> None:
        """List the runs, and follow one that goes on from before."""
        self.controller.refresh()

    def set_bundle(self, bundle: ModelBundle) -> None:
        """Another model is in use now."""
        self._bundle = bundle
        if self._new_page is not None:
            self._new_page.set_model_in_use(bundle)
        self.report_page.candidate.set_model_in_use(bundle)
        for runs in (self.compare_page.model, self.panel.model):
            runs.set_model_in_use(bundle)

    def take_paths(self, paths: Sequence[Path]) -> None:
        """Begin a new model with what was dropped, if it is one folder or manifest."""
        self._on_new_asked()
        if edition.can_train():
            self.new_page.take_paths(paths)

    def show_drop(self, is_over: bool) -> None:
        """Show that letting go of a folder or manifest would choose it."""
        if self._new_page is not None:
            self._new_page.data.chooser.mark_drop(is_over)

    def may_close(self) -> bool:
        """Ask what becomes of a run or a search that this window started.

        Returns:
            Whether the window may close.
        """
        if not self._may_leave(self.controller, "is still being trained"):
            return False
        page = self._search_page
        return page is None or self._may_leave(page.controller, "still goes on")

    def _may_leave(self, controller: JobController, what: str) -> bool:
        job = controller.job
        if job is None or not job.is_own:
            return True
        answer = choose(
            self,
            f"{job.item.record.name} {what}.",
            "In the background it goes on without the window, and is found here "
            "when Hilum is opened again. Paused, it goes on from its last "
            "checkpoint when you resume it.",
            ["&Go on in the background", "&Pause and close", "&Do not close"],
        )
        if answer == 0:
            controller.let_go()
        elif answer == 1:
            self.stop_and_wait(controller)
        return answer != 2

    def shut_down(self) -> None:
        """End all threads; the window closes."""
        if self._new_page is not None:
            self._new_page.shut_down()
        self.report_page.shut_down()
        if self._search_page is not None:
            self._search_page.shut_down()
        self.controller.shut_down()

    # From the list and the pages

    @pyqtSlot()
    def _on_new_asked(self) -> None:
        self._looking_at = None
        self.panel.choose(None)
        if not edition.can_train():
            self._stack.setCurrentWidget(self.intro)  # which says how to get it
            return
        self._stack.setCurrentWidget(self.new_page)
        self.new_page.setFocus(Qt.FocusReason.OtherFocusReason)

    @pyqtSlot(object)
    def _on_search_asked(self, request: RunRequest) -> None:
        self.search_page.prepare(request)
        self._stack.setCurrentWidget(self.search_page)

    @pyqtSlot()
    def _on_searches_asked(self) -> None:
        self._looking_at = None
        self.panel.choose(None)
        self.search_page.show_searches()
        self._stack.setCurrentWidget(self.search_page)

    @pyqtSlot(object)
    def _on_promoted(self, run: Run) -> None:
        self._looking_at = run
        self.controller.refresh()
        self.controller.resume(run)

    @pyqtSlot(object)
    def _on_run_chosen(self, run: Run) -> None:
        self._looking_at = run
        if self.controller.is_active(run):
            self._show_active(run)
        else:
            self._look_at(run)

    @pyqtSlot(object)
    def _on_compare_asked(self, chosen: list[Run]) -> None:
        self._looking_at = None
        self.compare_page.set_runs(chosen)
        self._stack.setCurrentWidget(self.compare_page)

    @pyqtSlot(str, object)
    def _on_asked(self, what: str, run: Run) -> None:
        if what == "finish":
            self.controller.request(FINISH)
        elif what == "pause":
            self.controller.stop()
        elif what == "resume":
            self.controller.resume(run)
        else:
            self._on_deletion_asked(run)

    @pyqtSlot(object)
    def _on_deletion_asked(self, run: Run) -> None:
        first = "It is stopped first. " if self.controller.is_active(run) else ""
        answer = choose(
            self,
            f"Delete {run.record.name}?",
            f"{first}Its model, report and checkpoints are deleted with it. A copy "
            "that is in use as the model stays.",
            ["&Delete", "&Keep"],
        )
        if answer == 0:
            if self.controller.is_active(run):
                self.run_page.show_asked("discard")
            self.controller.delete(run)

    # From the controller

    @pyqtSlot(object, bool)
    def _on_started(self, run: Run, by_itself: bool) -> None:
        self._looking_at = run
        self.panel.choose(run)
        was_new = self.page is self._new_page
        self._show_active(run)
        if was_new:  # the button that was pressed is gone
            self.run_page.setFocus(Qt.FocusReason.OtherFocusReason)

    @pyqtSlot(object)
    def _on_listed(self, found: list[Run]) -> None:
        self.panel.set_runs(found)
        self.panel.choose(self._looking_at)

    @pyqtSlot()
    def _on_progress_changed(self) -> None:
        self.run_page.refresh()
        if words := self._training_words():
            self.status_changed.emit(words)

    def _training_words(self) -> str:
        """How far the training at work is; empty where there is none."""
        run, progress = self.controller.active, self.controller.progress
        if run is None or progress is None:
            return ""
        return f"Training {run.record.name}: {stage_in_words(progress)}"

    @pyqtSlot(str)
    def _on_page_status(self, text: str) -> None:
        # A page that has nothing to say must not hide that a training goes on.
        self.status_changed.emit(text or self._training_words())

    @pyqtSlot(object, object)
    def _on_ended(self, run: Run, outcome: Outcome) -> None:
        if words := end_in_words(run, outcome):
            tell_desktop(self.window(), "Training", words)
        if self._is_shown(run):
            self._look_at(run)

    @pyqtSlot(object)
    def _on_deleted(self, run: Run) -> None:
        if self._is_shown(run):
            self._looking_at = None
            self._stack.setCurrentWidget(self.intro)

    @pyqtSlot(object)
    def _on_refused(self, error: CoreError) -> None:
        self.show_notice(notice_of(error))
        self.run_page.show_asked("")

    # What is shown

    def _look_at(self, run: Run) -> None:
        """Read how a run stands, and show it then."""
        self.controller.ask(functools.partial(look_at, run), self._on_looked_at)

    def _on_looked_at(self, look: RunLook) -> None:
        run = look.run
        if not self._is_shown(run):  # another was chosen since
            return
        if self.controller.is_active(run):
            self._show_active(run)
        elif look.state == FINISHED:
            self.report_page.set_run(run)
            self._stack.setCurrentWidget(self.report_page)
        else:
            self.run_page.show_run(run, look.progress, look.state, look.failure)
            self._stack.setCurrentWidget(self.run_page)

    def _show_active(self, run: Run) -> None:
        progress = self.controller.progress
        if progress is not None:
            self.run_page.show_run(run, progress, RUNNING)
            self._stack.setCurrentWidget(self.run_page)

    def _is_shown(self, run: Run) -> bool:
        return self._looking_at is not None and self._looking_at.path == run.path

    # Making

    def _connect(self) -> None:
        self.panel.run_chosen.connect(self._on_run_chosen)
        self.panel.compare_asked.connect(self._on_compare_asked)
        self.panel.deletion_asked.connect(self._on_deletion_asked)
        for button in (self.panel.new_button, self.intro.new_button):
            button.clicked.connect(self._on_new_asked)
        self.panel.search_button.clicked.connect(self._on_searches_asked)
        self.panel.search_button.setVisible(edition.can_train())
        self.run_page.asked.connect(self._on_asked)
        self.report_page.body.mistakes.films_asked.connect(self.films_asked)
        candidate = self.report_page.candidate
        candidate.use_asked.connect(self.model_asked)
        candidate.choice.back_button.clicked.connect(self.back_asked)
        self.compare_page.run_chosen.connect(self._on_run_chosen)
        for part in (self.report_page, self.compare_page):
            part.status_changed.connect(self._on_page_status)

    def _lay_out(self) -> None:
        for page in (self.intro, self.run_page, self.report_page, self.compare_page):
            self._stack.addWidget(page)
        splitter = QSplitter(Qt.Orientation.Horizontal, self)
        splitter.setObjectName("retrainSplitter")
        splitter.setChildrenCollapsible(False)
        splitter.setHandleWidth(1)
        splitter.addWidget(self.panel)
        splitter.addWidget(self._stack)
        splitter.setStretchFactor(0, 1)
        splitter.setStretchFactor(1, 4)
        splitter.setSizes([256, 1024])
        column(self.banner, (splitter, 1), of=self, gap=0)
