"""Searches: their trials as they come, what they show, and the best as a full run."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PyQt5.QtCore import QSignalBlocker, Qt, pyqtSignal, pyqtSlot
from PyQt5.QtWidgets import QWidget

from core.errors import CoreError
from core.jobs.channel import Outcome
from core.jobs.events import JobStopped
from core.jobs.failures import Failure
from core.runs.run import Run
from core.search.promote import promote
from core.search.record import (
    FINISHED,
    MEASURES,
    PRUNED,
    SAMPLERS,
    SearchTable,
    summary,
)
from core.search.store import Search
from desktop.jobs.notice import tell_desktop
from desktop.retrain.runs.kind import RunRequest
from desktop.retrain.search.form import SearchForm
from desktop.retrain.search.kind import SearchKind
from desktop.retrain.search.trials import SearchCharts, TrialTable
from desktop.widgets.buttons import ChoiceBox, button
from desktop.widgets.confirm import choose
from desktop.widgets.labels import Caption, ElidedLabel
from desktop.widgets.layouts import PageScroll, PageStack, column, row
from desktop.widgets.message_card import NoteRow
from desktop.widgets.notify import notice_of
from desktop.widgets.times import when_in_words
from desktop.work.jobs import JobController


class SearchPage(QWidget):
    """Starts, watches and ends searches.

    Attributes:
        controller: Of the searches.

    Signals:
        promoted: Run. A full run of a trial is ready to go on.
        status_changed: str. For the status line.
        noticed: A notice for the banner.
    """

    promoted = pyqtSignal(object)
    status_changed = pyqtSignal(str)
    noticed = pyqtSignal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("searchPage")
        self._searches: Sequence[Search] = ()
        self._shown: Search | None = None
        self._table = SearchTable("macro_f1", 0)
        self._read_from = Path()
        self._is_reading = False
        self.controller = JobController(SearchKind(), self)
        self.form = SearchForm(self)
        self.choice = ChoiceBox("Searches", self, letters=30)
        self.title = ElidedLabel("", self)
        self.title.setObjectName("runTitle")
        self.facts = Caption("", self)
        self.facts.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.sentence = NoteRow(self)
        self.table = TrialTable(self)
        self.charts = SearchCharts(self)
        tip = "Makes a model of the trial, and measures it on the test films, once"
        make = self._on_promote_clicked
        self.promote_button = button("Make a &model of the best", make, self, tip=tip)
        pause = self.controller.stop
        self.pause_button = button("&Pause", pause, self, tip="Keeps all trials")
        self.resume_button = button("Res&ume", self._on_resume_clicked, self)
        self.delete_button = button("D&elete…", self._on_delete_clicked, self)
        self._stack = PageStack(self)
        self._lay_out()
        self._connect()

    # What is wanted of it

    def prepare(self, run: RunRequest) -> None:
        """Ask what a search of this training's settings may vary."""
        self.form.set_run(run)
        self._stack.setCurrentWidget(self.form)

    def show_searches(self) -> None:
        """Show the searches, the one at work first of all."""
        self._stack.setCurrentWidget(self._view)
        self.controller.refresh()

    @property
    def is_empty(self) -> bool:
        """Whether there is no search at all."""
        return not self._searches

    def shut_down(self) -> None:
        """End the threads; the window closes."""
        self.controller.shut_down()

    # From the controller

    @pyqtSlot(object)
    def _on_listed(self, found: Sequence[Search]) -> None:
        self._searches = found
        with QSignalBlocker(self.choice):
            self.choice.clear()
            for search in found:
                when = when_in_words(search.record.started)
                self.choice.addItem(f"{search.record.name}  ·  {when}", search.path)
        shown = self._shown.path if self._shown is not None else None
        known = {search.path: search for search in found}
        self._show(known.get(shown) or (found[0] if found else None))

    @pyqtSlot(object, bool)
    def _on_started(self, search: Search, by_itself: bool) -> None:
        self._shown = search
        if not by_itself:
            self._stack.setCurrentWidget(self._view)
        self._show(search)

    @pyqtSlot()
    def _on_progress_changed(self) -> None:
        if self._shown is not None and self.controller.is_active(self._shown):
            self.sentence.set_text(self.controller.progress.words, "note")
            self._read()
            ended = self._table.count(FINISHED, PRUNED)
            said = f"Search: {ended} of {self._table.trials} trials"
            self.status_changed.emit(said)

    @pyqtSlot(object, object)
    def _on_ended(self, search: Search, outcome: Outcome) -> None:
        if not isinstance(outcome, JobStopped):
            tell_desktop(self.window(), "Search", f"{search.record.name} has ended.")
        if isinstance(outcome, Failure):
            error = CoreError(outcome.message, hint=outcome.hint)
            self.noticed.emit(notice_of(error))
        self._show(self._shown)

    @pyqtSlot(object)
    def _on_deleted(self, search: Search) -> None:
        if self._shown is not None and self._shown.path == search.path:
            self._shown = None

    @pyqtSlot(object, object)
    def _on_refused(self, error: CoreError, search: Search | None) -> None:
        self.noticed.emit(notice_of(error))

    # What is shown

    @pyqtSlot(int)
    def _on_chosen(self, place: int) -> None:
        if 0 <= place < len(self._searches):
            self._show(self._searches[place])

    def _show(self, search: Search | None) -> None:
        self._shown = search
        for widget in (self.choice, self.table, self.charts):
            widget.setVisible(search is not None)
        if search is None:
            self._table = SearchTable("macro_f1", 0)
            self.sentence.set_text("")
            self.title.set_text("No search yet")
            self.facts.setText(
                "Prepare a training with New model; its last step can search for the "
                "settings that train the best model."
            )
            self._draw_buttons()
            return
        with QSignalBlocker(self.choice):
            paths = [each.path for each in self._searches]
            if search.path in paths:
                self.choice.setCurrentIndex(paths.index(search.path))
        record = search.record
        self.title.set_text(record.name)
        facts = [record.data.name, f"{record.trials} trials"]
        facts += [SAMPLERS.get(record.sampler, record.sampler)]
        facts += [f"ranked by {MEASURES.get(record.measure, record.measure)}"]
        self.facts.setText("  ·  ".join(facts))
        self._read()

    def _read(self) -> None:
        """Read the table of the search that is shown, beside the window's thread."""
        search = self._shown
        if search is None or self._is_reading:
            return
        self._is_reading = True
        self.controller.ask(
            lambda: (search, search.table()), self._on_read, self._on_not_read
        )

    def _on_not_read(self, error: CoreError) -> None:
        self._is_reading = False
        self._on_refused(error, None)

    def _on_read(self, found: tuple[Search, SearchTable]) -> None:
        self._is_reading = False
        search, table = found
        if self._shown is None or search.path != self._shown.path:
            self._read()  # another was chosen since
            return
        is_new = table != self._table or search.path != self._read_from
        self._table, self._read_from = table, search.path
        if not self.controller.is_active(search):
            said = search.damage or summary(table)
            self.sentence.set_text(said, "stop" if search.damage else "note")
        if is_new:
            names = list(search.record.space)
            self.table.set_trials(names, table)
            self.charts.set_trials(names, table)
        self._draw_buttons()

    @pyqtSlot()
    def _draw_buttons(self) -> None:
        search, table = self._shown, self._table
        is_active = search is not None and self.controller.is_active(search)
        self.pause_button.setVisible(is_active)
        can_go_on = search is not None and not is_active and not search.damage
        is_over = table.count(FINISHED, PRUNED, "failed") >= table.trials
        self.resume_button.setVisible(can_go_on and not is_over)
        self.resume_button.setEnabled(not self.controller.is_running)
        self.delete_button.setVisible(search is not None)
        wanted = self.table.chosen or table.best
        can = wanted is not None and wanted.state == FINISHED and wanted.is_here
        can = can and table.chosen in (None, wanted.number if wanted else None)
        self.promote_button.setVisible(search is not None)
        self.promote_button.setEnabled(can and not is_active)
        words = "the best" if wanted in (None, table.best) else f"trial {wanted.number}"
        self.promote_button.setText(f"Make a &model of {words}")

    # From the buttons

    @pyqtSlot()
    def _on_promote_clicked(self) -> None:
        search, wanted = self._shown, self.table.chosen or self._table.best
        if search is None or wanted is None:
            return
        answer = choose(
            self,
            f"Make a model of trial {wanted.number}?",
            "It becomes a full run: exported, and measured on the test films. These "
            "are opened for one trial of a search only, so choose by what stands here.",
            ["&Make the model", "&Not yet"],
        )
        if answer == 0:
            self.controller.ask(
                partial(promote, search, wanted.number), self._on_promoted
            )

    def _on_promoted(self, run: Run) -> None:
        self._read()
        self.promoted.emit(run)

    @pyqtSlot()
    def _on_resume_clicked(self) -> None:
        if self._shown is not None:
            self.controller.resume(self._shown)

    @pyqtSlot()
    def _on_delete_clicked(self) -> None:
        search = self._shown
        if search is None:
            return
        first = "It is stopped first. " if self.controller.is_active(search) else ""
        advice = f"{first}All its trials are deleted; models made of them stay."
        answer = choose(
            self, f"Delete {search.record.name}?", advice, ["&Delete", "&Keep"]
        )
        if answer == 0:
            self.controller.delete(search)

    # Making

    def _connect(self) -> None:
        for told in "listed started progress_changed ended deleted refused".split():
            getattr(self.controller, told).connect(getattr(self, f"_on_{told}"))
        self.controller.running_changed.connect(self._draw_buttons)
        self.controller.status_changed.connect(self.status_changed)
        self.choice.currentIndexChanged[int].connect(self._on_chosen)
        self.table.selectionModel().selectionChanged.connect(self._draw_buttons)
        self.form.start_asked.connect(self.controller.start)

    def _lay_out(self) -> None:
        body = QWidget(self)
        body.setObjectName("runPageBody")
        column(
            column(self.title, self.facts, gap=2),
            *(self.sentence, (self.table, 1), self.charts),
            of=body,
            gap=12,
            margins=(22, 14, 22, 14),
        )
        scroll = PageScroll(self)
        scroll.setObjectName("runScroll")
        scroll.setWidget(body)
        footer = QWidget(self)
        footer.setObjectName("runFooter")
        left = (self.promote_button, self.pause_button, self.resume_button)
        row(*left, None, self.delete_button, of=footer, margins=(22, 8, 22, 12))
        self._view = QWidget(self)
        top = row((self.choice, 1), margins=(22, 14, 22, 0))
        column(top, (scroll, 1), footer, of=self._view, gap=0)
        self._stack.addWidget(self._view)
        self._stack.addWidget(self.form)
        column((self._stack, 1), of=self, gap=0)
