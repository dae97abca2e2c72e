"""Freeing objects that refer to one another, in the thread of the window alone.

Python looks for them in whichever thread happens to allocate. A widget that it finds
there is destroyed outside the thread that paints, which Qt does not survive.
"""

from __future__ import annotations

import gc
from typing import Final

from PyQt5.QtCore import QObject, QTimer, pyqtSlot

_EVERY_MS: Final = 1000


class GarbageCollector(QObject):
    """Does between events what the interpreter would do in any thread.

    What is there already is taken to stay, so that a look over all of it need not be
    paid for while somebody waits.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        gc.disable()
        gc.freeze()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.collect)
        self._timer.start(_EVERY_MS)

    @pyqtSlot()
    def collect(self) -> None:
        """Look through the generations that are due by the interpreter's own limits."""
        limits = zip(gc.get_count(), gc.get_threshold(), strict=True)
        due = [place for place, (count, limit) in enumerate(limits) if count > limit]
        if due:
            gc.collect(due[-1])

    def shut_down(self) -> None:
        """Leave it to the interpreter again."""
        self._timer.stop()
        gc.enable()
