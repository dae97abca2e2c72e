"""`python -m core assemble`: a manifest of a published data set."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.assembly.assemble import LABELS, Wish, assemble, in_words
from core.assembly.originals import ORIGINALS, OTHER, PNEUMONIA, UNCERTAIN
from core.commands.argument_types import add_files, add_flags, new_file
from core.commands.audit import films_table
from core.data.dataset import parse_labels, write_samples
from core.errors import DatasetError
from core.files import write_json
from core.jobs.reporters import ConsoleReporter
from core.outputs import check_files
from core.terminal import print_lines, printable


def add_parser(parser: argparse.ArgumentParser) -> None:
    """Add its arguments to a parser."""
    # So that lines of the list stay lines.
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "--list",
        action="version",
        version=_list(),
        help="say which data sets are known, and end",
    )
    parser.add_argument("dataset", choices=ORIGINALS)
    parser.add_argument("folder", type=Path, help="that it was unpacked to")
    parser.add_argument(
        "--out", type=new_file, required=True, metavar="FILE.csv", help="manifest"
    )
    parser.add_argument(
        "--labels",
        default=",".join(LABELS[:3]),
        help=f"of {', '.join(LABELS)}; all but {OTHER} if left out",
    )
    parser.add_argument(
        "--views", default="", help="PA,AP for example; else all but from the side"
    )
    parser.add_argument(
        "--uncertain",
        choices=(PNEUMONIA, OTHER),
        help="label of films of uncertain pneumonia (chexpert), else left out",
    )
    add_flags(parser, no_children="leave out films of children")
    add_files(parser, json="write the counts")
    add_flags(parser, overwrite="replace the files")


def run(arguments: argparse.Namespace) -> int:
    """List the films of a data set that are wanted, and copy none.

    Returns:
        0.
    """
    original = ORIGINALS[arguments.dataset]
    check_files(
        [arguments.out, arguments.json],
        overwrite=arguments.overwrite,
        inputs=[arguments.folder],
    )
    if arguments.uncertain and arguments.dataset != "chexpert":
        raise DatasetError(
            f"{original.title} marks no film as uncertain.",
            hint="Leave --uncertain out; it is for chexpert.",
        )
    wish = Wish(
        labels=parse_labels(arguments.labels),
        views=[view.strip().upper() for view in arguments.views.split(",") if view],
        children=not arguments.no_children,
        uncertain=arguments.uncertain or UNCERTAIN,
    )
    assembled = assemble(original, arguments.folder, wish, ConsoleReporter())
    counts = assembled.counts()
    write_samples(arguments.out, assembled.samples)
    if arguments.json is not None:
        write_json(arguments.json, {"dataset": arguments.dataset, **counts})
    print_lines("\n".join([*_table(counts), "", *_sentences(counts), original.remark]))
    return 0


def _list() -> str:
    """The data sets, what their folders hold, and what to know of each."""
    lines = []
    for name, original in ORIGINALS.items():
        lines.append(f"{name}: {original.title}")
        for text in (f"The folder holds {original.layout}.", original.remark):
            lines.append(textwrap.indent(textwrap.fill(text, 84), "    "))
    return "\n".join(lines)


def _table(counts: Mapping[str, Any]) -> list[str]:
    """Films per label, and per source and view of it."""
    labels = counts["labels"]
    rows = {"all": labels}
    for title, key in (("source", "sources"), ("view", "views")):
        rows |= {f"{title} {name}": films for name, films in counts[key].items()}
    rows["of children"] = counts["children"]
    return films_table(rows, labels)


def _sentences(counts: Mapping[str, Any]) -> list[str]:
    said = [f"Patients that are known: {counts['patients']:,}."]
    if counts["grouped"]:
        said.append(f"Films that share a group with another: {counts['grouped']:,}.")
    if counts["left_out"]:
        said.append(f"Left out: {printable(in_words(counts['left_out']))}.")
    return said
