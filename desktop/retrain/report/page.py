"""The report of a finished run, and what can be done with its model."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PyQt5.QtCore import Qt, QUrl, pyqtSignal, pyqtSlot
from PyQt5.QtGui import QDesktopServices
from PyQt5.QtWidgets import QWidget

from core.errors import CoreError
from core.runs.run import Run
from desktop.models.export_dialog import ExportDialog
from desktop.models.file_dialogs import ask_for_file
from desktop.retrain.report.body import ReportBody
from desktop.retrain.report.candidate_panel import CandidatePanel
from desktop.retrain.report.data import (
    ReportData,
    headline,
    read_report_data,
    save_report,
)
from desktop.widgets.buttons import button
from desktop.widgets.dialogs import run_dialog
from desktop.widgets.labels import ElidedLabel, PlainText
from desktop.widgets.layouts import PageScroll, column, row
from desktop.widgets.message_card import MessageCard, NotesCard
from desktop.widgets.times import time_in_words, when_in_words
from desktop.work.background import Background


class ReportPage(PageScroll):
    """Everything that is known of a finished run's model.

    Attributes:
        problem: Why there is no report, or why it was not saved.
        notes: What must be known before reading.

    Signals:
        status_changed: str. For the status line.
    """

    status_changed = pyqtSignal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("reportPage")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName("Report")
        self.run: Run | None = None
        self._data: ReportData | None = None
        self._files = Background(self, "report")
        page = QWidget(self)
        page.setObjectName("reportBody")
        self.title = ElidedLabel("", page)
        self.title.setObjectName("pageTitle")
        self._subtitle = ElidedLabel("", page)
        self.headline = PlainText("", page, is_selectable=True)
        self.headline.setObjectName("reportHeadline")
        self._more = PlainText("", page, is_selectable=True)
        tip = "Save everything here as one HTML file"
        save, export = self._on_save_clicked, self._on_export_clicked
        self.save_button = button("Save re&port…", save, page, tip=tip)
        tip = "Write the model in a form that others read"
        self.export_button = button("E&xport model…", export, page, tip=tip)
        tip, folder = "Show the run's files", self._on_folder_clicked
        self.folder_button = button("Open f&older", folder, page, tip=tip)
        self.problem = MessageCard("stop", page)
        self.notes = NotesCard("Know before you read", "in the saved report", page)
        self.candidate = CandidatePanel(page)
        once_it_has_its_place = Qt.ConnectionType.QueuedConnection
        self.candidate.held_back.connect(self._on_held_back, once_it_has_its_place)
        self.candidate.status_changed.connect(self.status_changed)
        self.body = ReportBody(page)
        self.body.mistakes.status_changed.connect(self.status_changed)
        column(
            *(self.title, self._subtitle, self.headline, self._more),
            row(self.save_button, self.export_button, self.folder_button, None),
            *(self.problem, self.notes, self.candidate, self.body, None),
            of=page,
            gap=10,
            margins=(18, 16, 18, 24),
        )
        self.setWidget(page)
        self._show_parts(is_whole=False)

    def set_run(self, run: Run) -> None:
        """Read and show the report of a finished run."""
        self.run, self._data = run, None
        self._files.forget()
        self.title.set_text(run.record.name)
        self._subtitle.set_text(when_in_words(run.record.started))
        self._set_headline(["Reading the report…"])
        self.candidate.set_run(None, None)
        self.notes.set_notes(())
        self._show_parts(is_whole=False)
        self.verticalScrollBar().setValue(0)
        self._files.ask(partial(read_report_data, run), self._show, self._show_failure)

    def shut_down(self) -> None:
        """End the threads; what they are at is done or dropped."""
        for part in (self._files, self.candidate, self.body.mistakes):
            part.shut_down()

    # What was read

    def _show(self, data: ReportData) -> None:
        self._data = data
        record, took = data.run.record, time_in_words(data.seconds)
        facts = [when_in_words(record.started), record.data.name]
        facts += [f"trained in {took}"] if took else []
        self._subtitle.set_text(" · ".join(facts))
        self._set_headline(headline(data))
        notes = list(data.notes)
        if data.problem is not None:
            notes.append(f"{data.problem} The figures of its card are shown.")
        self.notes.set_notes(notes)
        self.body.set_data(data)
        self._show_parts(is_whole=True)
        self.candidate.set_run(data.run, data.bundle)

    def _show_failure(self, error: CoreError) -> None:
        self._set_headline(["This model cannot be used."])
        self._show_parts(is_whole=False)
        self._show_problem("stop", "Damaged", error)

    def _show_problem(self, severity: str, word: str, error: CoreError) -> None:
        self.problem.set_severity(severity, word)
        self.problem.set_words(str(error), error.hint)
        self.problem.show()

    def _show_parts(self, *, is_whole: bool) -> None:
        self.problem.hide()
        for part in (self.candidate, self.body):
            part.setVisible(is_whole)
        for each in (self.save_button, self.export_button):
            each.setEnabled(is_whole)

    def _set_headline(self, sentences: Sequence[str]) -> None:
        # A line must not break between a number and its unit.
        first, *more = (each.replace(" %", "\u00a0%") for each in sentences)
        self.headline.setText(first)
        self._more.setText(" ".join(more))
        self._more.setVisible(bool(more))

    # Actions

    @pyqtSlot()
    def _on_save_clicked(self) -> None:
        if self._data is not None:
            place = Path.home() / f"{self._data.run.path.name} report.html"
            kinds = "Web page (*.html)"
            path = ask_for_file(self, "Save report", place, kinds, "html")
            if path is not None:
                self.save_report(path)

    def save_report(self, path: Path) -> None:
        """Write the report as an HTML file off the GUI thread."""
        if self._data is not None:
            self.status_changed.emit(f"Writing {path.name}…")
            write = partial(save_report, self._data, path)
            self._files.ask(write, self._on_report_saved, self._on_report_failed)

    def _on_report_saved(self, path: Path) -> None:
        self.status_changed.emit(f"Saved {path}")

    def _on_report_failed(self, error: CoreError) -> None:
        self.status_changed.emit("")
        self._show_problem("warn", "Not saved", error)
        self.ensureWidgetVisible(self.problem)

    @pyqtSlot()
    def _on_export_clicked(self) -> None:
        if self._data is not None:
            dialog = ExportDialog(self._data.bundle, self)
            dialog.status_changed.connect(self.status_changed)
            run_dialog(dialog)

    @pyqtSlot()
    def _on_folder_clicked(self) -> None:
        if self.run is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.run.path)))

    @pyqtSlot()
    def _on_held_back(self) -> None:
        view = self.candidate.view
        self.ensureWidgetVisible(view.card if view.isVisible() else self.candidate)
