"""One child at a time: a new one takes the place of the one that runs."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from PyQt5.QtCore import QObject, QThread, pyqtSignal, pyqtSlot

from desktop.work.core_process import CoreProcess, start_in_thread
from desktop.work.threads import stop_thread

#: A check holds nothing that would be worth waiting for.
_KILL_AFTER_S: Final = 3.0


@dataclasses.dataclass(frozen=True)
class _Order:
    arguments: tuple[str, ...]
    log_path: Path
    environment: Mapping[str, str]


class ChildJob(QObject):
    """Runs core commands of which only the newest is of interest.

    Signals:
        progressed: a core.jobs.events event.
        succeeded: str. What the command made.
        stopped: it was stopped, by `stop`.
        failed: Failure.
        running_changed: bool. Whether one runs now.
    """

    progressed = pyqtSignal(object)
    succeeded = pyqtSignal(str)
    stopped = pyqtSignal()
    failed = pyqtSignal(object)
    running_changed = pyqtSignal(bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._process: CoreProcess | None = None
        self._thread: QThread | None = None
        self._next: _Order | None = None

    @property
    def is_running(self) -> bool:
        """Whether a child is at work, or about to be."""
        return self._process is not None

    def start(
        self,
        arguments: Sequence[str],
        log_path: Path,
        *,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Run a command; one that runs is stopped first, and says nothing more.

        Args:
            arguments: As `CoreProcess`.
            log_path: As `CoreProcess`.
            environment: As `CoreProcess`.
        """
        order = _Order(tuple(arguments), log_path, dict(environment or {}))
        if self._process is not None:
            self._next = order
            self._process.request_stop()
        else:
            self._begin(order)
            self.running_changed.emit(True)

    def stop(self) -> None:
        """Stop what runs; `stopped` follows."""
        self._next = None
        if self._process is not None:
            self._process.request_stop()

    def shut_down(self) -> None:
        """Stop what runs and wait for its end."""
        self._next = None
        if self._process is not None and self._thread is not None:
            self._process.request_stop()
            stop_thread(self._thread)

    def _begin(self, order: _Order) -> None:
        self._process = CoreProcess(
            order.arguments,
            order.log_path,
            environment=order.environment,
            kill_after_s=_KILL_AFTER_S,
        )
        self._process.progressed.connect(self._on_progressed)
        self._process.succeeded.connect(self._on_succeeded)
        self._process.stopped.connect(self._on_stopped)
        self._process.failed.connect(self._on_failed)
        self._process.finished.connect(self._on_finished)
        self._thread = start_in_thread(self._process, self)

    @pyqtSlot(object)
    def _on_progressed(self, event: object) -> None:
        if self._next is None:
            self.progressed.emit(event)

    @pyqtSlot(str)
    def _on_succeeded(self, result: str) -> None:
        if self._next is None:
            self.succeeded.emit(result)

    @pyqtSlot()
    def _on_stopped(self) -> None:
        if self._next is None:
            self.stopped.emit()

    @pyqtSlot(object)
    def _on_failed(self, failure: object) -> None:
        if self._next is None:
            self.failed.emit(failure)

    @pyqtSlot()
    def _on_finished(self) -> None:
        if self._thread is not None:
            stop_thread(self._thread)
            self._thread.deleteLater()
        self._process = self._thread = None
        order, self._next = self._next, None
        if order is not None:
            self._begin(order)
        else:
            self.running_changed.emit(False)
