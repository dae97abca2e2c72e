"""The reports of `predict`: which are asked for, and what their files are called."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from core.commands.argument_types import add_flags, new_folder
from core.errors import CoreError
from core.films.finder import film_stem
from core.outputs import check_files, check_folder
from core.paths import default_bundle_dir
from core.reports.film_files import KINDS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what asks for reports."""
    parser.add_argument(
        "--report", type=new_folder, metavar="DIR", help="write a report on each film"
    )
    parser.add_argument(
        "--report-format",
        type=_kinds,
        metavar="KINDS",
        help=f"of {','.join(KINDS)} (pdf,html); sc and sr are a Secondary Capture and "
        "a Structured Report, for films that are DICOM",
    )
    add_flags(
        parser,
        with_patient="reports name the file and whom the film is of, and when",
    )


def report_paths(arguments: argparse.Namespace) -> list[Mapping[str, Path]]:
    """The files of each film's report, by kind; none where none is asked for.

    Raises:
        CoreError: An argument has no use without another.
        OutputError: One is there already, or is what is read.
    """
    folder = arguments.report
    if folder is None:
        if arguments.report_format or arguments.with_patient:
            raise CoreError(
                "--report-format and --with-patient are of reports, and none is to be "
                "written.",
                hint="Add --report DIR.",
            )
        return [{}] * len(arguments.paths)
    check_folder(folder, overwrite=True, is_own=lambda folder: True)
    kinds = arguments.report_format or ("pdf", "html")
    chosen = [
        {kind: folder / f"{stem}{KINDS[kind]}" for kind in kinds}
        for stem in stems(arguments.paths)
    ]
    check_files(
        [path for each in chosen for path in each.values()],
        overwrite=arguments.overwrite,
        inputs=[arguments.model or default_bundle_dir()],
        films=lambda: arguments.paths,
    )
    return chosen


def stems(films: Sequence[Path], ending: str = "") -> Iterator[str]:
    """A name for what is made of each film, without suffix; no two the same."""
    taken: set[str] = set()
    for path in films:
        # Long names would not leave room for the ending.
        stem = name = f"{film_stem(path)[:80] or 'film'}{ending}"
        number = 1
        # Some systems do not tell capitals from small letters.
        while name.casefold() in taken:
            number += 1
            name = f"{stem}-{number}"
        taken.add(name.casefold())
        yield name


def _kinds(text: str) -> tuple[str, ...]:
    """Kinds of reports, each once; else an ArgumentTypeError."""
    kinds = tuple(dict.fromkeys(text.split(",")))
    for kind in kinds:
        if kind not in KINDS:
            known = ", ".join(KINDS)
            raise argparse.ArgumentTypeError(f"{kind!r} is none of {known}")
    return kinds
