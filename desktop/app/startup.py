"""From the first line of Qt to the window on screen."""

from __future__ import annotations

import gc
import logging
import logging.handlers
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PyQt5.QtCore import QObject, Qt, QTimer, pyqtSlot
from PyQt5.QtGui import QColor
from PyQt5.QtWidgets import QApplication, QSplashScreen

from core import __version__, paths
from core.errors import CoreError
from core.program import writable
from desktop.app.application import Application, set_scaling
from desktop.app.crash_hook import CrashReporter, look_for_crashes
from desktop.app.disclaimer import DISCLAIMER_VERSION, DisclaimerDialog
from desktop.app.one_window import OneWindow
from desktop.settings import Settings
from desktop.style import theme
from desktop.style.icons import app_icon
from desktop.widgets.dialogs import run_dialog
from desktop.widgets.notify import Notice, notice_of
from desktop.work.background import Background

if TYPE_CHECKING:
    from desktop.app.main_window import MainWindow

logger = logging.getLogger("desktop")

_LOG_BYTES: Final = 1_000_000
#: Where this much has gone by before anything could be shown, the disk is cold or
#: the machine slow, and the window's own code will take longer still.
_SLOW_AFTER_S: Final = 0.3
#: How long a window system may take until a splash is on screen.
_SPLASH_MS: Final = 50
_COLLECT_EVERY_MS: Final = 1000
_ABOUT_THIS: Final = Path("/proc/self/stat")
#: Where the system tells nothing, time counts from here.
_LOADED_AT: Final = time.monotonic()


def run(files: Sequence[Path]) -> int:
    """Run the program until its window is closed; its exit status."""
    _start_log()
    reporter = CrashReporter()
    reporter.install()
    # Python's own handler waits for the interpreter, which Qt's loop is not.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    set_scaling()
    application = Application(sys.argv[:1])
    # Until there is a window: a dialog before it is not the last one.
    application.setQuitOnLastWindowClosed(False)
    one_window = OneWindow(application)
    if one_window.hand_over(files):
        logger.info("the window that is open takes it from here")
        reporter.end()
        return 0
    startup = Startup(application, reporter)
    startup.take(files)
    application.files_opened.connect(startup.take)
    one_window.started_again.connect(startup.take_over)
    QTimer.singleShot(0, startup.begin)
    status = application.exec()
    one_window.end()
    startup.shut_down()
    reporter.end()
    return status


class Startup(QObject):
    """Shows the notice, a splash where it is needed, and the window.

    Keeps the files that come before there is a window to open them.
    """

    def __init__(self, application: QApplication, reporter: CrashReporter) -> None:
        super().__init__(application)
        self._application = application
        self._reporter = reporter
        self._settings = Settings()
        self._early: list[Path] = []
        self._splash: QSplashScreen | None = None
        self._window: MainWindow | None = None
        self._garbage: GarbageCollector | None = None
        self._checks = Background(self, "startup checks")

    @pyqtSlot()
    def begin(self) -> None:
        """Ask what must be asked, then open the window."""
        is_slow = process_age() > _SLOW_AFTER_S
        theme.apply(self._application, self._settings.appearance)
        if not self._is_accepted():
            self._application.quit()
        elif is_slow:
            self._splash = QSplashScreen(app_icon().pixmap(128))
            self._splash.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)
            self._splash.setAccessibleName("Hilum is starting")
            place = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom
            self._splash.showMessage("Starting…", place, QColor("white"))
            self._splash.show()
            QTimer.singleShot(_SPLASH_MS, self.open_window)
        else:
            self.open_window()

    @pyqtSlot()
    def open_window(self) -> None:
        """Load the window's code, which takes most of a start, and show it."""
        from desktop.app.main_window import MainWindow

        window = self._window = MainWindow(self._settings)
        self._reporter.crashed.connect(window.show_notice)
        window.show()
        self._garbage = GarbageCollector(self)
        self._application.setQuitOnLastWindowClosed(True)
        if self._splash is not None:
            self._splash.close()
        logger.info("the window is shown after %.2f s", process_age())
        self.take(self._early)
        self._announce(self._settings.problem)
        for look in (look_for_crashes, writable.check_kept):
            self._checks.ask(look, self._announce, self._announce)

    def _announce(self, what: Notice | CoreError | None) -> None:
        if self._window is not None and what is not None:
            notice = notice_of(what) if isinstance(what, CoreError) else what
            self._window.announcements.add(notice)

    @pyqtSlot(object)
    def take(self, files: Sequence[Path]) -> None:
        """Open files, now or as soon as there is a window."""
        if self._window is None:
            self._early += files
        elif files:
            self._window.open_paths(files)

    @pyqtSlot(object)
    def take_over(self, files: Sequence[Path]) -> None:
        """Open the files of a later start, and show who opens them."""
        self.take(files)
        if self._window is not None:
            self._window.come_to_front()

    def shut_down(self) -> None:
        """End what runs besides the window."""
        self._checks.shut_down()
        self._window = None
        if self._garbage is not None:
            self._garbage.shut_down()

    def _is_accepted(self) -> bool:
        if self._settings.disclaimer_accepted >= DISCLAIMER_VERSION:
            return True
        if not run_dialog(DisclaimerDialog()):
            return False
        self._settings.disclaimer_accepted = DISCLAIMER_VERSION
        self._settings.save()
        return True


class GarbageCollector(QObject):
    """Frees objects that refer to one another in the thread of the window alone.

    Python looks for them in whichever thread happens to allocate. A widget that it
    finds there is destroyed outside the thread that paints, which Qt does not survive.
    What is there already is taken to stay, so that a look over all of it need not be
    paid for while somebody waits.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        gc.disable()
        gc.freeze()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.collect)
        self._timer.start(_COLLECT_EVERY_MS)

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


def process_age() -> float:
    """Seconds since the operating system started this process."""
    if sys.platform == "linux":
        # Since the machine started; other ways are exact to a second only.
        try:
            fields = _ABOUT_THIS.read_text("utf-8", "replace").rpartition(")")[2]
        except OSError:  # /proc is not there for everybody, as in a bare root
            return time.monotonic() - _LOADED_AT
        began = int(fields.split()[19]) / os.sysconf("SC_CLK_TCK")
        return time.clock_gettime(time.CLOCK_BOOTTIME) - began
    import psutil

    return time.time() - psutil.Process().create_time()


def _start_log() -> None:
    """Log to a file, as well as can be: a read-only home must not matter."""
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    try:
        folder = paths.user_log_dir()
        folder.mkdir(parents=True, exist_ok=True)
        handler: logging.Handler = logging.handlers.RotatingFileHandler(
            folder / "hilum.log", maxBytes=_LOG_BYTES, backupCount=2, encoding="utf-8"
        )
    except OSError:
        handler = logging.StreamHandler()
        handler.setLevel(logging.WARNING)
    line = "%(asctime)s %(levelname)s %(name)s: %(message)s"
    handler.setFormatter(logging.Formatter(line))
    root.addHandler(handler)
    logger.info("Hilum %s starts", __version__)
