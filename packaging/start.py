"""What the packaged executables run: the window, or the command line.

One program: called `hilum` it is the window, called `core` the command line. A
macOS app has one name, so there the first word tells.
"""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
import sys
from pathlib import Path

from core.paths import CORE_WORD


def main() -> int:
    """Run what this executable is.

    Returns:
        The exit status.
    """
    # Where a library starts a helper process, it starts this executable.
    multiprocessing.freeze_support()
    _give_back_the_environment()
    if Path(sys.argv[0]).stem.endswith("core"):
        return _command_line(sys.argv[1:])
    if sys.argv[1:2] == [CORE_WORD]:
        return _command_line(sys.argv[2:])
    from desktop.__main__ import main as window

    return window()


def _command_line(words: list[str]) -> int:
    # A packaged Python reads no PYTHON variables; these two the window sets.
    if os.environ.get("PYTHONFAULTHANDLER"):
        faulthandler.enable()
    if encoding := os.environ.get("PYTHONIOENCODING", "").partition(":")[0]:
        for stream in (sys.stdin, sys.stdout, sys.stderr):
            stream.reconfigure(encoding=encoding)
    from core.__main__ import main as command

    return command(words)


def _give_back_the_environment() -> None:
    """Undo what was set to find the libraries in this folder.

    They have been found by now, and a browser or a file manager that the program
    opens must find its own.
    """
    for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"):
        before = os.environ.pop(f"{name}_ORIG", None)
        if before:
            os.environ[name] = before
        else:
            os.environ.pop(name, None)


if __name__ == "__main__":
    sys.exit(main())
