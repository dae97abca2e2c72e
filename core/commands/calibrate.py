"""`python -m core calibrate`."""

from __future__ import annotations

import argparse
from pathlib import Path

from core import paths
from core.commands.argument_types import add_events, film_count, new_folder
from core.data.dataset import listed_films
from core.errors import CoreError
from core.jobs.control import Control
from core.jobs.events import JobSucceeded, Progressed, StageStarted
from core.jobs.reporters import begin_report, cancellable, end_told
from core.model.bundle import is_bundle, read_bundle
from core.model.int8 import calibrate
from core.outputs import check_folder, refuse_inputs
from core.terminal import print_lines

_STAGE = "calibration"
_TELL_EVERY = 25


def add_parser(parser: argparse.ArgumentParser) -> None:
    """Add its arguments to a parser."""
    parser.add_argument("bundle", type=Path, metavar="BUNDLE")
    parser.add_argument(
        "--data", type=Path, required=True, help="films that it was not tested on"
    )
    parser.add_argument("--out", type=new_folder, required=True, metavar="BUNDLE2")
    parser.add_argument(
        "--films", type=film_count, default=300, metavar="N", help="at most"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace BUNDLE2")
    add_events(parser)


def run(arguments: argparse.Namespace) -> int:
    """Add a graph in int8 to a model; returns 0."""
    control = Control(said="The calibration was stopped.", hint="")
    report = begin_report(control, as_events=arguments.events, job=arguments.job)
    with end_told(report):
        if paths.is_frozen():
            raise CoreError(
                "The packaged Hilum cannot make a model that scans in int8.",
                hint="Install Hilum from its source for that.",
            )
        refuse_inputs(
            [arguments.out],
            [arguments.bundle, arguments.data],
            lambda: listed_films(arguments.data),
        )
        check_folder(arguments.out, overwrite=arguments.overwrite, is_own=is_bundle)
        bundle = read_bundle(arguments.bundle)
        told = cancellable(control, report)
        told(StageStarted(_STAGE, "Reading films, then looking at what they come to."))

        def on_film(done: int, total: int) -> None:
            if done % _TELL_EVERY == 0 or done == total:
                told(Progressed(_STAGE, done, total))

        result = calibrate(
            bundle,
            arguments.data,
            arguments.out,
            films=arguments.films,
            on_film=on_film,
        )
    if arguments.events:
        report(JobSucceeded(str(arguments.out)))
    else:
        print_lines(result.in_words())
    return 0
