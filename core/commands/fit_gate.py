"""`python -m core fit-gate`."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.commands.argument_types import add_job, new_folder
from core.data.dataset import listed_films
from core.jobs.control import Control
from core.jobs.events import JobSucceeded, Progressed, StageStarted
from core.jobs.reporters import begin_report, cancellable, end_told
from core.model.bundle import is_bundle, read_bundle
from core.model.gate_fit import add_gate
from core.outputs import check_folder, refuse_inputs
from core.terminal import print_lines

_STAGE = "gate"
_TELL_EVERY = 25


def add_parser(parser: argparse.ArgumentParser) -> None:
    """Add its arguments to a parser."""
    parser.add_argument("bundle", type=Path, metavar="BUNDLE")
    parser.add_argument(
        "--data", type=Path, required=True, help="films that it was not tested on"
    )
    parser.add_argument("--out", type=new_folder, required=True, metavar="BUNDLE2")
    parser.add_argument(
        "--other", type=Path, metavar="DIR", help="pictures that are no chest film"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace BUNDLE2")
    parser.add_argument(
        "--events", action="store_true", help="report as JSON lines on stdout"
    )
    add_job(parser)


def run(arguments: argparse.Namespace) -> int:
    """Add to a model what tells films that it cannot speak of.

    Returns:
        0.

    Raises:
        CoreError: The model or the films cannot serve.
        TrainingStopped: The user wants the end.
    """
    control = Control(said="The fitting was stopped.", hint="")
    report = begin_report(control, as_events=arguments.events, job=arguments.job)
    with end_told(report):
        other = arguments.other
        inputs = [arguments.bundle, arguments.data, *([other] if other else [])]
        refuse_inputs([arguments.out], inputs, lambda: listed_films(arguments.data))
        overwrite = arguments.overwrite
        check_folder(arguments.out, overwrite=overwrite, is_own=is_bundle)
        bundle = read_bundle(arguments.bundle)
        told = cancellable(control, report)
        told(StageStarted(_STAGE, "Reading films, upright and turned."))

        def on_film(done: int, total: int) -> None:
            if done % _TELL_EVERY == 0 or done == total:
                told(Progressed(_STAGE, done, total))

        _, fitted = add_gate(
            bundle, arguments.data, arguments.out, other=other, on_film=on_film
        )
    if arguments.events:
        report(JobSucceeded(str(arguments.out)))
    else:
        print_lines(fitted.in_words())
    return 0
