"""The report of a finished run, and what can be done with its model."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final

from PyQt5.QtCore import Qt, QTimer, QUrl, pyqtSignal, pyqtSlot
from PyQt5.QtGui import QDesktopServices
from PyQt5.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from core.errors import CoreError
from core.model.bundle import ModelBundle
from core.runs.run import Run
from desktop.models import file_dialogs as model_dialogs
from desktop.models.export_dialog import ExportDialog
from desktop.retrain.report.body import ReportBody
from desktop.retrain.report.candidate_panel import CandidatePanel
from desktop.retrain.report.data import Mistake, ReportData, headline, read_report_data
from desktop.retrain.report.files import save_report
from desktop.widgets.labels import ElidedLabel
from desktop.widgets.layouts import PageScroll
from desktop.widgets.message_card import MessageCard
from desktop.widgets.times import time_in_words, when_in_words
from desktop.work.background import Background

_READING: Final = "Reading the report…"
#: More of them would push the report off the screen.
_MOST_NOTES: Final = 8


class ReportPage(PageScroll):
    """Everything that is known of a finished run's model.

    Attributes:
        candidate: Compares the model with the one in use.
        body: Figures, charts and the rest.
        problem: Why there is no report, or why it was not saved.
        notes: What must be known before reading, as it is shown.

    Signals:
        films_asked: list[Path]. To be opened in the Diagnose tab.
        use_asked: Path. This bundle is to be the one in use.
        back_asked: the model before the present one is wanted again.
        status_changed: str. For the status line.
        report_shown: Run. It has been read and is on screen.
    """

    films_asked = pyqtSignal(object)
    use_asked = pyqtSignal(object)
    back_asked = pyqtSignal()
    status_changed = pyqtSignal(str)
    report_shown = pyqtSignal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("reportPage")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName("Report")
        self._run: Run | None = None
        self._data: ReportData | None = None
        self._files = Background(self, "report")
        self._look_at_verdict = QTimer(self)
        self._look_at_verdict.setSingleShot(True)
        self._look_at_verdict.timeout.connect(self._on_look_timeout)
        self._page = QWidget(self)
        self._page.setObjectName("reportBody")
        self._make_head()
        self.problem = MessageCard("stop", self._page)
        self.candidate = CandidatePanel(self._page)
        self.body = ReportBody(self._page)
        self.notes: tuple[str, ...] = ()
        self._note_card = MessageCard("warn", self._page)
        self._note_card.set_severity("warn", "Know before you read")
        self._lay_out()
        self.setWidget(self._page)
        self._connect()
        self._show_parts(is_whole=False)

    @property
    def run(self) -> Run | None:
        """The run that is shown."""
        return self._run

    @property
    def headline(self) -> str:
        """The sentence at the top."""
        return self._headline.text()

    def set_run(self, run: Run) -> None:
        """Read and show the report of a finished run."""
        self._run, self._data = run, None
        self._files.forget()
        self._title.set_text(run.record.name)
        self._subtitle.set_text(when_in_words(run.record.started))
        self._headline.setText(_READING)
        self._more.hide()
        self.candidate.set_run(None, None)
        self._set_notes([])
        self._show_parts(is_whole=False)
        self.verticalScrollBar().setValue(0)
        self._files.ask(partial(read_report_data, run), self._show, self._show_failure)

    def set_model_in_use(self, bundle: ModelBundle | None) -> None:
        """Say which model the candidate is compared with."""
        self.candidate.set_model_in_use(bundle)

    def shut_down(self) -> None:
        """End the threads; what they are at is done or dropped."""
        self._files.shut_down()
        self.candidate.shut_down()
        self.body.shut_down()

    # What was read

    def _show(self, data: ReportData) -> None:
        self._data = data
        record = data.run.record
        took = time_in_words(data.seconds)
        facts = [when_in_words(record.started), record.data.name]
        facts += [f"trained in {took}"] if took else []
        self._subtitle.set_text(" · ".join(facts))
        first, *more = headline(data)
        # A line must not break between a number and its unit.
        self._headline.setText(first.replace(" %", "\u00a0%"))
        self._more.setText(" ".join(more).replace(" %", "\u00a0%"))
        self._more.setVisible(bool(more))
        notes = list(data.notes)
        if data.problem is not None:
            notes.append(f"{data.problem} The figures of its card are shown.")
        self._set_notes(notes)
        self.body.set_data(data)
        self._show_parts(is_whole=True)
        self.candidate.set_run(data.run, data.bundle)
        self.report_shown.emit(data.run)

    def _show_failure(self, error: CoreError) -> None:
        self._headline.setText("This model cannot be used.")
        self.problem.set_severity("stop", "Damaged")
        self.problem.set_words(str(error), error.hint)
        self._show_parts(is_whole=False)
        self.problem.show()
        if self._run is not None:
            self.report_shown.emit(self._run)

    def _show_parts(self, *, is_whole: bool) -> None:
        self.problem.hide()
        for part in (self.candidate, self.body):
            part.setVisible(is_whole)
        for button in (self.save_button, self.export_button):
            button.setEnabled(is_whole)

    def _set_notes(self, notes: list[str]) -> None:
        self.notes = tuple(notes)
        shown, rest = notes[:_MOST_NOTES], len(notes) - _MOST_NOTES
        lines = [f"•  {note}" for note in shown] if len(shown) > 1 else shown
        lines += [f"And {rest} more, in the saved report."] if rest > 0 else []
        self._note_card.set_words("\n".join(lines))
        self._note_card.setVisible(bool(notes))

    # Actions

    @pyqtSlot()
    def _on_save_clicked(self) -> None:
        if self._data is None or self._run is None:
            return
        suggestion = Path.home() / f"{self._run.path.name} report.html"
        path = model_dialogs.ask_for_report(self, suggestion)
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
        self.problem.set_severity("warn", "Not saved")
        self.problem.set_words(str(error), error.hint)
        self.problem.show()
        self.ensureWidgetVisible(self.problem)

    @pyqtSlot()
    def _on_export_clicked(self) -> None:
        if self._data is not None:
            dialog = ExportDialog(self._data.bundle, self)
            dialog.status_changed.connect(self.status_changed)
            dialog.exec()
            dialog.deleteLater()

    @pyqtSlot()
    def _on_folder_clicked(self) -> None:
        if self._run is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._run.path)))

    @pyqtSlot(object)
    def _on_film_asked(self, path: Path) -> None:
        self.films_asked.emit([path])

    @pyqtSlot(object)
    def _on_film_missed(self, mistake: Mistake) -> None:
        self.status_changed.emit(
            f"{mistake.file} is no longer where it was when the model was trained."
        )

    @pyqtSlot()
    def _on_held_back(self) -> None:
        self._look_at_verdict.start(0)  # once it has its place

    @pyqtSlot()
    def _on_look_timeout(self) -> None:
        view = self.candidate.view
        self.ensureWidgetVisible(view.card if view.isVisible() else self.candidate)

    # Making

    def _make_head(self) -> None:
        self._title = ElidedLabel("", self._page)
        self._title.setObjectName("pageTitle")
        self._subtitle = ElidedLabel("", self._page)
        self._headline = QLabel(self._page)
        self._headline.setObjectName("reportHeadline")
        self._headline.setWordWrap(True)
        self._headline.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
        )
        self._more = QLabel(self._page)
        self._more.setWordWrap(True)
        self._more.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.save_button = QPushButton("Save re&port…", self._page)
        self.save_button.setToolTip("Save everything here as one HTML file")
        self.export_button = QPushButton("E&xport model…", self._page)
        self.export_button.setToolTip("Write the model in a form that others read")
        self.folder_button = QPushButton("Open f&older", self._page)
        self.folder_button.setToolTip("Show the run's files")

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        for button in (self.save_button, self.export_button, self.folder_button):
            buttons.addWidget(button)
        buttons.addStretch(1)
        column = QVBoxLayout(self._page)
        column.setContentsMargins(18, 16, 18, 24)
        column.setSpacing(10)
        column.addWidget(self._title)
        column.addWidget(self._subtitle)
        column.addWidget(self._headline)
        column.addWidget(self._more)
        column.addLayout(buttons)
        column.addWidget(self.problem)
        column.addWidget(self._note_card)
        column.addWidget(self.candidate)
        column.addWidget(self.body)
        column.addStretch(1)

    def _connect(self) -> None:
        self.save_button.clicked.connect(self._on_save_clicked)
        self.export_button.clicked.connect(self._on_export_clicked)
        self.folder_button.clicked.connect(self._on_folder_clicked)
        self.candidate.use_asked.connect(self.use_asked)
        self.candidate.back_asked.connect(self.back_asked)
        self.candidate.held_back.connect(self._on_held_back)
        self.candidate.status_changed.connect(self.status_changed)
        self.body.film_asked.connect(self._on_film_asked)
        self.body.film_missed.connect(self._on_film_missed)
