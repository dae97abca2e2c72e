"""`python -m core calibrate`."""

from __future__ import annotations

import argparse

from core import paths
from core.commands.argument_types import count
from core.commands.calibration.new_bundle import OnDone, add_new_bundle, make_bundle
from core.errors import CoreError
from core.model.bundle import ModelBundle
from core.model.int8 import calibrate, int8_in_words


def add_parser(parser: argparse.ArgumentParser) -> None:
    """Add its arguments to a parser."""
    add_new_bundle(parser, "films that it was not tested on")
    parser.add_argument("--films", type=count, default=300, metavar="N", help="at most")


def run(arguments: argparse.Namespace) -> int:
    """Add a graph in int8 to a model; returns 0."""

    def make(bundle: ModelBundle, on_film: OnDone) -> str:
        if paths.is_frozen():
            raise CoreError(
                "The packaged Hilum cannot make a model that scans in int8.",
                hint="Install Hilum from its source for that.",
            )
        data, out = arguments.data, arguments.out
        made = calibrate(bundle, data, out, films=arguments.films, on_film=on_film)
        return int8_in_words(made.card.training["int8"])

    return make_bundle(
        arguments,
        make,
        stage="calibration",
        detail="Reading films, then looking at what they come to.",
        stopped="The calibration was stopped.",
    )
