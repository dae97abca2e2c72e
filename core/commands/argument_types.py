"""What arguments of the command line are read as."""

from __future__ import annotations

import argparse
import functools
from pathlib import Path
from typing import Any

from core.errors import CoreError
from core.files import refuse_impossible_name, refuse_missing_folder
from core.model.conformal import COVERAGE


def new_file(text: str) -> Path:
    """A file to write, in a folder that is there; else an OutputError."""
    path = Path(text)
    refuse_missing_folder(path)
    return path


def new_folder(text: str) -> Path:
    """A folder to make, with those above it; an OutputError where none can be."""
    path = Path(text)
    refuse_impossible_name(path)
    return path


def add_flags(parser: argparse._ActionsContainer, **flags: str) -> None:
    """Add what is on or off: name -> help."""
    for name, said in flags.items():
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(option, action="store_true", help=said)


def add_files(parser: argparse.ArgumentParser, **files: str) -> None:
    """Add files to write: name -> help."""
    for name, said in files.items():
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(option, type=new_file, metavar="FILE", help=said)


def add_coverage(
    parser: argparse.ArgumentParser, default: float | None = COVERAGE
) -> None:
    """Add how often sets of findings are to hold the true one."""
    parser.add_argument(
        "--coverage",
        type=share,
        default=default,
        metavar="SHARE",
        help="of the films whose set holds the true finding (0.9)",
    )


class _JobFolder(argparse.Action):
    def __call__(self, parser: Any, namespace: Any, values: Any, *_: Any) -> None:
        namespace.job = Path(values).absolute()
        namespace.events = True  # though not on stdout


def add_events(parser: argparse.ArgumentParser) -> None:
    """Add how a program hears from a command, and talks to it."""
    add_flags(parser, events="report as JSON lines on stdout")
    parser.add_argument(
        "--job",
        action=_JobFolder,
        metavar="FOLDER",
        help="report to FOLDER/events.jsonl, and take requests from FOLDER/wish",
    )


def share(text: str) -> float:
    """A share over 0 and under 1; else an ArgumentTypeError."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no share between 0 and 1")
    return value


def add_labels(parser: argparse.ArgumentParser) -> None:
    """Add where the true labels of a scan's films come from."""
    labels = parser.add_mutually_exclusive_group()
    labels.add_argument(
        "--labels-from-folders",
        action="store_true",
        help="measure too: folders are named as the model's labels",
    )
    labels.add_argument(
        "--labels", type=Path, metavar="FILE.csv", help="measure too: file,label"
    )


def count(text: str, least: int = 1, most: int = 10**9) -> int:
    """A whole number; else an ArgumentTypeError."""
    if not text.isdecimal() or not least <= int(text) <= most:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no number from {least} to {most}"
        )
    return int(text)


#: How often something is trained, and in how many parts films are tested on.
repeats = functools.partial(count, most=100)
folds = functools.partial(repeats, least=2)


def given(arguments: argparse.Namespace, names: str) -> list[str]:
    """Those of some arguments that were given, as they are typed."""
    return [
        f"--{name.replace('_', '-')}"
        for name in names.split()
        if getattr(arguments, name)
    ]


def refuse_more_on_resume(arguments: argparse.Namespace, names: str) -> None:
    """Raise CoreError where what goes on by its folder alone is told more."""
    if more := given(arguments, names):
        raise CoreError(
            "What is begun goes on by what it was begun with, as its folder has it.",
            hint=f"Leave {', '.join(more)} out, or repeat the command as it was, with "
            "--resume.",
        )


def refuse_resume_with_overwrite(arguments: argparse.Namespace) -> None:
    """Raise CoreError of two arguments that contradict each other."""
    if arguments.resume and arguments.overwrite:
        raise CoreError(
            "--resume goes on with what is there, and --overwrite discards it.",
            hint="Leave one of them out.",
        )
