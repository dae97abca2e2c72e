"""The Qt application."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from PyQt5.QtCore import QCoreApplication, QEvent, Qt, pyqtSignal
from PyQt5.QtGui import QFileOpenEvent, QGuiApplication
from PyQt5.QtWidgets import QApplication

from core import __version__
from desktop.style import theme
from desktop.style.icons import app_icon


class Application(QApplication):
    """A QApplication that takes files, from the Finder for instance.

    Signals:
        files_opened: list[Path]. Films and models to open.
    """

    files_opened = pyqtSignal(object)

    def __init__(self, arguments: Sequence[str]) -> None:
        super().__init__(list(arguments))
        self.setApplicationName("Hilum")
        self.setApplicationVersion(__version__)
        self.setDesktopFileName("hilum")
        self.setWindowIcon(app_icon())
        theme.prepare(self)

    # Qt overrides

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QFileOpenEvent) and event.file():
            self.files_opened.emit([Path(event.file())])
            return True
        return super().event(event)


def set_scaling() -> None:
    """Draw at the screen's own resolution; to be called before `Application`."""
    # Nothing here draws with OpenGL, whose driver would take 50 MB.
    os.environ.setdefault("QT_XCB_GL_INTEGRATION", "none")
    for attribute in (
        Qt.ApplicationAttribute.AA_EnableHighDpiScaling,
        Qt.ApplicationAttribute.AA_UseHighDpiPixmaps,
    ):
        QCoreApplication.setAttribute(attribute)
    QGuiApplication.setHighDpiScaleFactorRoundingPolicy(
        Qt.HighDpiScaleFactorRoundingPolicy.PassThrough
    )
