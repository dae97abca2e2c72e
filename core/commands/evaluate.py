"""`python -m core evaluate`: measure a model, or say what its own report says."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.commands.argument_types import add_coverage, add_files, add_flags
from core.data.dataset import Sample, films_of_split, listed_films
from core.errors import DatasetError
from core.evaluation.evaluate import Scores, evaluate, score_films
from core.evaluation.lung_probes import probe_lungs
from core.evaluation.pools import Pool, check_pools, parse_pools
from core.files import write_json
from core.jobs.reporters import ConsoleReporter, counter
from core.model.bundle import ModelBundle, provenance, read_bundle
from core.model.classifier import Classifier
from core.model.conformal import COVERAGE
from core.model.lungs import lung_finder
from core.model.seen_films import path_free
from core.outputs import check_files
from core.reports.html import write_report_html
from core.reports.report_json import read_report_json, report_json
from core.reports.sentences import cautions
from core.reports.text import evaluation_text
from core.terminal import print_lines, printable
from core.words import exact_percent


def add_parser(parser: argparse.ArgumentParser) -> None:
    """Add its arguments to a parser."""
    parser.add_argument("bundle", type=Path, metavar="BUNDLE")
    parser.add_argument(
        "--data", type=Path, help="else the report that the bundle holds is written"
    )
    parser.add_argument("--split", help="else test, or all where none is named")
    add_files(parser, json="write the figures", report="as HTML")
    parser.add_argument(
        "--pool",
        action="append",
        default=[],
        metavar="NAME=SOURCE+SOURCE[:LABEL+LABEL]",
        help="sources whose films, of all or some labels, come from one place",
    )
    add_coverage(parser, default=None)
    add_flags(parser, overwrite="replace the files")


def run(arguments: argparse.Namespace) -> int:
    """Measure a bundle on labelled films and print a table.

    Without films, what the bundle's own report says is printed and written.

    Returns:
        0, or 4 if some films could not be read.
    """
    check_files(
        [arguments.json, arguments.report],
        overwrite=arguments.overwrite,
        inputs=[arguments.bundle, arguments.data],
        films=lambda: listed_films(arguments.data),
    )
    bundle = read_bundle(arguments.bundle)
    pools = parse_pools(arguments.pool)
    if arguments.data is None:
        return _repeat_report(arguments, bundle)
    classifier = Classifier(bundle)
    samples, scores, left_out = score_split(
        classifier, arguments.data, arguments.split, pools
    )
    lungs = {}
    if finder := lung_finder(bundle):
        on_film = counter("lungs", len(scores.samples), ConsoleReporter())
        lungs = probe_lungs(classifier, finder, scores.samples, on_film)
    result = {
        **provenance(bundle.card, bundle.sha256),
        "data": arguments.data.name,
        "split": arguments.split or samples[0].split or "all",
        "left_out": left_out,
        **evaluate(
            scores,
            bundle.card.temperature,
            pools=pools,
            details=True,
            conformal=bundle.card.conformal,
            coverage=arguments.coverage or COVERAGE,
            points=bundle.card.sensitivity_points,
        ),
        **({"lungs": lungs} if lungs else {}),
    }
    if arguments.json is not None:
        write_json(arguments.json, result)
    if arguments.report is not None:
        _write_report(arguments.report, bundle, result, samples)
    print_lines(evaluation_text(result, bundle.card))
    return 4 if scores.unreadable else 0


def _write_report(
    path: Path, bundle: ModelBundle, result: dict[str, Any], samples: Sequence[Sample]
) -> None:
    report = report_json(
        result=result,
        validation=bundle.card.metrics.get("val", {}),
        card=bundle.card,
        sha256=bundle.sha256,
        notes=_gaps(result["left_out"]),
        split=result["split"],
        data=result["data"],
    )
    films = {path_free(sample.file): sample.path for sample in samples}
    write_report_html(path, report, films)


def _gaps(left_out: dict[str, int]) -> list[str]:
    """Films that were to be measured on and were not; other splits were not."""
    return [
        f"Left out of these figures ({reason}): {count:,}."
        for reason, count in left_out.items()
        if not reason.startswith(("split ", "labelled "))
    ]


def _repeat_report(arguments: argparse.Namespace, bundle: ModelBundle) -> int:
    """Print and write what the bundle's own report says, and nothing else."""
    kept = read_report_json(bundle)
    own = kept["split"]
    split = arguments.split or own
    # Of the films that the epochs were chosen on, it holds the figures alone.
    held = {"val": kept["validation"]} if kept["validation"] else {}
    held[own] = kept["result"]
    if split not in held:
        raise _not_held(bundle, f"the splits {', '.join(held)} alone", split)
    if arguments.report is not None and split != own:
        raise _not_held(bundle, f"a page of the split {own} alone", split)
    if arguments.pool:
        raise _not_held(bundle, "its own pools alone", split)
    result = held[split]
    kept_at = result.get("sets", {}).get("target")
    if arguments.coverage is not None and arguments.coverage != kept_at:
        what = f"sets of {exact_percent(kept_at)} alone" if kept_at else "no sets"
        raise _not_held(bundle, what, split)
    if arguments.json is not None:
        about = provenance(bundle.card, bundle.sha256)
        write_json(arguments.json, {**about, "split": split, **result})
    if arguments.report is not None:
        write_report_html(arguments.report, kept)
    print_lines(evaluation_text(result, bundle.card))
    for caution in cautions(kept):
        _note(f"Warning: {caution}")
    return 0


def _not_held(bundle: ModelBundle, what: str, split: str) -> DatasetError:
    return DatasetError(
        f"The report of {bundle.card.name} holds {what}.",
        hint=f"To measure more, name the films: --data DATA --split {split}.",
    )


def score_split(
    classifier: Classifier, data: Path, split: str | None, pools: Sequence[Pool] = ()
) -> tuple[Sequence[Sample], Scores, dict[str, int]]:
    """Score the films of a split; None for test, or all where none is named.

    Args:
        pools: Places that the films must be able to tell of.

    Returns:
        The films of the split, the scores of those that could be read, and the films
        of the data that are not of the split or the model: reason -> how many.

    Raises:
        DatasetError: There are no such films, or none can be read.
    """
    labels = classifier.bundle.card.label_names
    samples, left_out = films_of_split(data, labels, split)
    check_pools(pools, samples, labels)
    for reason, count in left_out.items():
        _note(f"Left out ({reason}): {count:,}.")
    on_film = counter("evaluation", len(samples), ConsoleReporter())
    scores = score_films(classifier, samples, on_film)
    for file, reason in scores.unreadable.items():
        _note(f"Left out {file}: {reason}")
    return samples, scores, left_out


def _note(text: str) -> None:
    print_lines(printable(text), sys.stderr)
