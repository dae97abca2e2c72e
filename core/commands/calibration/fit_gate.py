"""`python -m core fit-gate`."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.commands.calibration.new_bundle import OnDone, add_new_bundle, make_bundle
from core.model.bundle import ModelBundle
from core.model.gate_fit import add_gate, gate_in_words


def add_parser(parser: argparse.ArgumentParser) -> None:
    """Add its arguments to a parser."""
    add_new_bundle(parser, "films that it was not tested on")
    parser.add_argument(
        "--other", type=Path, metavar="DIR", help="pictures that are no chest film"
    )


def run(arguments: argparse.Namespace) -> int:
    """Add to a model what tells films that it cannot speak of; returns 0."""

    def make(bundle: ModelBundle, on_film: OnDone) -> str:
        data, out, other = arguments.data, arguments.out, arguments.other
        made = add_gate(bundle, data, out, other=other, on_film=on_film)
        return gate_in_words(made.card.training["gate"])

    return make_bundle(
        arguments,
        make,
        stage="gate",
        detail="Reading films, upright and turned.",
        stopped="The fitting was stopped.",
        reads=arguments.other,
    )
