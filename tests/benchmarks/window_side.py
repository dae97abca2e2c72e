"""The real window with a film and its heat map on screen, and what memory it takes.

`python -m tests.benchmarks.window_side FILM BUNDLE` prints one line of JSON. The
resident set counts every page in memory; the proportional set counts a page that
other programs use as well, such as the C library's, only by its share.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

_KIB_PER_MB = 1024
#: After the last reply: the window paints and the worker gives memory back.
_SETTLE_MS = 500


def show(film: Path, bundle: Path) -> dict[str, object]:
    """Open the window, wait for the verdict, and read the memory."""
    from PyQt5.QtTest import QTest

    from desktop.app.application import Application, set_scaling
    from desktop.app.main_window import MainWindow
    from desktop.settings import Settings
    from desktop.style import theme

    set_scaling()
    application = Application(["hilum"])
    theme.apply(application, "light")
    window = MainWindow(Settings(), bundle)
    window.resize(1400, 900)
    window.show()
    tab = window.diagnose
    tab.heatmap.set_shown(True)
    window.open_paths([film])
    while tab.session.is_reading:
        QTest.qWait(5)
    QTest.qWait(_SETTLE_MS)
    shown = tab.session.shown_film
    result: dict[str, object] = {
        "has_heatmap": bool(shown and shown.reading and shown.reading.heatmaps),
        "platform": application.platformName(),
        **memory_mb(),
    }
    window.close()
    return result


def memory_mb() -> dict[str, float]:
    """Memory of this process in MB of 2**20 bytes: rss and pss. Linux only."""
    wanted = {"Rss": "rss_mb", "Pss": "pss_mb"}
    found = {}
    for line in Path("/proc/self/smaps_rollup").read_text("ascii").splitlines():
        name, _, rest = line.partition(":")
        if name in wanted:
            found[wanted[name]] = int(rest.split()[0]) / _KIB_PER_MB
    return found


def main() -> None:
    """Measure in a home of its own."""
    with tempfile.TemporaryDirectory() as home:
        os.environ["HILUM_HOME"] = home
        result = show(Path(sys.argv[1]), Path(sys.argv[2]))
    print(json.dumps(result), flush=True)  # noqa: T201 - read by the parent


if __name__ == "__main__":
    main()
