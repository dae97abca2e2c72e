"""What commands have in common that make another bundle of a bundle and films."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from core.commands.argument_types import add_events, new_folder
from core.data.dataset import listed_films
from core.jobs.control import Control
from core.jobs.events import JobSucceeded, Progressed, StageStarted
from core.jobs.reporters import begin_report, cancellable, end_told
from core.model.bundle import ModelBundle, is_bundle, read_bundle
from core.outputs import check_folder, refuse_inputs
from core.terminal import print_lines

#: Called with what is done and all of it; may raise to stop.
OnDone = Callable[[int, int], None]


def add_new_bundle(parser: argparse.ArgumentParser, films: str) -> None:
    """Add what every such command takes.

    Args:
        films: What the films are, for the help.
    """
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
    inputs: tuple[Path | None, ...] = (),
    check: Callable[[], None] = lambda: None,
) -> int:
    """Make a bundle, tell how far it is, and what came of it.

    Args:
        make: Makes `arguments.out`; says what came of it.
        stage, detail: Of its progress.
        stopped: What is said when the user ended it.
        inputs: What is read besides the bundle and the films.
        check: Refuses what cannot be done here.

    Returns:
        0.

    Raises:
        CoreError: The model or the films cannot serve.
        TrainingStopped: The user wants the end.
    """
    control = Control(said=stopped, hint="")
    report = begin_report(control, as_events=arguments.events, job=arguments.job)
    with end_told(report):
        check()
        read = [arguments.bundle, arguments.data, *filter(None, inputs)]
        refuse_inputs([arguments.out], read, lambda: listed_films(arguments.data))
        check_folder(arguments.out, overwrite=arguments.overwrite, is_own=is_bundle)
        bundle = read_bundle(arguments.bundle)
        told = cancellable(control, report)
        told(StageStarted(stage, detail))

        def on_done(done: int, total: int) -> None:
            if 100 * done // total > 100 * (done - 1) // total:  # per cent by per cent
                told(Progressed(stage, done, total))

        said = make(bundle, on_done)
    if arguments.events:
        report(JobSucceeded(str(arguments.out)))
    else:
        print_lines(said)
    return 0
