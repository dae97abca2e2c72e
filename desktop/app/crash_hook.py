"""The last resort: what nobody caught is kept, told in a sentence, and survived."""

from __future__ import annotations

import logging
import re
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Final

from PyQt5.QtCore import (
    PYQT_VERSION_STR,
    QT_VERSION_STR,
    QMessageLogContext,
    QObject,
    QtMsgType,
    pyqtSignal,
    qInstallMessageHandler,
)
from PyQt5.QtWidgets import QApplication, QMessageBox

from core import paths
from core.program import crash_reports as crash_files
from desktop.widgets.notify import Notice

logger = logging.getLogger(__name__)

_QT_LEVELS: Final = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}
#: Which class of Qt begins a message, and often which function.
_QT_SPEAKER: Final = re.compile(r"Q[A-Z]\w*(::\w+)?|qt(\.\w+)+")


class CrashReporter(QObject):
    """Keeps a report of what would end the program, and lets it go on if it can.

    PyQt 5.5 and later abort the process when a slot raises and no hook is
    installed, so this is installed before the first widget exists. Until there is
    a window, which listens, a fault ends the program, with a sentence.

    Signals:
        crashed: Notice. Delivered in the GUI thread.
    """

    crashed = pyqtSignal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session: crash_files.Session | None = None

    def install(self) -> None:
        """Become the process's last resort, for every thread and for Qt."""
        qt = {"Qt": QT_VERSION_STR, "PyQt": PYQT_VERSION_STR}
        self._session = crash_files.Session(crash_files.versions(qt))
        logging.getLogger().addHandler(self._session.lines)
        sys.excepthook = self._on_exception
        threading.excepthook = lambda args: self._on_exception(
            args.exc_type, args.exc_value, args.exc_traceback
        )
        qInstallMessageHandler(self._on_qt_message)

    def end(self) -> None:
        """The program ends well: it leaves nothing to be found."""
        if self._session is not None:
            logging.getLogger().removeHandler(self._session.lines)
            self._session.end()
            self._session = None
        qInstallMessageHandler(None)

    def _on_exception(
        self,
        kind: type[BaseException],
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        error = error or kind()
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        # Not into the log: messages name films. The report has all but those.
        logger.critical("uncaught exception: %s", kind.__name__)
        if not paths.is_frozen():
            sys.__excepthook__(kind, error, trace)
        told, file = "", None
        if self._session is not None:
            told, file = self._session.report(error.with_traceback(trace))
        kept = "A report was kept, without names of films." if file else ""
        notice = Notice(
            text="Something went wrong inside Hilum; this is a bug.",
            hint=f"What is open stays open. {kept}".strip(),
            details=told,
            file=file,
        )
        if self.receivers(self.crashed):
            self.crashed.emit(notice)
        else:
            _say_and_end(file)

    def _on_qt_message(
        self, kind: QtMsgType, context: QMessageLogContext, text: str
    ) -> None:
        # The rest may quote a file's name.
        found = _QT_SPEAKER.match(text)
        speaker = found[0] if found else "something else"
        logger.log(_QT_LEVELS.get(kind, logging.WARNING), "Qt: %s", speaker)
        logger.debug("Qt: %s", text)
        if kind == QtMsgType.QtFatalMsg:
            if self._session is not None:
                self._session.note_fatal(f"Qt, fatal: {speaker}")
            if sys.stderr is not None:
                sys.stderr.write(f"Hilum has to end: {text}\n")


def look_for_crashes() -> Notice | None:
    """Offer the reports of crashes of earlier sessions; None where there are none."""
    crash_files.adopt_dead_sessions()
    reports = crash_files.take_new_reports()
    if not reports:
        return None
    hint = "The report names no film; you can read it before you pass it on."
    if len(reports) == 1:
        text = "Something went wrong when Hilum was last open."
        return Notice(text, hint, file=reports[0])
    text = f"Something went wrong {len(reports)} times when Hilum was last open."
    return Notice(text, hint, file=reports[0].parent)


def _say_and_end(file: Path | None) -> None:
    """A fault before there was a window: nothing is left that could go on."""
    sentence = "Hilum could not start because of a fault of its own."
    hint = f"A report was kept: {file}" if file else "It could not be written down."
    if sys.stderr is not None:
        sys.stderr.write(f"{sentence}\nHint: {hint}\n")
    application = QApplication.instance()
    is_main = threading.current_thread() is threading.main_thread()
    if is_main and isinstance(application, QApplication):
        QMessageBox.critical(None, "Hilum", f"{sentence}\n\n{hint}")
        QApplication.exit(1)
