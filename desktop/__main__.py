"""Start the window: `python -m desktop [FILE...]`."""

from __future__ import annotations

import argparse
import logging
import logging.handlers
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from PyQt5.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler
from PyQt5.QtWidgets import QDialog

from core import __version__, paths
from desktop import theme
from desktop.application import Application, set_scaling
from desktop.dialogs import DISCLAIMER_VERSION, DisclaimerDialog
from desktop.main_window import MainWindow
from desktop.notify import CrashReporter
from desktop.settings import Settings

logger = logging.getLogger("desktop")

_LOG_BYTES = 1_000_000
_QT_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program until its window is closed.

    Args:
        arguments: Of the command line, without the program's name.

    Returns:
        The exit status.
    """
    wishes = _parse(sys.argv[1:] if arguments is None else arguments)
    _start_log()
    reporter = CrashReporter()
    reporter.install()
    # Python's own handler waits for the interpreter, which Qt's loop is not.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    set_scaling()
    application = Application(sys.argv[:1])
    settings = Settings()
    theme.apply(application, settings.appearance)
    if not _is_accepted(settings):
        return 0
    window = MainWindow(settings)
    reporter.crashed.connect(window.show_notice)
    application.inbox.file_opened.connect(window.open_file)
    window.show()
    window.open_paths(wishes.files)
    application.inbox.deliver()
    return application.exec()


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="hilum",
        description="Read chest X-rays: a verdict with probabilities and a heat map. "
        "A research and teaching tool, not a medical device.",
    )
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="a film")
    parser.add_argument("--version", action="version", version=f"Hilum {__version__}")
    return parser.parse_args(arguments)


def _is_accepted(settings: Settings) -> bool:
    if settings.disclaimer_accepted >= DISCLAIMER_VERSION:
        return True
    if DisclaimerDialog().exec() != QDialog.DialogCode.Accepted:
        return False
    settings.disclaimer_accepted = DISCLAIMER_VERSION
    settings.save()
    return True


def _start_log() -> None:
    """Log to a file, as well as can be: a read-only home must not matter."""
    qInstallMessageHandler(_on_qt_message)
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


def _on_qt_message(kind: QtMsgType, context: QMessageLogContext, text: str) -> None:
    logger.log(_QT_LEVELS.get(kind, logging.WARNING), "Qt: %s", text)


if __name__ == "__main__":
    sys.exit(main())
