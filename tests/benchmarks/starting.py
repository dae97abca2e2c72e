"""From the start of the program to its window and to the first verdict, on a screen."""

from __future__ import annotations

import dataclasses
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.paths import sample_films
from tests.benchmarks.figures import Row, Target, plain_row
from tests.packed_app import (
    ROOT,
    PackedApp,
    Screen,
    new_screen,
    open_window,
    wait_until,
)

WINDOW = Target("at most 1.5 s", 1.5)
VERDICT = Target("at most 1 s later", 1.0)
TOOLS = ("Xvfb", "xdotool", "import")


@dataclasses.dataclass(frozen=True)
class Program:
    """What is started.

    Attributes:
        name: "packed, reader edition", or "from source".
        window: The command that opens the window.
    """

    name: str
    window: Sequence[str | Path]


@dataclasses.dataclass(frozen=True)
class Starts:
    """Starts with a film, each of a new process on files that are in memory.

    Attributes:
        name: Of the program.
        window_s: Until the window was on the screen.
        verdict_s: From then until the heat map was, which comes last.
    """

    name: str
    window_s: list[float]
    verdict_s: list[float]


def missing_tools() -> list[str]:
    """What this machine lacks to measure starts; needs a system with X11."""
    if not sys.platform.startswith("linux"):
        return list(TOOLS)
    return [name for name in TOOLS if not shutil.which(name)]


def programs() -> list[Program]:
    """The source, and what was packed: HILUM_APP, or both editions of a build."""
    named = os.environ.get("HILUM_APP")
    built = [ROOT / "dist" / name / "hilum" for name in ("reader", "full")]
    found = [Program("from source", [sys.executable, "-m", "desktop"])]
    for folder in [Path(named).absolute()] if named else built:
        if folder.exists():
            app = PackedApp(folder)
            edition = "reader" if app.is_reader else "full"
            found.append(Program(f"packed, {edition} edition", app.window))
    return found


def measure(repeats: int) -> list[Starts]:
    """Start every program in turns; the first turn only fills the disk cache."""
    found = [Starts(program.name, [], []) for program in programs()]
    with new_screen(1280, 820) as screen:
        for turn in range(repeats + 1):
            for program, starts in zip(programs(), found, strict=True):
                window, verdict = _start(program, screen)
                if turn:
                    starts.window_s.append(window)
                    starts.verdict_s.append(verdict)
    return found


def rows(found: list[Starts]) -> list[Row]:
    """What is said of each program."""
    said = []
    for starts in found:
        window = f"start to window, {starts.name}"
        verdict = f"window to verdict with heat map, {starts.name}"
        said.append(plain_row(window, starts.window_s, "s", WINDOW))
        said.append(plain_row(verdict, starts.verdict_s, "s", VERDICT))
    return said


def to_json(found: list[Starts]) -> list[dict[str, Any]]:
    """Every measured value."""
    return [dataclasses.asdict(starts) for starts in found]


def _start(program: Program, screen: Screen) -> tuple[float, float]:
    """Seconds to the window, and from there to the heat map."""
    with tempfile.TemporaryDirectory(prefix="hilum-start-") as home:
        began = time.monotonic()
        with open_window(program, screen, sample_films()[0], HILUM_HOME=home):
            wait_until(lambda: screen.window_called("Hilum"))
            shown = time.monotonic()
            wait_until(screen.has_heat_map)
            return shown - began, time.monotonic() - shown
