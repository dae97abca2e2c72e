"""What one does with a scan: export it, and sort its films into folders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from PyQt5.QtCore import Qt, QUrl, pyqtSignal, pyqtSlot
from PyQt5.QtGui import QDesktopServices
from PyQt5.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from core.errors import CoreError
from core.jobs.channel import Outcome
from core.jobs.events import JobStopped, Noted, Progressed, StageStarted
from core.jobs.failures import Failure
from core.scan.store import Scan
from core.words import films as in_films
from desktop.scan.export_dialog import ScanExportDialog
from desktop.scan.export_jobs import ScanTask, clean_up, films_gone, prepare
from desktop.scan.filing_dialog import FilingDialog
from desktop.widgets import confirm
from desktop.widgets.labels import printable
from desktop.widgets.notify import Notice, notice_of
from desktop.work.command import Command, CommandKind
from desktop.work.jobs import JobController

#: Steps of the bar: films may be more than it can count.
_STEPS: Final = 1000
_ADVICE: Final = (
    "They leave {place} for folders in {target}. The list filed.csv there says where "
    "each was, but putting them back is left to you."
)

FilesOf = Callable[[], Sequence[str]]


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

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scan: Scan | None = None
        self._is_empty = False
        self._task: ScanTask | None = None
        self._selected: FilesOf = list
        self._shown: FilesOf = list
        self._folder = Path.home()
        self._target: Path | None = None
        self._notes: list[str] = []
        self._opens: Path | None = None
        self._jobs = JobController(CommandKind(), self)
        self._jobs.progressed.connect(self._on_progressed)
        self._jobs.ended.connect(self._on_job_ended)
        self._jobs.refused.connect(self._on_job_refused)
        self._make_widgets()
        self._lay_out()
        self._show()

    @property
    def is_busy(self) -> bool:
        """Whether something is being written or moved."""
        return self._task is not None

    @property
    def outcome(self) -> str:
        """What came of what was done last, or how far it is; may be empty."""
        return self.activity.text()

    def set_scan(self, scan: Scan | None) -> None:
        """Show what can be done with a scan; None for none."""
        if scan is None or self._scan is None or scan.path != self._scan.path:
            self._forget_outcome()
        self._scan = scan
        self._show()

    def set_empty(self, is_empty: bool) -> None:
        """Say whether the scan lists any film yet."""
        if is_empty != self._is_empty:
            self._is_empty = is_empty
            self._show()

    def set_selection_provider(self, selected: FilesOf, shown: FilesOf) -> None:
        """Say whom to ask which films are meant, when it matters.

        Args:
            selected: Gives the files that are selected, as the scan names them.
            shown: Gives those that the table shows, in its order.
        """
        self._selected, self._shown = selected, shown

    def start(self, task: ScanTask) -> None:
        """Do something; nothing else must be under way."""
        if self.is_busy:
            raise RuntimeError("expected one task at a time")
        self._task, self._notes = task, []
        self._forget_outcome()
        self._say("Preparing…")
        self.bar.setRange(0, 0)
        self._show()
        self._jobs.ask(partial(prepare, task), self._on_prepared, self._on_refused)

    def shut_down(self) -> None:
        """Stop what is under way; no film is left half-written."""
        self._jobs.shut_down(waits=True)
        if self._task is not None:
            clean_up(self._task)

    # What the user asks for

    @pyqtSlot()
    def _on_export_clicked(self) -> None:
        if self._scan is None:
            return
        dialog = ScanExportDialog(self._scan, self._selected(), self._shown(), self)
        dialog.set_folder(self._folder)
        is_agreed = dialog.exec() == QDialog.DialogCode.Accepted
        task = dialog.task
        dialog.deleteLater()
        if is_agreed and task is not None:
            self._folder = task.target.parent
            self.start(task)

    @pyqtSlot()
    def _on_copy_clicked(self) -> None:
        self._ask_to_file(move=False)

    @pyqtSlot()
    def _on_move_clicked(self) -> None:
        self._ask_to_file(move=True)

    def _ask_to_file(self, *, move: bool) -> None:
        if self._scan is None:
            return
        dialog = FilingDialog(
            self._scan, self._selected(), self._shown(), self, move=move
        )
        if self._target is not None:
            dialog.set_target(self._target)
        is_agreed = dialog.exec() == QDialog.DialogCode.Accepted
        task, totals = dialog.task, dialog.totals
        dialog.deleteLater()
        if not is_agreed or task is None or totals is None:
            return
        self._target = task.target
        if not move or self._is_sure(task, totals.films):
            self.start(task)

    def _is_sure(self, task: ScanTask, films: int) -> bool:
        count = in_films(films)
        place = printable(task.scan.record.folder)
        advice = _ADVICE.format(place=place, target=printable(task.target))
        answers = (f"&Move {count}", "&Cancel")
        question = f"Move {count} out of the folder that was scanned?"
        return confirm.choose(self, question, advice, answers) == 0

    @pyqtSlot()
    def _on_cancel_clicked(self) -> None:
        self._say("Stopping…")
        self.cancel_button.setEnabled(False)
        self._jobs.stop()

    @pyqtSlot()
    def _on_folder_clicked(self) -> None:
        if self._opens is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._opens)))

    # What becomes of it

    def _on_prepared(self, arguments: list[str]) -> None:
        if self._task is not None:
            folder = self._task.scan.path / "worklist"
            self._jobs.start(Command(tuple(arguments), folder))
            self._show()

    def _on_refused(self, error: CoreError) -> None:
        self._end("")
        self.notice_raised.emit(notice_of(error))

    @pyqtSlot(object)
    def _on_progressed(self, event: object) -> None:
        if isinstance(event, StageStarted):
            self.bar.setRange(0, 0)
            self._say(event.detail)
        elif isinstance(event, Progressed) and event.total > 0:
            self.bar.setRange(0, _STEPS)
            self.bar.setValue(round(_STEPS * min(1.0, event.done / event.total)))
            words = f"{event.done:,} of {event.total:,} films"
            self.bar.setAccessibleDescription(words)
            self.count.setText(words)
        elif isinstance(event, Noted):
            self._notes.append(event.message)

    @pyqtSlot(object, object)
    def _on_job_refused(self, error: CoreError, command: object) -> None:
        self._on_refused(error)

    @pyqtSlot(object, object)
    def _on_job_ended(self, command: Command, outcome: Outcome) -> None:
        if isinstance(outcome, Failure):
            self._tell_failure(outcome)
        elif isinstance(outcome, JobStopped):
            self._tell_stop()
        else:
            self._tell_success()

    def _tell_success(self) -> None:
        task = self._task
        if task is None:
            return
        is_file = self._is_export(task)
        self._opens = task.target.parent if is_file else task.target
        said = [f"Written: {printable(task.target)}."] if is_file else []
        # The sum comes last, and is read first.
        self._end(" ".join([*said, *reversed(self._notes)]))

    def _tell_stop(self) -> None:
        is_filing = self._task is not None and not self._is_export(self._task)
        kept = " What was done is kept; do it again to go on." if is_filing else ""
        self._end(f"Stopped.{kept}")

    def _tell_failure(self, failure: Failure) -> None:
        self._end("")
        details = f"{failure.message}\n{failure.log_tail}".rstrip()
        self.notice_raised.emit(Notice(failure.message, failure.hint, details))

    @staticmethod
    def _is_export(task: ScanTask) -> bool:
        return not task.words[0].endswith("-to")

    def _end(self, said: str) -> None:
        task, self._task = self._task, None
        self._say(said)
        if said:
            self.status_changed.emit(said)
        self._show()
        if task is None:
            return
        if task.moves:
            self._jobs.ask(
                partial(films_gone, task),
                partial(self._tell_moved, task),
                self._on_refused,
            )
        else:
            self._jobs.ask(partial(clean_up, task), _nothing, _nothing)

    def _tell_moved(self, task: ScanTask, files: list[str]) -> None:
        if files and self._scan is not None and self._scan.path == task.scan.path:
            self.films_moved.emit(files, task.target)

    def _say(self, text: str) -> None:
        self.activity.setText(text)
        self.activity.setVisible(bool(text))

    def _forget_outcome(self) -> None:
        self._opens = None
        self.count.clear()
        if not self.is_busy:
            self._say("")

    def _show(self) -> None:
        can_begin = self._scan is not None and not self._scan.damage
        can_begin = can_begin and not self._is_empty
        for button in (self.export_button, self.copy_button, self.move_button):
            button.setEnabled(can_begin and not self.is_busy)
        self.cancel_button.setEnabled(self._jobs.is_running)
        for widget in (self.bar, self.count, self.cancel_button):
            widget.setVisible(self.is_busy)
        self.folder_button.setVisible(not self.is_busy and self._opens is not None)

    def _make_widgets(self) -> None:
        self.export_button = QPushButton("E&xport…", self)
        self.export_button.setToolTip("Write rows or a report to a file")
        self.export_button.clicked.connect(self._on_export_clicked)
        self.copy_button = QPushButton("Cop&y films…", self)
        self.copy_button.setToolTip("Copy films into a folder per finding")
        self.copy_button.clicked.connect(self._on_copy_clicked)
        self.move_button = QPushButton("Move f&ilms…", self)
        self.move_button.setToolTip("Move films into a folder per finding")
        self.move_button.clicked.connect(self._on_move_clicked)
        self.bar = QProgressBar(self)
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(8)
        self.bar.setAccessibleName("Progress")
        policy = QSizePolicy.Policy
        self.bar.setSizePolicy(policy.Expanding, policy.Fixed)
        self.count = QLabel(self)
        self.activity = QLabel(self)
        self.activity.setWordWrap(True)
        self.activity.setTextFormat(Qt.TextFormat.PlainText)
        self.activity.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        # A long path must not keep the window from becoming narrow.
        self.activity.setSizePolicy(policy.Ignored, policy.Preferred)
        self.cancel_button = QPushButton("S&top", self)
        self.cancel_button.clicked.connect(self._on_cancel_clicked)
        self.folder_button = QPushButton("Show resul&t", self)
        self.folder_button.setToolTip("Show what was made")
        self.folder_button.clicked.connect(self._on_folder_clicked)

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        for button in (self.export_button, self.copy_button, self.move_button):
            buttons.addWidget(button)
        buttons.addStretch(1)
        buttons.addWidget(self.bar, 2)
        buttons.addWidget(self.count)
        buttons.addWidget(self.cancel_button)
        buttons.addWidget(self.folder_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(buttons)
        column.addWidget(self.activity)
        column.setAlignment(buttons, Qt.AlignmentFlag.AlignTop)


def _nothing(reply: object) -> None:
    """Nobody waits for this."""
