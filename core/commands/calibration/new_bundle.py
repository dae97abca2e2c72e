"""What commands have in common that make another bundle of a bundle and films."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from core.commands.argument_types import add_events, new_folder
from core.commands.work import Outcome, do_work
from core.data.dataset import listed_films
from core.jobs.control import Control
from core.jobs.reporters import Report, StageProgress
from core.model.bundle import ModelBundle, is_bundle, read_bundle
from core.outputs import check_folder, refuse_inputs

#: Called with what is done and all of it; may raise to stop.
OnDone = Callable[[int, int], None]


def add_new_bundle(parser: argparse.ArgumentParser, films: str) -> None:
    """Add what every such command takes; `films` is what the films are."""
    parser.add_argument("bundle", type=Path, metavar="BUNDLE")
    parser.add_argument("--data", type=Path, required=True, help=films)
    parser.add_argument("--out", type=new_folder, required=True, metavar="BUNDLE2")
    parser.add_argument("--overwrite", action="store_true", help="replace BUNDLE2")
    add_events(parser)


def make_bundle(
    arguments: argparse.Namespace,
    make: Callable[[ModelBundle, OnDone], str],
    *,
    stage: str,
    detail: str,
    stopped: str,
    reads: Path | None = None,
) -> int:
    """Make a bundle, tell how far it is, and what came of it; returns 0.

    Args:
        make: Makes `arguments.out`; says what came of it.
        stage, detail: Of its progress.
        stopped: What is said when the user ended it.
        reads: What is read besides the bundle and the films.

    Raises:
        CoreError: The model or the films cannot serve.
        TrainingStopped: The user wants the end.
    """

    def work(report: Report, control: Control) -> Outcome:
        read = [arguments.bundle, arguments.data, reads]
        refuse_inputs([arguments.out], read, lambda: listed_films(arguments.data))
        check_folder(arguments.out, overwrite=arguments.overwrite, is_own=is_bundle)
        bundle = read_bundle(arguments.bundle)
        progress = StageProgress(report, control)
        progress.start(stage, detail)
        return Outcome(arguments.out, make(bundle, progress.done))

    return do_work(arguments, work, stopped=stopped)
