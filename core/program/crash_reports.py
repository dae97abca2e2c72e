"""Reports of crashes: written when one happens, found again at the next start.

A session keeps two files while it runs: what it would tell of itself, and one that
`faulthandler` writes to when the process dies of a fault in compiled code. Both go
when it ends well; what a dead session leaves behind becomes a report.
"""

from __future__ import annotations

import contextlib
import datetime
import faulthandler
import logging
import os
import platform
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Final, TextIO

from core import __version__, paths
from core.program.traces import dump_of, line_of, trace_of

#: Reports that are kept; older ones are deleted.
KEPT: Final = 20
#: Of one session: a fault in painting would come sixty times a second.
MAX_PER_SESSION: Final = 5
_LINES: Final = 60
_MAX_NOTED: Final = 64 * 1024
_MAX_DUMPED: Final = 256 * 1024
_FAULTS, _NOTES = ".fault", ".notes"
_NEW, _SEEN = ".new.txt", ".txt"
#: Clocks of processes are exact to a second on some systems.
_TOLERANCE_S: Final = 2.0


def crashes_dir() -> Path:
    """Folder of the reports. Made by whoever writes there."""
    return paths.user_log_dir() / "crashes"


def versions(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Heads a report: the program, the machine, the libraries, and `more`."""
    kind = "packaged" if paths.is_frozen() else "from source"
    found = {
        "Hilum": f"{__version__} ({kind})",
        "Platform": platform.platform(),
        "Machine": f"{platform.machine()}, {os.cpu_count()} processors",
        "Python": platform.python_version(),
        **(more or {}),
    }
    for title, package in (("OpenVINO", "openvino"), ("NumPy", "numpy")):
        found[title] = version_of(package)
    return found


def version_of(package: str) -> str:
    """Version of an installed package; "unknown" where that is not recorded."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:  # a packaged build may leave it out
        return str(getattr(sys.modules.get(package), "__version__", "unknown"))


class SafeLines(logging.Handler):
    """Keeps the last lines of the log, in memory and in a file after `head`."""

    def __init__(self, file: TextIO | None = None, head: str = "") -> None:
        super().__init__(logging.INFO)
        self.lines: deque[str] = deque(maxlen=_LINES)
        self._file = file
        self._head = head
        self._begin_file()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line. Never raises: it may be called while all else fails."""
        stamp = time.strftime("%H:%M:%S", time.localtime(record.created))
        self.lines.append(f"{stamp} {line_of(record)}")
        if self._file is None:
            return
        try:
            if self._file.tell() > _MAX_NOTED:
                self._begin_file()
            else:
                self._file.write(self.lines[-1] + "\n")
                self._file.flush()
        except (OSError, ValueError):  # the disk is full, or it is closed
            self._file = None

    def _begin_file(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError, ValueError):
                self._file.seek(0)
                self._file.truncate()
                self._file.write(self._head + "".join(f"{x}\n" for x in self.lines))
                self._file.flush()


class Session:
    """One run of the program, as far as its crashes go; `facts` head every report.

    Works as well as can be where nothing may be written.
    """

    def __init__(self, facts: Mapping[str, str]) -> None:
        self._head = "".join(f"{title}: {value}\n" for title, value in facts.items())
        self._stem = crashes_dir() / f"session-{os.getpid()}-{int(time.time())}"
        self._files: list[TextIO] = []
        self._seen: set[str] = set()
        self._was_enabled = faulthandler.is_enabled()
        # A fault while a fault is reported must not wait for itself.
        self._lock = threading.RLock()
        notes: TextIO | None = None
        try:
            crashes_dir().mkdir(parents=True, exist_ok=True)
            notes = open(self._stem.with_suffix(_NOTES), "w", encoding="utf-8")  # noqa: SIM115
            self._files.append(notes)
            faults = open(self._stem.with_suffix(_FAULTS), "w", encoding="utf-8")  # noqa: SIM115
            self._files.append(faults)
            faulthandler.enable(faults, all_threads=True)
        except OSError:
            self._fall_back()
        head = self._head + "\nLast lines of the log\n"
        self.lines = SafeLines(notes, head)

    def report(self, error: BaseException) -> tuple[str, Path | None]:
        """Describe an uncaught exception and keep it.

        Returns:
            The description; and its file, None if it could not be written, the
            same fault was reported before, or there were too many.
        """
        with self._lock:
            trace = trace_of(error)
            last = "\n".join(self.lines.lines)
            told = f"{self._head}\n{trace}\n\nLast lines of the log\n{last}"
            if trace in self._seen or len(self._seen) >= MAX_PER_SESSION:
                return told, None
            self._seen.add(trace)
            return told, _write_report(told)

    def note_fatal(self, text: str) -> None:
        """Write down why the process is about to be aborted."""
        for file in self._files[1:]:
            with contextlib.suppress(OSError, ValueError):
                file.write(text + "\n")
                file.flush()

    def end(self) -> None:
        """The program ends well."""
        self._fall_back()
        for suffix in (_NOTES, _FAULTS):
            with contextlib.suppress(OSError):
                self._stem.with_suffix(suffix).unlink(missing_ok=True)

    def _fall_back(self) -> None:
        faulthandler.disable()
        if self._was_enabled and sys.__stderr__ is not None:
            faulthandler.enable(sys.__stderr__)
        for file in self._files:
            with contextlib.suppress(OSError):
                file.close()
        self._files = []


def adopt_dead_sessions() -> None:
    """Make reports of the sessions that died, and clear up after those killed."""
    for faults in sorted(crashes_dir().glob(f"session-*{_FAULTS}")):
        if _is_alive(faults):
            continue
        told = faults.with_suffix(_NOTES)
        with contextlib.suppress(OSError):
            if (dump := _read(faults, _MAX_DUMPED)).strip():
                when = datetime.datetime.fromtimestamp(faults.stat().st_mtime)
                notes = _read(told, 2 * _MAX_NOTED)
                _write_report(f"{notes}\n{dump_of(dump)}", when)
            for path in (faults, told):
                path.unlink(missing_ok=True)


def take_new_reports() -> list[Path]:
    """Reports that nobody was told of yet, newest first; now somebody is."""
    found = []
    for path in sorted(crashes_dir().glob(f"crash-*{_NEW}"), reverse=True):
        seen = path.with_name(path.name.removesuffix(_NEW) + _SEEN)
        with contextlib.suppress(OSError):  # another window took it
            os.replace(path, seen)
            found.append(seen)
    return found


def _write_report(text: str, when: datetime.datetime | None = None) -> Path | None:
    moment = when or datetime.datetime.now()
    path = crashes_dir() / f"crash-{moment:%Y-%m-%d-%H%M%S-%f}{_NEW}"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        head = f"Crash of Hilum, {moment:%Y-%m-%d %H:%M:%S}"
        path.write_text(f"{head}\n{text}\n", encoding="utf-8")
        for old in sorted(path.parent.glob(f"crash-*{_SEEN}"))[:-KEPT]:
            old.unlink(missing_ok=True)
    except OSError:
        return None
    return path


def _is_alive(faults: Path) -> bool:
    """Whether the process that made a session's file still runs."""
    import psutil

    try:
        _, pid, started = faults.stem.split("-")
        process = psutil.Process(int(pid))
        # A later process may have been given the number.
        return bool(process.create_time() <= int(started) + _TOLERANCE_S)
    except (psutil.Error, ValueError):
        return False


def _read(path: Path, most: int) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(most)
    except FileNotFoundError:
        return ""
