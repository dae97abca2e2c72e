"""Starts a command of the core in a process that stands on its own."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import psutil

import core
from core import paths
from core.errors import OutputError

#: Priority on POSIX; against a program of the usual one it is a tenth.
_NICE: Final = 10


def spawn(words: Sequence[str], log_path: Path) -> subprocess.Popen[bytes]:
    """Start a command of the core in a session of its own.

    Neither Ctrl-C in a terminal nor the end of whoever starts it ends it.

    Args:
        words: Of the command line. Paths must be absolute: it runs in the
            program's own folder.

    Raises:
        OutputError: It cannot be started, or the log cannot be written.
    """
    options = session_of_its_own()
    # The log must hold any name, and say where a crash happened.
    options["env"]["PYTHONIOENCODING"] = "utf-8:backslashreplace"
    options["env"].setdefault("PYTHONFAULTHANDLER", "1")
    if sys.platform == "win32":
        options["creationflags"] |= subprocess.BELOW_NORMAL_PRIORITY_CLASS
    try:
        with log_path.open("ab") as log:
            child = subprocess.Popen(
                [*paths.core_command(), *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **options,
            )
    except OSError as error:
        reason = error.strerror or str(error)
        if error.filename is not None and Path(error.filename) == log_path:
            raise OutputError(
                f"The log of the job could not be written: {reason}.",
                hint="Check the disk and the permissions of the folder.",
            ) from error
        raise OutputError(
            f"The job could not be started: {reason}.",
            hint="If it happens again, install Hilum again.",
        ) from error
    _lower_priority(child.pid)
    return child


def session_of_its_own() -> dict[str, Any]:
    """What `Popen` needs for a command of the core that Ctrl-C does not reach."""
    root = Path(core.__file__).resolve().parent.parent
    environment = {**os.environ}
    if not paths.is_frozen():
        before = environment.get("PYTHONPATH", "")
        folders = filter(None, (str(root), before))
        environment["PYTHONPATH"] = os.pathsep.join(folders)
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
    return {
        # The user's own may vanish, or hold another folder called core.
        "cwd": root if root.is_dir() else None,
        "env": environment,
        "start_new_session": sys.platform != "win32",
        "creationflags": flags,
    }


def _lower_priority(pid: int) -> None:
    """Keep the window fluid while the job computes."""
    if sys.platform == "win32":  # was started so
        return
    with contextlib.suppress(psutil.Error, OSError):
        process = psutil.Process(pid)
        process.nice(max(_NICE, process.nice()))
    # Linux weighs whole sessions against each other before it looks at that.
    with contextlib.suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text(str(_NICE), encoding="ascii")
