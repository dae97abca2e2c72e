"""What one does with a scan: export it, and sort its films into folders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from PyQt5.QtCore import QUrl, pyqtSignal, pyqtSlot
from PyQt5.QtGui import QDesktopServices
from PyQt5.QtWidgets import QSizePolicy, QWidget

from core.errors import CoreError
from core.jobs.channel import Outcome
from core.jobs.events import JobStopped, Noted
from core.jobs.failures import Failure
from core.scan.store import Scan
from core.words import films as in_films
from desktop.jobs.progress import JobProgress
from desktop.scan.dialogs import FilingDialog, ScanExportDialog
from desktop.scan.worklist import Choice, ScanTask, WorklistKind, clean_up
from desktop.widgets import confirm
from desktop.widgets.buttons import button
from desktop.widgets.dialogs import run_dialog
from desktop.widgets.labels import PlainText, printable
from desktop.widgets.layouts import column, row
from desktop.widgets.notify import Notice, notice_of
from desktop.work.jobs import JobController

_STAGES: Final = {"writing": "Films written", "filing": "Films filed"}
_ADVICE: Final = (
    "They leave {place} for folders in {target}. The list filed.csv there says where "
    "each was, but putting them back is left to you."
)


class ScanActions(QWidget):
    """Buttons, and a line that says how far the last one is and what came of it.

    One thing is done at a time, in a child process.

    Signals:
        status_changed: str. For the status line.
        notice_raised: Notice. What did not work.
        films_moved: list[str], Path. Films that are not in the folder any more,
            as the scan that is shown names them, and where they were moved to.
    """

    status_changed = pyqtSignal(str)
    notice_raised = pyqtSignal(object)
    films_moved = pyqtSignal(object, object)

    def __init__(
        self, choices: Callable[[], Sequence[Choice]], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._choices = choices
        self._scan: Scan | None = None
        self._is_empty = False
        self._task: ScanTask | None = None
        self._folder = Path.home()
        self._target: Path | None = None
        self._notes: list[str] = []
        self._opens: Path | None = None
        self._jobs = JobController(WorklistKind(), self)
        self._jobs.progressed.connect(self._on_progressed)
        self._jobs.ended.connect(self._on_ended)
        self._jobs.refused.connect(self._on_refused)
        tip = "Write rows or a report to a file"
        export = self._on_export_clicked
        self.export_button = button("E&xport…", export, self, tip=tip)
        tip = "{} films into a folder per finding"
        copy, move = (partial(self._ask_to_file, move=move) for move in (False, True))
        self.copy_button = button("Cop&y films…", copy, self, tip=tip.format("Copy"))
        self.move_button = button("Move f&ilms…", move, self, tip=tip.format("Move"))
        self.folder_button = button(
            "Show resul&t", self._on_folder_clicked, self, tip="Show what was made"
        )
        self.progress = JobProgress("Progress", "S&top", _STAGES, self)
        self.progress.stop_button.clicked.connect(self._on_stop_clicked)
        self.outcome = PlainText("", self, by_keyboard=True)
        # A long path must not keep the window from becoming narrow.
        policy = QSizePolicy.Policy
        self.outcome.setSizePolicy(policy.Ignored, policy.Preferred)
        self._tools = (self.export_button, self.copy_button, self.move_button)
        tools = row(*self._tools, None, self.folder_button)
        # Below all that comes and goes: the buttons stay where they are.
        column(self.progress, self.outcome, tools, of=self, gap=4)
        self._show()

    @property
    def is_busy(self) -> bool:
        """Whether something is being written or moved."""
        return self._jobs.is_running

    def set_scan(self, scan: Scan | None) -> None:
        """Show what can be done with a scan; None for none."""
        if scan is None or self._scan is None or scan.path != self._scan.path:
            self._opens = None
            self.outcome.clear()
        self._scan = scan
        self._show()

    def set_empty(self, is_empty: bool) -> None:
        """Say whether the scan lists any film yet."""
        self._is_empty = is_empty
        self._show()

    def start(self, task: ScanTask) -> None:
        """Do something; nothing else must be under way."""
        self._task, self._notes, self._opens = task, [], None
        self.outcome.clear()
        self._jobs.start(task)
        self.progress.begin("Preparing…")
        self._show()

    def shut_down(self) -> None:
        """Stop what is under way; no film is left half-written."""
        self._jobs.shut_down(waits=True)
        if self._task is not None:
            clean_up(self._task)

    # What the user asks for

    @pyqtSlot()
    def _on_export_clicked(self) -> None:
        assert self._scan is not None
        dialog = ScanExportDialog(self._scan, self._choices(), self._folder, self)
        if run_dialog(dialog):
            self._folder = dialog.task.target.parent
            self.start(dialog.task)

    def _ask_to_file(self, *, move: bool) -> None:
        assert self._scan is not None
        dialog = FilingDialog(self._scan, self._choices(), self, move=move)
        if self._target is not None:
            dialog.set_target(self._target)
        if run_dialog(dialog):
            self._target = dialog.task.target
            if not move or self._is_sure(dialog.task):
                self.start(dialog.task)

    def _is_sure(self, task: ScanTask) -> bool:
        count = in_films(task.choice.films)
        place = printable(task.scan.record.folder)
        advice = _ADVICE.format(place=place, target=printable(task.target))
        answers = (f"&Move {count}", "&Cancel")
        question = f"Move {count} out of the folder that was scanned?"
        return confirm.choose(self, question, advice, answers) == 0

    @pyqtSlot()
    def _on_stop_clicked(self) -> None:
        self.progress.show_stopping()
        self._jobs.stop()

    @pyqtSlot()
    def _on_folder_clicked(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._opens)))

    # What becomes of it

    @pyqtSlot(object)
    def _on_progressed(self, event: object) -> None:
        if isinstance(event, Noted):
            self._notes.append(event.message)
        else:
            self.progress.show_event(event)

    @pyqtSlot(object, object)
    def _on_refused(self, error: CoreError, task: object) -> None:
        self._show()
        self.notice_raised.emit(notice_of(error))

    @pyqtSlot(object, object)
    def _on_ended(self, task: ScanTask, outcome: Outcome) -> None:
        self._task = None
        is_filing = task.words[0].endswith("-to")
        said = ""
        if isinstance(outcome, Failure):
            details = f"{outcome.message}\n{outcome.log_tail}".rstrip()
            self.notice_raised.emit(Notice(outcome.message, outcome.hint, details))
        elif isinstance(outcome, JobStopped):
            kept = " What was done is kept; do it again to go on." if is_filing else ""
            said = f"Stopped.{kept}"
        else:
            self._opens = task.target if is_filing else task.target.parent
            written = [] if is_filing else [f"Written: {printable(task.target)}."]
            # The sum comes last, and is read first.
            said = " ".join([*written, *reversed(self._notes)])
        self.outcome.setText(said)
        self._show()
        if said:
            self.status_changed.emit(said)
        if task.gone and self._scan is not None and self._scan.path == task.scan.path:
            self.films_moved.emit(task.gone, task.target)

    def _show(self) -> None:
        can_begin = self._scan is not None and not self._scan.damage
        for tool in self._tools:
            tool.setEnabled(can_begin and not self._is_empty and not self.is_busy)
        self.progress.setVisible(self.is_busy)
        self.outcome.setVisible(bool(self.outcome.text()))
        self.folder_button.setVisible(not self.is_busy and self._opens is not None)
