"""`python -m core compare`."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import Any

from core.commands.argument_types import add_events, new_file
from core.commands.work import DONE, SOME_FAILED, Outcome, do_work
from core.data.dataset import films_of_split, listed_films
from core.errors import DatasetError, OutputError, PredictionError
from core.evaluation.compare import compare, not_comparable, pair_labels
from core.evaluation.compare_text import comparison_text
from core.evaluation.evaluate import score_films
from core.files import write_json
from core.jobs.control import Control
from core.jobs.events import Noted, StageStarted
from core.jobs.reporters import Report, cancellable, counter, share_counter
from core.model.bundle import ModelBundle, read_bundle
from core.model.classifier import NOT_FINITE, Classifier
from core.outputs import check_files
from core.paths import default_bundle_dir
from core.words import films as in_films

_STAGE = "comparison"


def add_parser(parser: argparse.ArgumentParser) -> None:
    """Add its arguments to a parser."""
    parser.add_argument("candidate", type=Path, metavar="CANDIDATE")
    parser.add_argument("in_use", nargs="?", type=Path, metavar="IN_USE")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--split", help="else test, or all where none is named")
    parser.add_argument(
        "--allow-drop",
        type=float,
        default=0.05,
        metavar="SHARE",
        help="most by which the recall of a class may fall",
    )
    parser.add_argument("--json", type=new_file, metavar="FILE")
    add_events(parser)
    parser.add_argument("--overwrite", action="store_true", help="replace FILE")


def run(arguments: argparse.Namespace) -> int:
    """Compare a candidate with the model in use; returns 4 if some film is unread."""

    def work(report: Report, control: Control) -> Outcome:
        if arguments.events and arguments.json is None:
            raise OutputError(
                "With --events the comparison needs a file to go to.",
                hint="Name it with --json.",
            )
        result, candidate = _compare(arguments, cancellable(control, report))
        has_failures = "cannot be read" in result["left_out"]
        said = comparison_text(result, candidate.card)
        return Outcome(arguments.json, said, SOME_FAILED if has_failures else DONE)

    return do_work(arguments, work, stopped="The comparison was stopped.")


def _compare(
    arguments: argparse.Namespace, report: Report
) -> tuple[dict[str, Any], ModelBundle]:
    """Compare, and write the JSON if a file for it was named."""
    target: Path | None = arguments.json
    check_files(
        [target],
        overwrite=arguments.overwrite,
        inputs=[arguments.candidate, arguments.in_use, arguments.data],
        films=lambda: listed_films(arguments.data),
    )
    if not 0 <= arguments.allow_drop <= 1:
        raise DatasetError(
            "The drop to allow must be a share from 0 to 1.",
            hint="0.05 allows five films of a hundred.",
        )
    report(StageStarted("start", "Opening the models."))
    candidate = read_bundle(arguments.candidate)
    in_use = read_bundle(arguments.in_use or default_bundle_dir())
    result = {"data": arguments.data.name, "split": arguments.split or ""}
    result |= _measured(arguments, (candidate, in_use), report)
    if target is not None:
        write_json(target, result)
    return result, candidate


def _measured(
    arguments: argparse.Namespace,
    bundles: tuple[ModelBundle, ModelBundle],
    report: Report,
) -> dict[str, Any]:
    candidate, in_use = bundles
    pairing = pair_labels(candidate.card, in_use.card)
    if pairing.missing:
        refused = not_comparable(candidate, in_use, pairing, arguments.allow_drop)
        return {**refused, "left_out": {}}
    samples, left_out = films_of_split(
        arguments.data, candidate.card.label_names, arguments.split
    )
    for reason, count in left_out.items():
        report(Noted(f"Left out ({reason}): {count:,}."))
    what = f"Reading {in_films(len(samples))} with both models."
    report(StageStarted(_STAGE, what))
    # Each model has its own name for a label.
    known = (in_use.card.label_names[column] for column in pairing.columns)
    theirs = dict(zip(candidate.card.label_names, known, strict=True))
    renamed = [dataclasses.replace(s, label=theirs[s.label]) for s in samples]
    count = counter(_STAGE, 2 * len(samples), report)
    first = score_films(Classifier(candidate), samples, count)
    second = score_films(
        Classifier(in_use), renamed, lambda done: count(len(samples) + done)
    )
    for bundle, scores in ((candidate, first), (in_use, second)):
        if broken := list(scores.unreadable.values()).count(NOT_FINITE):
            raise PredictionError(
                f"{bundle.card.name} gives values that are not numbers for "
                f"{in_films(broken)}, so it is not compared.",
                hint="Use the other model; this one may be damaged.",
            )
    for file, reason in first.unreadable.items():
        report(Noted(f"Left out {file}: {reason}"))
    if first.unreadable:
        left_out["cannot be read"] = len(first.unreadable)
    report(StageStarted("evaluation", "Counting how sure the difference is."))
    result = compare(
        candidate,
        in_use,
        (first, second),
        allowed_drop=arguments.allow_drop,
        on_progress=share_counter("evaluation", len(first.samples), report),
    )
    split = arguments.split or samples[0].split or "all"
    return {**result, "split": split, "left_out": left_out}
