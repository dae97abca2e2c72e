"""`python -m core deidentify`: copy films without whom they are of."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from core.commands.argument_types import add_flags, new_folder
from core.errors import ImageReadError, OutputError
from core.films.deidentify import LOOK, deidentify, write_deidentified
from core.films.patient_id import installation_salt
from core.outputs import check_file, check_folder
from core.terminal import print_lines, printable


def add_parser(parser: argparse.ArgumentParser) -> None:
    """Add its arguments to a parser."""
    parser.add_argument("films", nargs="+", type=Path, metavar="FILE")
    parser.add_argument(
        "--out",
        type=new_folder,
        required=True,
        metavar="DIR",
        help="for the copies, named by the hashed patient id",
    )
    add_flags(parser, overwrite="replace copies that exist")


def run(arguments: argparse.Namespace) -> int:
    """Write a copy of each film and print where; the films stay as they are.

    Returns:
        0, or 4 if some of several films were not copied, or 2 if none.
    """
    folder: Path = arguments.out
    # It is only added to: it may be that of the films.
    check_folder(folder, overwrite=True, is_own=lambda folder: True)
    salt = installation_salt()
    made: set[Path] = set()
    failed = 0
    for path in arguments.films:
        name = printable(str(path))
        try:
            film = deidentify(path, salt)
            copy = folder / film.name
            # The same film named twice makes the same copy.
            check_file(copy, overwrite=arguments.overwrite or copy in made)
            write_deidentified(film, copy, path)
        except (ImageReadError, OutputError) as error:
            failed += 1
            print_lines(f"{name}: {error} {error.advice}".rstrip(), sys.stderr)
            continue
        made.add(copy)
        print_lines(f"{name} -> {printable(str(copy))}")
        for warning in film.warnings:
            print_lines(f"{name}: {warning}", sys.stderr)
    if made:
        print_lines(LOOK, sys.stderr)
    if not failed:
        return 0
    return 4 if made else 2
