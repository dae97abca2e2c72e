"""`python -m core import`: make a bundle of a .hilum file."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.commands.argument_types import new_folder
from core.model.archive import unpack_bundle


def add_parser(parser: argparse.ArgumentParser) -> None:
    """Add its arguments to a parser."""
    parser.add_argument("file", type=Path, metavar="FILE.hilum")
    parser.add_argument("--out", type=new_folder, required=True, metavar="BUNDLE")
    parser.add_argument("--overwrite", action="store_true", help="replace BUNDLE")


def run(arguments: argparse.Namespace) -> int:
    """Make a bundle of a file that `export` wrote; returns 0."""
    bundle = unpack_bundle(arguments.file, arguments.out, overwrite=arguments.overwrite)
    print(bundle.path)  # noqa: T201 - the result
    return 0
