"""What arguments of the command line are read as."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.files import refuse_impossible_name, refuse_missing_folder

_MOST_FILMS = 10**9


def new_file(text: str) -> Path:
    """A file to write, in a folder that is there.

    Raises:
        OutputError: The folder is not.
    """
    path = Path(text)
    refuse_missing_folder(path)
    return path


def new_folder(text: str) -> Path:
    """A folder to make, with those above it.

    Raises:
        OutputError: No folder can have that name.
    """
    path = Path(text)
    refuse_impossible_name(path)
    return path


class _JobFolder(argparse.Action):
    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        namespace.job = Path(str(values)).absolute()
        namespace.events = True  # though not on stdout


def add_job(parser: argparse.ArgumentParser) -> None:
    """Add the folder through which a program can talk to a command."""
    parser.add_argument(
        "--job",
        action=_JobFolder,
        metavar="FOLDER",
        help="report to FOLDER/events.jsonl, and take requests from FOLDER/wish",
    )


def share(text: str) -> float:
    """A share over 0 and under 1.

    Raises:
        ArgumentTypeError: It is none.
    """
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no share between 0 and 1")
    return value


def film_count(text: str) -> int:
    """A number of films, at least one.

    Raises:
        ArgumentTypeError: It is none.
    """
    try:
        count = int(text)
    except ValueError:
        count = 0
    if not 1 <= count <= _MOST_FILMS:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of films from 1 up")
    return count
