"""A sign of life, for starts that take long enough to need one."""

from __future__ import annotations

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtGui import QPaintEvent
from PyQt5.QtWidgets import QFrame, QLabel

from desktop.app.disclaimer import icon_label
from desktop.widgets.dialogs import dialog_title
from desktop.widgets.layouts import column, row


class Splash(QFrame):
    """Name and icon, until the window takes their place.

    Signals:
        painted: it is on screen, once.
    """

    painted = pyqtSignal()

    def __init__(self) -> None:
        super().__init__(None, Qt.WindowType.SplashScreen)
        self._is_painted = False
        self.setObjectName("splash")
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAccessibleName("Hilum is starting")
        title = dialog_title("Hilum", self)
        words = column(None, title, QLabel("Starting…", self), None, gap=2)
        row(icon_label(self, 64), words, of=self, gap=18, margins=(28, 22, 40, 22))
        self.adjustSize()
        place = self.screen().availableGeometry()
        self.move(place.center() - self.rect().center())

    # Qt overrides

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._is_painted:
            self._is_painted = True
            self.painted.emit()
