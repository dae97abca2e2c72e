"""`python -m core train-lungs`."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.commands.argument_types import add_job, film_count, new_folder
from core.commands.internal import quieten_tensorflow
from core.data.dataset import listed_films
from core.jobs.control import Control
from core.jobs.events import JobSucceeded, Progressed, StageStarted
from core.jobs.reporters import begin_report, cancellable, end_told
from core.model.bundle import is_bundle, read_bundle
from core.outputs import check_folder, refuse_inputs
from core.terminal import print_lines

_STAGE = "lungs"


def add_parser(parser: argparse.ArgumentParser) -> None:
    """Add its arguments to a parser."""
    parser.add_argument("bundle", type=Path, metavar="BUNDLE")
    parser.add_argument(
        "--data", type=Path, required=True, help="films, in splits where it names any"
    )
    parser.add_argument(
        "--masks",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="a PNG of each film's lungs, with the film's name",
    )
    parser.add_argument("--out", type=new_folder, required=True, metavar="BUNDLE2")
    parser.add_argument("--epochs", type=film_count, default=80, metavar="N")
    parser.add_argument("--seed", type=int, default=0, metavar="N")
    parser.add_argument("--overwrite", action="store_true", help="replace BUNDLE2")
    parser.add_argument(
        "--events", action="store_true", help="report as JSON lines on stdout"
    )
    add_job(parser)


def run(arguments: argparse.Namespace) -> int:
    """Train a network that finds lungs, and add it to a model.

    Returns:
        0.

    Raises:
        CoreError: The model, the films or the masks cannot serve.
        TrainingStopped: The user wants the end.
    """
    control = Control(said="The training of the lungs was stopped.", hint="")
    report = begin_report(control, as_events=arguments.events, job=arguments.job)
    with end_told(report):
        refuse_inputs(
            [arguments.out],
            [arguments.bundle, arguments.data, arguments.masks],
            lambda: listed_films(arguments.data),
        )
        overwrite = arguments.overwrite
        check_folder(arguments.out, overwrite=overwrite, is_own=is_bundle)
        bundle = read_bundle(arguments.bundle)
        told = cancellable(control, report)
        told(StageStarted(_STAGE, "Reading films and masks, then learning."))
        quieten_tensorflow()
        from core.training.lungs.add import add_lungs

        def on_epoch(done: int, loss: float) -> None:
            told(Progressed(_STAGE, done, arguments.epochs))

        result = add_lungs(
            bundle,
            arguments.data,
            arguments.masks,
            arguments.out,
            epochs=arguments.epochs,
            seed=arguments.seed,
            on_epoch=on_epoch,
        )
    if arguments.events:
        report(JobSucceeded(str(arguments.out)))
    else:
        print_lines(result.in_words())
    return 0
