"""`python -m core train-lungs`."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.commands.argument_types import count
from core.commands.calibration.new_bundle import OnDone, add_new_bundle, make_bundle
from core.commands.internal import quieten_tensorflow
from core.model.bundle import ModelBundle


def add_parser(parser: argparse.ArgumentParser) -> None:
    """Add its arguments to a parser."""
    add_new_bundle(parser, "films, in splits where it names any")
    parser.add_argument(
        "--masks",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="a PNG of each film's lungs, with the film's name",
    )
    parser.add_argument("--epochs", type=count, default=80, metavar="N")
    parser.add_argument("--seed", type=int, default=0, metavar="N")


def run(arguments: argparse.Namespace) -> int:
    """Train a network that finds lungs, and add it to a model; returns 0."""

    def make(bundle: ModelBundle, on_done: OnDone) -> str:
        quieten_tensorflow()
        from core.training.lungs.add import add_lungs, lungs_in_words

        epochs = arguments.epochs
        made = add_lungs(
            bundle,
            arguments.data,
            arguments.masks,
            arguments.out,
            epochs=epochs,
            seed=arguments.seed,
            on_epoch=lambda done, loss: on_done(done, epochs),
        )
        return lungs_in_words(made.card.training["lungs"])

    return make_bundle(
        arguments,
        make,
        stage="lungs",
        detail="Reading films and masks, then learning.",
        stopped="The training of the lungs was stopped.",
        reads=arguments.masks,
    )
