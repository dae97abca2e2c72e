"""`python -m core audit`: check a data set and say what was found."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from core.audit.audit import Audit, SplitWish, audit
from core.commands.argument_types import add_events, add_files, add_flags
from core.commands.work import DONE, SOME_FAILED, UNUSABLE, Outcome, do_work
from core.data.dataset import listed_films, parse_labels
from core.data.split import SPLITS, write_manifest
from core.files import write_json
from core.jobs.control import Control
from core.jobs.events import Noted
from core.jobs.reporters import Report, cancellable
from core.outputs import check_files
from core.terminal import columns, printable

_SIGNS = {"stop": "STOP", "warn": "Warning", "note": "Note"}


def add_parser(parser: argparse.ArgumentParser) -> None:
    """Add its arguments to a parser."""
    parser.add_argument("data", type=Path, help="folder per label, or a CSV file")
    add_files(parser, json="write all of it", manifest="write the split with hashes")
    parser.add_argument("--labels", default="", help="in output order, with commas")
    parser.add_argument(
        "--patient-pattern",
        default="",
        metavar="REGEX",
        help="its first group is the patient in a file name",
    )
    parser.add_argument("--validation", type=float, default=0.2, metavar="SHARE")
    parser.add_argument("--test", type=float, default=0.2, metavar="SHARE")
    parser.add_argument("--seed", type=int, default=2020)
    add_flags(
        parser,
        group="take what leaks to the training films",
        overwrite="replace the files",
    )
    add_events(parser)


def run(arguments: argparse.Namespace) -> int:
    """Check a data set.

    Returns:
        0 if nothing speaks against training, 4 if there are leaks or films that
        cannot be read.
    """

    def work(report: Report, control: Control) -> Outcome:
        found = _audit(arguments, cancellable(control, report))
        return Outcome(arguments.json or "", audit_text(found.found), _status(found))

    return do_work(arguments, work, stopped="The check was stopped.")


def audit_text(found: Mapping[str, Any]) -> str:
    """What was found, for people: the sentences, worst first, then a table."""
    lines = []
    for sentence in found["sentences"]:
        text = printable(sentence["text"])
        lines.append(f"{_SIGNS[sentence['severity']]}: {text}")
        if sentence["hint"]:
            lines.append(f"    {printable(sentence['hint'])}")
    return "\n".join([*lines, "", *_table(found)])


def _table(found: Mapping[str, Any]) -> list[str]:
    """Films per label, and per source and split of it."""
    rows = {"all": found["labels"]}
    if any(found["sources"]):
        for name, counts in found["sources"].items():
            rows[f"source {name or 'not stated'}"] = counts
    for name, counts in found["splits"].items():
        rows[f"given split {name or 'none'}"] = counts
    if found["split"] is not None:
        rows |= {f"use for {n}": found["split"]["summary"][n] for n in SPLITS}
    rows["independent"] = found["independent"]
    return films_table(rows, found["labels"])


def films_table(
    rows: Mapping[str, Mapping[str, int]], labels: Collection[str]
) -> list[str]:
    """Lines of a table: name -> label -> films."""
    cells = [
        [name, *(f"{counts.get(label, 0):,}" for label in labels)]
        for name, counts in rows.items()
    ]
    return columns([["films", *labels], *cells])


def _audit(arguments: argparse.Namespace, report: Report) -> Audit:
    check_files(
        [arguments.json, arguments.manifest],
        overwrite=arguments.overwrite,
        inputs=[arguments.data],
        films=lambda: listed_films(arguments.data),
    )
    found = audit(
        arguments.data,
        labels=parse_labels(arguments.labels),
        patient_pattern=arguments.patient_pattern,
        wish=SplitWish(
            arguments.validation, arguments.test, arguments.seed, arguments.group
        ),
        report=report,
    )
    if arguments.json is not None:
        write_json(arguments.json, found.found)
    manifest = arguments.manifest
    if manifest is not None and found.split is not None:
        write_manifest(manifest, found.split)
    elif manifest is not None:
        report(Noted(f"{manifest.name} is not written: no split may be used."))
    return found


def _status(found: Audit) -> int:
    if found.stops and not found.has_leaks:
        return UNUSABLE
    return SOME_FAILED if found.has_leaks or found.found["unreadable"] else DONE
