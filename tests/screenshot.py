"""Take a picture of the real window: `python -m tests.screenshot OUT [FILE...]`.

Opens the window with the default model (or a drawn-up one where there is none),
reads the films, waits until all have a verdict, and writes what is on screen. The
sample films are read when no file is given.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path


def main() -> None:
    """Parse the command line and take the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, metavar="OUT", help="a PNG file to write")
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="films")
    parser.add_argument("--model", type=Path, help="a bundle; else the default")
    parser.add_argument("--size", default="1280x820", help="of the window, logical")
    parser.add_argument("--scale", default="1", help="screen pixels per logical one")
    parser.add_argument("--appearance", default="light", help="light, dark or system")
    parser.add_argument("--show", type=int, default=0, help="which film, from 0")
    parser.add_argument("--empty", action="store_true", help="open no film")
    parser.add_argument("--script", default="", help="expression on `window`, run last")
    wishes = parser.parse_intermixed_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ["QT_SCALE_FACTOR"] = wishes.scale
    with tempfile.TemporaryDirectory() as home:
        os.environ["HILUM_HOME"] = home
        take(wishes, Path(home))


def take(wishes: argparse.Namespace, home: Path) -> None:
    """Open the window, wait, and write the picture."""
    from PyQt5.QtTest import QTest

    from core import paths
    from desktop.app.application import Application, set_scaling
    from desktop.app.main_window import MainWindow
    from desktop.settings import Settings
    from desktop.style import theme

    set_scaling()
    application = Application(["hilum"])
    settings = Settings()
    settings.appearance = wishes.appearance
    theme.apply(application, wishes.appearance)
    model = wishes.model or paths.default_bundle_dir()
    if not (model / "card.json").exists():
        from tests.tiny_bundle import write_tiny_bundle

        model = write_tiny_bundle(home / "tiny").path
    window = MainWindow(settings, model)
    width, height = (int(side) for side in wishes.size.split("x"))
    window.resize(width, height)
    window.show()
    if not wishes.empty:
        window.open_paths(wishes.files or paths.sample_films())
    session = window.diagnose.session
    QTest.qWait(100)
    while session.is_reading:
        QTest.qWait(50)
    if len(session.films) > wishes.show:
        session.choose(session.films[wishes.show])
    if wishes.script:
        exec(wishes.script, {"window": window, "tab": window.diagnose})  # noqa: S102
    QTest.qWait(400)
    wishes.out.parent.mkdir(parents=True, exist_ok=True)
    window.grab().save(str(wishes.out))
    window.close()


if __name__ == "__main__":
    main()
