"""Short tasks that must not hold the window up: reading, unpacking, writing."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from PyQt5.QtCore import QObject, pyqtSignal, pyqtSlot

from core.errors import CoreError
from desktop.work.threads import give_thread, stop_thread

logger = logging.getLogger(__name__)

Then = Callable[[Any], None]
Otherwise = Callable[[CoreError], None]


class _Tasks(QObject):
    """Lives in the thread and does one task after the other."""

    done = pyqtSignal(int, object)
    failed = pyqtSignal(int, object)

    @pyqtSlot(int, object)
    def serve(self, number: int, task: Callable[[], object]) -> None:
        reply: object = CoreError(
            "This could not be done because of a fault in Hilum.",
            hint="Please report it.",
        )
        try:
            reply = task()
        except CoreError as error:
            logger.warning("a task failed: %s", type(error).__name__)
            logger.debug("a task failed: %s", error)
            reply = error
        finally:  # a bug goes on to the crash hook, and nobody waits for ever
            if isinstance(reply, CoreError):
                self.failed.emit(number, reply)
            else:
                self.done.emit(number, reply)


class Background(QObject):
    """Does tasks in a thread of its own, in the order they were asked.

    The replies come in the thread of the window. The thread starts with the
    first task; the owner ends it with `shut_down`.
    """

    _asked = pyqtSignal(int, object)

    def __init__(self, parent: QObject, name: str) -> None:
        super().__init__(parent)
        self._tasks = _Tasks()
        self._thread = give_thread(self._tasks, self, name)
        self._replies: dict[int, tuple[Then, Otherwise]] = {}
        self._count = 0
        self._asked.connect(self._tasks.serve)
        self._tasks.done.connect(self._on_done)
        self._tasks.failed.connect(self._on_failed)

    @property
    def is_busy(self) -> bool:
        """Whether a reply is still to come."""
        return bool(self._replies)

    def ask(self, task: Callable[[], object], then: Then, otherwise: Otherwise) -> None:
        """Do something off the GUI thread.

        Args:
            task: Touches no widget. May raise `CoreError`.
            then: Gets what it returned.
            otherwise: Gets the `CoreError` instead.
        """
        self._count += 1
        self._replies[self._count] = (then, otherwise)
        self._thread.start()
        self._asked.emit(self._count, task)

    def forget(self) -> None:
        """Drop the replies still to come; the tasks may still be done."""
        self._replies.clear()

    def shut_down(self) -> None:
        """End the thread after the task in hand; nobody is answered any more."""
        self.forget()
        stop_thread(self._thread)

    @pyqtSlot(int, object)
    def _on_done(self, number: int, reply: object) -> None:
        then, _ = self._replies.pop(number, (None, None))
        if then is not None:
            then(reply)

    @pyqtSlot(int, object)
    def _on_failed(self, number: int, error: CoreError) -> None:
        _, otherwise = self._replies.pop(number, (None, None))
        if otherwise is not None:
            otherwise(error)
