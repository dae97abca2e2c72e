"""Follows the results of a scan, whoever makes them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PyQt5.QtCore import QObject, Qt, QThread, pyqtSignal, pyqtSlot

from core.errors import CoreError
from core.model.bundle import Label
from core.scan.results import ScanTail
from desktop.scan.table.columns import RowBlock
from desktop.work.threads import give_thread

logger = logging.getLogger(__name__)

MOST_ROWS: Final = 1000
_LOOK_EVERY_S: Final = 0.1
#: Blocks on their way to the window: more would hold it up all at once.
_AT_ONCE: Final = 2


class ScanFollower(QObject):
    """Reads the rows of a scan as they come and makes blocks of them.

    Lives in a QThread: `run` blocks until `end` or `let_go`.

    Signals:
        block_ready: RowBlock, of 1 to `MOST_ROWS` rows; at most ten a second
            once all that was there has come. Each wants a `block_taken`.
        caught_up: all that was there has come; emitted once.
        failed: CoreError. The file cannot be read on.
        finished: nothing follows; the thread may quit.
    """

    block_ready = pyqtSignal(object)
    caught_up = pyqtSignal()
    failed = pyqtSignal(object)
    finished = pyqtSignal()

    def __init__(self, results: Path, labels: Sequence[Label]) -> None:
        """Say what to follow.

        Args:
            results: The CSV file; need not be there yet.
            labels: Of the model, in output order.
        """
        super().__init__()  # no parent: it moves to a thread
        self._names = tuple(label.name for label in labels)
        self._tail = ScanTail(results, self._names)
        self._is_over = threading.Event()
        self._let_go = threading.Event()
        self._room = threading.Semaphore(_AT_ONCE)

    @pyqtSlot()
    def run(self) -> None:
        """Follow until the end."""
        has_caught_up = False
        try:
            while not self._let_go.is_set():
                # Asked before the look: nothing is missed in between.
                is_over = self._is_over.is_set()
                rows = self._tail.read(MOST_ROWS)
                if rows and self._wait_for_room():
                    self.block_ready.emit(RowBlock.of(rows, self._names))
                if len(rows) == MOST_ROWS or (rows and is_over):
                    continue
                if not has_caught_up:
                    has_caught_up = True
                    self.caught_up.emit()
                if is_over:
                    break
                self._let_go.wait(_LOOK_EVERY_S)
        except CoreError as error:
            logger.warning("a scan's results cannot be followed: %s", error)
            self.failed.emit(error)
        finally:
            self.finished.emit()

    def block_taken(self) -> None:
        """The window has done with a block. Safe from any thread."""
        self._room.release()

    def end(self) -> None:
        """Nothing comes any more: read to the end. Safe from any thread."""
        self._is_over.set()

    def let_go(self) -> None:
        """Follow no longer. Safe from any thread."""
        self._let_go.set()

    def _wait_for_room(self) -> bool:
        while not self._room.acquire(timeout=_LOOK_EVERY_S):
            if self._let_go.is_set():
                return False
        return not self._let_go.is_set()


def follow_in_thread(worker: ScanFollower, parent: QObject) -> QThread:
    """Follow a scan from a new thread that `parent` owns.

    The caller keeps both, and ends them with `let_go`, then `stop_thread`.
    """
    thread = give_thread(worker, parent, "scan follower")
    thread.started.connect(worker.run)
    # From its own thread: the window's may be waiting for the end of it.
    worker.finished.connect(  # type: ignore[call-arg]
        thread.quit, Qt.ConnectionType.DirectConnection
    )
    thread.start()
    return thread
