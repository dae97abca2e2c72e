"""The packaged program, for the tests that drive it, and a screen to drive it on.

HILUM_APP names its folder, by default dist/full/hilum. `python run.py build --check`
runs the tests that use this.
"""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest
from PIL import Image

from core.paths import CORE_WORD

ROOT = Path(__file__).resolve().parent.parent
#: Not handed on: what would lead the packaged program to the tests' own Python.
_HIDDEN = ("PYTHONPATH", "PYTHONSAFEPATH", "LD_LIBRARY_PATH", "QT_QPA_PLATFORM")

_SETTINGS = """\
[General]
version=1
disclaimer_accepted=1
[diagnose]
heatmap_shown=true
"""


class Windowed(Protocol):
    """What opens a window."""

    @property
    def window(self) -> Sequence[str | Path]:
        """The command."""


class PackedApp:
    """A folder with the packaged program.

    Attributes:
        folder: Holds the executables.
        window: Starts the window.
        core: Starts the command line.
        is_reader: Whether it comes without training.
    """

    def __init__(self, folder: Path) -> None:
        suffix = ".exe" if os.name == "nt" else ""
        if sys.platform == "darwin":
            folder = folder.parent / "Hilum.app/Contents/MacOS"
        self.folder = folder
        self.window: Sequence[str | Path] = [folder / f"hilum{suffix}"]
        self.core: Sequence[str | Path] = [folder / f"core{suffix}"]
        if sys.platform == "darwin":
            self.core = [*self.window, CORE_WORD]
        self.is_reader = not any(folder.parent.glob("**/tensorflow"))

    @property
    def inside(self) -> Path:
        """Where its libraries and resources are."""
        (model,) = self.folder.parent.glob("**/resources/model")
        return model.parent.parent

    def run(
        self, *words: str | Path, prefix: Sequence[str] = (), **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end.

        Args:
            prefix: A program that starts it, and its arguments.
            environment: Variables to set.
        """
        return subprocess.run(
            [*prefix, *map(str, (*self.core, *words))],
            env=clean_environment(environment),
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=300,
        )


class Screen:
    """A display of its own, without a window manager.

    Attributes:
        name: The DISPLAY.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def tool(self, *words: str) -> str:
        """Run xdotool or the like on it."""
        return subprocess.run(
            words,
            env={**os.environ, "DISPLAY": self.name},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ).stdout

    def window_called(self, words: str) -> str:
        """Number of the window that has these words in its title; empty for none."""
        found = self.tool("xdotool", "search", "--onlyvisible", "--name", words)
        return (found.split() or [""])[0]

    def picture(self) -> Image.Image:
        """What is on it."""
        # Uncompressed: whoever measures until something is seen waits for this.
        command = ["import", "-silent", "-window", "root", "bmp3:-"]
        done = subprocess.run(
            command, env={**os.environ, "DISPLAY": self.name}, stdout=subprocess.PIPE
        )
        return Image.open(io.BytesIO(done.stdout)).convert("RGB")

    def press(self, window: str, *keys: str) -> None:
        """Press keys, one after the other, in a window.

        Args:
            window: Its number, as `window_called` gives it.
            keys: As xdotool names them: "alt+2", "space".
        """
        self.tool("xdotool", "windowfocus", "--sync", window)
        for key in keys:
            self.tool("xdotool", "key", key)

    def click_lower_right(self, window: str, right: int, lower: int) -> None:
        """Click in a window that is in the screen's upper left corner.

        Args:
            window: Its number.
            right: How far from its right edge.
            lower: How far from its lower edge.
        """
        self.tool("xdotool", "windowmove", "--sync", window, "0", "0")
        shape = self.shape(window)
        x, y = shape["WIDTH"] - right, shape["HEIGHT"] - lower
        self.tool("xdotool", "mousemove", str(x), str(y), "click", "1")

    def shape(self, window: str) -> dict[str, int]:
        """Where a window is: X, Y, WIDTH and HEIGHT, among others."""
        told = self.tool("xdotool", "getwindowgeometry", "--shell", window)
        lines = (line.split("=") for line in told.split())
        return {name: int(value) for name, value in lines}

    def has_heat_map(self) -> bool:
        """Whether it shows a heat map, the last that comes of a film."""
        values = np.asarray(self.picture().reduce(4)).astype(int)
        redness = values[..., 0] - values[..., 1]  # little else is purple to yellow
        return bool((redness > 12).mean() > 0.02)


@contextlib.contextmanager
def new_screen(width: int, height: int, *options: str) -> Iterator[Screen]:
    """Start an X server without hardware."""
    if not sys.platform.startswith("linux"):
        pytest.skip("drives X11")
    given, taken = os.pipe()
    size = f"{width}x{height}x24"
    server = subprocess.Popen(
        # Without a reset, which would refuse clients whenever the last one left.
        ["Xvfb", "-noreset", "-displayfd", str(taken), "-screen", "0", size, *options],
        pass_fds=[taken],
        stderr=subprocess.DEVNULL,
    )
    os.close(taken)
    try:
        with open(given, encoding="ascii") as number:
            yield Screen(f":{number.readline().strip()}")
    finally:
        server.terminate()
        server.wait()


@contextlib.contextmanager
def open_window(
    app: Windowed,
    screen: Screen,
    *words: str | Path,
    prefix: Sequence[str] = (),
    **environment: str,
) -> Iterator[subprocess.Popen[bytes]]:
    """Start the window with the notice of the first start accepted."""
    accept_notice(Path(environment.get("HILUM_HOME") or os.environ["HILUM_HOME"]))
    process = subprocess.Popen(
        [*prefix, *map(str, (*app.window, *words))],
        env=clean_environment({"DISPLAY": screen.name, **environment}),
        stdin=subprocess.DEVNULL,
    )
    try:
        yield process
        assert process.poll() is None, f"it ended with {process.returncode}"
    finally:
        process.terminate()
        process.wait(30)


def drop(screen: Screen, path: Path, window: str) -> None:
    """Drag a file or folder from another program onto a window, which takes it.

    Args:
        window: Its number, as `Screen.window_called` gives it.
    """
    screen.tool("xdotool", "windowmove", window, "0", "60")
    source = subprocess.Popen(
        [sys.executable, "-m", "tests.drag_source", str(path)],
        cwd=ROOT,
        env={**os.environ, "DISPLAY": screen.name, "QT_QPA_PLATFORM": "xcb"},
    )
    try:
        wait_until(lambda: screen.window_called("drag source"))
        drag = ["mousemove", "20", "20", "mousedown", "1"]
        for step in range(30, 420, 30):
            drag += ["mousemove", str(step), str(step), "sleep", "0.05"]
        screen.tool("xdotool", *drag, "sleep", "0.3", "mouseup", "1")
        wait_until(lambda: source.poll() is not None)
        assert source.returncode == 0, "it was not taken"
    finally:
        source.kill()
        source.wait()


def accept_notice(home: Path) -> None:
    """Write settings in which it was, unless there are some; films open with maps."""
    settings = home / "config" / "settings.ini"
    if not settings.exists():
        settings.parent.mkdir(parents=True, exist_ok=True)
        settings.write_text(_SETTINGS)


def clean_environment(more: Mapping[str, str]) -> dict[str, str]:
    """This process's environment without what belongs to the tests."""
    kept = {key: value for key, value in os.environ.items() if key not in _HIDDEN}
    return {**kept, **more}


def wait_until(is_so: Callable[[], object], seconds: float = 30) -> float:
    """Ask until something is so.

    Returns:
        After how many seconds it was.
    """
    began = time.monotonic()
    while not is_so():
        waited = time.monotonic() - began
        assert waited < seconds, f"not so after {seconds} s"
        time.sleep(0.02)
    return time.monotonic() - began
