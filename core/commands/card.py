"""`python -m core card`: what a model is and was measured to do."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from core.commands.argument_types import add_files, add_flags
from core.model.bundle import card_to_json, read_bundle
from core.outputs import check_files
from core.paths import default_bundle_dir
from core.reports.model_card import card_text, write_card_html
from core.terminal import print_lines


def add_parser(parser: argparse.ArgumentParser) -> None:
    """Add its arguments to a parser."""
    parser.add_argument("bundle", nargs="?", type=Path, metavar="BUNDLE")
    parser.add_argument("--json", action="store_true", help="the card itself")
    add_files(parser, report="a page of tables and charts, as HTML")
    add_flags(parser, overwrite="replace a page that exists")


def run(arguments: argparse.Namespace) -> int:
    """Print what a model is, for people, or `card.json` for programs; returns 0."""
    folder = arguments.bundle or default_bundle_dir()
    check_files([arguments.report], overwrite=arguments.overwrite, inputs=[folder])
    bundle = read_bundle(folder)
    if arguments.report is not None:
        write_card_html(arguments.report, bundle)
    if arguments.json:
        print(json.dumps(card_to_json(bundle.card), indent=1))  # noqa: T201 - the result
    else:
        print_lines(card_text(bundle))
    return 0
