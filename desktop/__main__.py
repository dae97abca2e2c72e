"""Start the window: `python -m desktop [FILE...]`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from core import __version__
from desktop.app import preconditions


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program until its window is closed.

    Args:
        arguments: Of the command line, without the program's name.

    Returns:
        The exit status: 2 where no window can be opened.
    """
    options = _parse(sys.argv[1:] if arguments is None else arguments)
    if obstacle := preconditions.obstacle():
        preconditions.tell(obstacle)
        return 2
    # Not above: Qt cannot be loaded where its libraries are missing.
    from desktop.app.startup import run

    return run(options.files)


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="hilum",
        description="Read chest X-rays: a verdict with probabilities and a heat map. "
        "A research and teaching tool, not a medical device.",
    )
    parser.add_argument(
        "files",
        nargs="*",
        type=Path,
        metavar="FILE",
        help="a film to read, or a .hilum model to import",
    )
    parser.add_argument("--version", action="version", version=f"Hilum {__version__}")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
