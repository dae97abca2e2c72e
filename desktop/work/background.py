"""Short tasks that must not hold the window up: reading, unpacking, writing."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from PyQt5.QtCore import QObject, QThread, pyqtSignal, pyqtSlot

from core.errors import CoreError

logger = logging.getLogger(__name__)

Then = Callable[[Any], None]
Otherwise = Callable[[CoreError], None]


class _Tasks(QObject):
    """Lives in the thread and does one task after the other."""

    replied = pyqtSignal(int, object)

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
            self.replied.emit(number, reply)


class Background(QObject):
    """Does tasks in a thread of its own, in the order they were asked.

    The replies come in the thread of the window. The thread starts with the
    first task; the owner ends it with `shut_down`.
    """

    _asked = pyqtSignal(int, object)

    def __init__(self, parent: QObject, name: str) -> None:
        super().__init__(parent)
        self._tasks = _Tasks()
        self._thread = QThread(self)
        self._thread.setObjectName(name)
        self._tasks.moveToThread(self._thread)
        self._replies: dict[int, tuple[Then, Otherwise]] = {}
        self._count = 0
        self._asked.connect(self._tasks.serve)
        self._tasks.replied.connect(self._on_replied)

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
        self._thread.quit()
        self._thread.wait()

    @pyqtSlot(int, object)
    def _on_replied(self, number: int, reply: object) -> None:
        if number in self._replies:
            then, otherwise = self._replies.pop(number)
            if isinstance(reply, CoreError):
                otherwise(reply)
            else:
                then(reply)
