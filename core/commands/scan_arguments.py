"""The arguments of `python -m core scan`."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.commands.argument_types import add_job, new_file, share
from core.model.conformal import COVERAGE


def add_parser(parser: argparse.ArgumentParser) -> None:
    """Add its arguments to a parser."""
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--out", type=new_file, required=True, metavar="FILE.csv")
    parser.add_argument("--model", type=Path, metavar="BUNDLE")
    parser.add_argument(
        "--precision",
        choices=["float32", "fast", "bfloat16", "int8"],
        default="float32",
        help="fast: what this computer does quickest, timed once",
    )
    parser.add_argument(
        "--coverage",
        type=share,
        default=COVERAGE,
        metavar="SHARE",
        help="of the films whose set holds the true finding (0.9)",
    )
    labels = parser.add_mutually_exclusive_group()
    labels.add_argument(
        "--labels-from-folders",
        action="store_true",
        help="measure too: folders are named as the model's labels",
    )
    labels.add_argument(
        "--labels", type=Path, metavar="FILE.csv", help="measure too: file,label"
    )
    parser.add_argument("--resume", action="store_true", help="go on where it stopped")
    parser.add_argument("--overwrite", action="store_true", help="replace the files")
    parser.add_argument(
        "--watch", action="store_true", help="then read films as they come"
    )
    parser.add_argument(
        "--hidden", action="store_true", help="read files that begin with a dot too"
    )
    parser.add_argument(
        "--ray",
        metavar="ADDRESS",
        help="read on a cluster: its host:port, auto, or local",
    )
    parser.add_argument("--jsonl", type=new_file, metavar="FILE", help="and JSON lines")
    parser.add_argument("--xlsx", type=new_file, metavar="FILE", help="and a workbook")
    parser.add_argument("--report", type=new_file, metavar="FILE", help="and HTML")
    parser.add_argument("--json", type=new_file, metavar="FILE", help="and its figures")
    parser.add_argument(
        "--events", action="store_true", help="report as JSON lines on stdout"
    )
    add_job(parser)
