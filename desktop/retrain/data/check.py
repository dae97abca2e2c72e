"""Checks before a training, each in a child and in a folder of its own."""

from __future__ import annotations

import contextlib
import csv
import os
import shutil
import tempfile
from abc import abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psutil
from PyQt5.QtCore import pyqtSignal, pyqtSlot
from PyQt5.QtWidgets import QFrame, QWidget

from core.errors import CoreError, DatasetError
from core.files import atomic_write, output_error
from core.jobs.channel import JobChannel, Outcome
from core.jobs.events import JobStopped
from core.jobs.failures import Failure
from core.paths import checks_dir
from desktop.jobs.progress import JobProgress
from desktop.widgets.failure_panel import FailurePanel
from desktop.work.jobs import JobController
from desktop.work.kind import Command, CommandKind


class CheckFolder:
    """Folders of this process, in that of all checks.

    They stay until a training starts or the window closes. Those of processes that
    are no longer there are removed on the way.
    """

    def __init__(self) -> None:
        self._made: list[Path] = []

    def make(self) -> Path:
        """A new, empty folder.

        Raises:
            OutputError: It cannot be made.
        """
        root = checks_dir()
        _remove_orphans(root)
        try:
            root.mkdir(parents=True, exist_ok=True)
            path = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=root))
        except OSError as error:
            raise output_error(root, error) from error
        self._made.append(path)
        return path

    def discard(self, path: Path | None) -> None:
        """Remove a folder that is no longer needed."""
        if path in self._made:
            self._made.remove(path)
            shutil.rmtree(path, ignore_errors=True)

    def clear(self) -> None:
        """Remove all that were made."""
        for path in tuple(self._made):
            self.discard(path)


class CheckPanel(QFrame):
    """Has something checked in a child; what is shown of that is up to the heirs.

    A check that fails or is cancelled leaves the last result on screen.

    Args:
        name, stop, stages: As `JobProgress` takes them.

    Attributes:
        progress: How far a check is; hidden while none runs.
        failure: Why the last one failed; hidden if it did not.

    Signals:
        state_changed: a check began or ended, or something was decided.
    """

    state_changed = pyqtSignal()

    def __init__(
        self,
        name: str,
        parent: QWidget | None,
        *,
        stop: str = "&Cancel",
        stages: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(parent)
        self._folder = CheckFolder()
        self._kept: Path | None = None
        self._command: Command | None = None
        #: What the last check was of, and that of the result.
        self._asked: Any = None
        self._checked: Any = None
        self.progress = JobProgress(name, stop, stages or {}, self)
        self.progress.stop_button.clicked.connect(self.stop)
        self.failure = FailurePanel(self, is_folded=True)
        self._jobs = JobController(CommandKind(), self)
        self._jobs.progressed.connect(self.progress.show_event)
        self._jobs.ended.connect(self._on_job_ended)
        self._jobs.refused.connect(self._on_job_refused)
        self._jobs.running_changed.connect(self._show)

    @property
    def is_checking(self) -> bool:
        """Whether a check runs."""
        return self._jobs.is_running

    @pyqtSlot()
    def stop(self) -> None:
        """Stop a check."""
        self.progress.show_stopping()
        self._jobs.stop()

    def shut_down(self) -> None:
        """Stop a check, wait for its end, and remove what was written."""
        self._jobs.shut_down(waits=True)
        self._folder.clear()

    def _begin(self, subject: object, prepare: Callable[[Path], list[str]]) -> None:
        """Start a check, by its words for a folder to write in; one that runs ends."""
        self._asked = subject
        try:
            place = self._folder.make()
            words = prepare(place)
        except CoreError as error:
            self._fail(Failure(str(error), error.hint))
            return
        self._start(words, place)

    def _start(self, words: list[str], place: Path) -> None:
        self.failure.set_failure(None)
        self.progress.begin("Starting.")
        self._command = Command(tuple(words), place)
        self._jobs.start(self._command)
        self._show()

    @abstractmethod
    def _take_result(self, place: Path) -> None:
        """Read what a check wrote, and show it.

        Raises:
            CoreError: It cannot be read.
        """

    def _on_stopped(self) -> None:
        """A check was cancelled."""

    def _fail(self, failure: Failure) -> None:
        self.failure.set_failure(failure)
        self._show()

    @pyqtSlot()
    def _show(self) -> None:
        self.progress.setVisible(self.is_checking)
        self.state_changed.emit()

    @pyqtSlot(object, object)
    def _on_job_ended(self, command: Command, outcome: Outcome) -> None:
        if self._command is None:  # nobody waits for any
            return
        if isinstance(outcome, Failure):
            self._fail(outcome)
        elif isinstance(outcome, JobStopped) or command is not self._command:
            self._folder.discard(command.path)
            self._on_stopped()
        else:
            self._on_done(command.path)

    def _on_done(self, place: Path) -> None:
        try:
            self._take_result(place)
        except CoreError as error:
            log = JobChannel(place).log
            self._fail(Failure(str(error), error.hint, log_path=log))
            return
        self._checked = self._asked
        self._folder.discard(self._kept)
        self._kept = place

    @pyqtSlot(object, object)
    def _on_job_refused(self, error: CoreError, command: object) -> None:
        self._fail(Failure(str(error), error.hint))


def copy_manifest(manifest: Path, target: Path) -> None:
    """Copy a list of films so that it can lie anywhere: with absolute paths.

    Raises:
        DatasetError: The list cannot be read.
        OutputError: The copy cannot be written.
    """
    folder = os.path.abspath(manifest.parent)
    try:
        with open(manifest, encoding="utf-8-sig", newline="") as file:
            names, *rows = csv.reader(file)
            place = names.index("file")
    except (OSError, ValueError, csv.Error) as error:
        raise DatasetError(
            f"The manifest {manifest.name} cannot be read: {error}.",
            hint="Check the films again.",
        ) from error
    with (
        atomic_write(target) as path,
        open(path, "w", encoding="utf-8", newline="") as copy,
    ):
        writer = csv.writer(copy, lineterminator="\n")
        writer.writerow(names)
        for row in rows:
            if len(row) > place:
                row[place] = os.path.join(folder, row[place].strip())
                writer.writerow(row)


def _remove_orphans(root: Path) -> None:
    with contextlib.suppress(OSError):
        for path in root.iterdir():
            number = path.name.partition("-")[0]
            if number.isdecimal() and not psutil.pid_exists(int(number)):
                shutil.rmtree(path, ignore_errors=True)
