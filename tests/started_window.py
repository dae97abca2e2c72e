"""The real program in a process of its own, with something done once it is open."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

#: `window` is the main window; `done()` closes it.
_PROGRAM = """
import sys
from pathlib import Path
from PyQt5.QtCore import QTimer
from PyQt5.QtWidgets import QDialog
from core import paths
import desktop.__main__ as program
import desktop.app.main_window as windows

QDialog.exec = lambda dialog: QDialog.DialogCode.Accepted
if sys.argv[1]:
    paths.default_bundle_dir = lambda: Path(sys.argv[1])
original = windows.MainWindow

def make(*args):
    global window
    window = original(*args)
    QTimer.singleShot(20, wait_for_model)
    return window

def wait_for_model():
    is_open = window.diagnose.session.films is not None and (
        window.model.bundle is not None or window.diagnose.ui.banner.isVisible())
    QTimer.singleShot(*((0, begin) if is_open else (20, wait_for_model)))

def done():
    window.close()

def until(condition, then):
    if condition():
        then()
    else:
        QTimer.singleShot(20, lambda: until(condition, then))

def begin():
    BODY

windows.MainWindow = make
sys.exit(program.main(sys.argv[2:]))
"""


def window_command(
    body: str, *arguments: object, bundle: Path | str = "", before: str = ""
) -> list[str]:
    """The command that starts the program and does `body`; see `run_window`."""
    program = before + _PROGRAM.replace("BODY", body.strip().replace("\n", "\n    "))
    return [sys.executable, "-c", program, str(bundle), *map(str, arguments)]


def run_window(
    home: Path,
    body: str,
    *arguments: object,
    bundle: Path | str = "",
    before: str = "",
    **environment: str,
) -> subprocess.CompletedProcess[str]:
    """Start the program offscreen, do `body` when it is open, wait for its end.

    Args:
        home: For settings, models and logs.
        body: Lines of Python. Something in them must call `done()`.
        arguments: Of the command line.
        bundle: The model to take for the shipped one.
        before: Lines of Python to run before the program starts.
        environment: Variables to add.
    """
    return subprocess.run(
        window_command(body, *arguments, bundle=bundle, before=before),
        cwd=ROOT,
        env={
            **os.environ,
            "HILUM_HOME": str(home),
            "PYTHONUTF8": "1",
            "QT_QPA_PLATFORM": "offscreen",
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=90,
    )
