"""`python -m core card`: what a model is and was measured to do."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from core.model.bundle import card_to_json, read_bundle
from core.paths import default_bundle_dir
from core.reports.model_card import card_text
from core.terminal import print_lines


def add_parser(parser: argparse.ArgumentParser) -> None:
    """Add its arguments to a parser."""
    parser.add_argument("bundle", nargs="?", type=Path, metavar="BUNDLE")
    parser.add_argument("--json", action="store_true", help="the card itself")


def run(arguments: argparse.Namespace) -> int:
    """Print what a model is, for people, or `card.json` for programs; returns 0."""
    bundle = read_bundle(arguments.bundle or default_bundle_dir())
    if arguments.json:
        print(json.dumps(card_to_json(bundle.card), indent=1))  # noqa: T201 - the result
    else:
        print_lines(card_text(bundle))
    return 0
