"""Measure the real window: `python -m tests.window_check [--model BUNDLE] [--json]`.

Gives the time from the interpreter's start of this module to the window and to the
first verdict, the memory with a film shown, and for each thing a user does on a film
of 20 megapixels and 16 bits the longest time the window did not answer: by the clock,
which other programs on the machine lengthen, and in processor time of its own thread,
which they do not.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

#: Nothing slow has been imported yet.
BEGAN = time.perf_counter()
BIG = (5000, 4000)
TICK_MS = 2


@dataclasses.dataclass
class Stall:
    """Longest pauses of the window during one action, milliseconds."""

    action: str
    clock_ms: float
    own_ms: float


class Heartbeat:
    """A timer in the GUI thread that notes how late it comes."""

    def __init__(self) -> None:
        from PyQt5.QtCore import Qt, QTimer

        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self._timer.start(TICK_MS)
        self.restart()

    def restart(self) -> None:
        """Forget what was noted."""
        self._clock, self._own = time.perf_counter(), time.thread_time()
        self.clock_ms = self.own_ms = 0.0

    def _beat(self) -> None:
        clock, own = time.perf_counter(), time.thread_time()
        self.clock_ms = max(self.clock_ms, 1000 * (clock - self._clock) - TICK_MS)
        self.own_ms = max(self.own_ms, 1000 * (own - self._own))
        self._clock, self._own = clock, own


def measure(home: Path, model: Path | None) -> dict[str, object]:
    """Open the window in this process, use it, and close it."""
    from PyQt5.QtTest import QTest

    from core import paths
    from desktop.app.application import Application, set_scaling
    from desktop.app.main_window import MainWindow
    from desktop.settings import Settings
    from desktop.style import theme

    set_scaling()
    application = Application(["hilum"])
    theme.apply(application, "light")
    window = MainWindow(Settings(), model or paths.default_bundle_dir())
    window.resize(1400, 900)
    window.show()
    window.repaint()
    result: dict[str, object] = {"shown_s": time.perf_counter() - BEGAN}
    tab = window.diagnose

    def wait_for_films() -> None:
        while tab.session.is_reading:
            QTest.qWait(TICK_MS)

    heart = Heartbeat()
    window.open_paths(paths.sample_films()[:1])
    wait_for_films()
    result["first_verdict_s"] = time.perf_counter() - BEGAN
    QTest.qWait(300)
    result["memory_mb"] = _memory_mb()
    stalls = [Stall("start and first film", heart.clock_ms, heart.own_ms)]

    def during(action: str, steps: int, step: Callable[[int], None]) -> None:
        heart.restart()
        for i in range(steps):
            step(i)
            QTest.qWait(TICK_MS)
        wait_for_films()
        QTest.qWait(50)
        stalls.append(Stall(action, heart.clock_ms, heart.own_ms))

    big = _write_big_film(home / "big.png")
    view = tab.ui.view
    during("open a big film", 1, lambda i: window.open_paths([big]))
    during("window and level", 40, lambda i: view.change_window(0.02, 0.01))
    view.zoom_to(1.0)
    during("pan at 1:1", 40, lambda i: view.pan_by(40, 30))
    during("window and level at 1:1", 40, lambda i: view.change_window(-0.02, 0.01))
    during("zoom", 40, lambda i: view.zoom_to(1.05**i))
    labels = list(tab.session.shown_film.reading.heatmaps)
    during("explain findings", 12, lambda i: tab.heatmap.choose(labels[i % 3]))
    during("back and forth", 10, lambda i: tab.session.step(1 if i % 2 else -1))
    job = tab.outputs.picture(with_heatmap=True)
    said: list[str] = []
    tab.saver.status_changed.connect(said.append)
    heart.restart()
    tab.saver.save(job, home / "saved.png")
    while len(said) < 2:  # that it is being saved, and how that went
        QTest.qWait(TICK_MS)
    stalls.append(Stall("save with heat map", heart.clock_ms, heart.own_ms))
    result["stalls"] = [dataclasses.asdict(stall) for stall in stalls]
    window.close()
    return result


def _write_big_film(path: Path) -> Path:
    import cv2
    import numpy as np

    y, x = np.mgrid[0 : BIG[0], 0 : BIG[1]]
    noise = np.random.default_rng(0).integers(0, 2000, BIG)
    shades = 30000 + 20000 * np.sin(x / 300) * np.cos(y / 400) + noise
    encoded = cv2.imencode(".png", shades.astype(np.uint16))[1]
    path.write_bytes(encoded.data)
    return path


def _memory_mb() -> float | None:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:  # only Linux tells it this way
        return None
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> None:
    """Parse the command line, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, help="a bundle; else the default")
    parser.add_argument("--json", action="store_true", help="print JSON")
    wishes = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as home:
        os.environ["HILUM_HOME"] = home
        result = measure(Path(home), wishes.model)
    if wishes.json:
        json.dump(result, sys.stdout)
        return
    write = sys.stdout.write
    write(f"window shown after       {result['shown_s']:.2f} s\n")
    write(f"first verdict after      {result['first_verdict_s']:.2f} s\n")
    write(f"memory, one film shown   {result['memory_mb']:.0f} MB\n")
    for stall in result["stalls"]:
        write(
            f"{stall['action']:24} longest pause {stall['clock_ms']:5.0f} ms, "
            f"own work {stall['own_ms']:5.0f} ms\n"
        )


if __name__ == "__main__":
    main()
