"""A window from which a file is dragged: `python -m tests.drag_source FILE`.

It ends some time after the drag: with status 0 if the file was taken.
"""

from __future__ import annotations

import functools
import sys

from PyQt5.QtCore import QMimeData, Qt, QTimer, QUrl
from PyQt5.QtGui import QDrag, QMouseEvent
from PyQt5.QtWidgets import QApplication, QLabel

_LINGER_MS = 3000


class Source(QLabel):
    """Is dragged as a file."""

    def __init__(self, file: str) -> None:
        super().__init__("drag me")
        self.setWindowTitle("drag source")
        self.setWindowFlags(Qt.WindowType.FramelessWindowHint)
        self.setGeometry(0, 0, 60, 50)
        self._file = file

    # Qt overrides

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        drag = QDrag(self)
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(self._file)])
        drag.setMimeData(data)
        taken = drag.exec(Qt.DropAction.CopyAction) == Qt.DropAction.CopyAction
        # Whoever took it asks for the data only now.
        QTimer.singleShot(_LINGER_MS, functools.partial(self._end, taken))

    def _end(self, taken: bool) -> None:
        QApplication.exit(0 if taken else 1)


if __name__ == "__main__":
    application = QApplication(sys.argv[:1])
    source = Source(sys.argv[1])
    source.show()
    sys.exit(application.exec())
