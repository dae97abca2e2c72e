"""`python -m core evaluate` without films: what the bundle's own report says."""

from __future__ import annotations

import argparse
import sys

from core.errors import DatasetError
from core.model.bundle import ModelBundle
from core.reports.html import write_report_html
from core.reports.report_json import read_report_json, write_figures
from core.reports.sentences import cautions
from core.reports.text import evaluation_text
from core.terminal import print_lines, printable


def repeat_report(arguments: argparse.Namespace, bundle: ModelBundle) -> int:
    """Print and write what the bundle's own report says, and nothing else.

    Returns:
        0.

    Raises:
        BundleError: It has no report that can be understood.
        DatasetError: Something is asked for that the report does not hold.
    """
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
    if arguments.json is not None:
        about = {"model": bundle.card.name, "model_sha256": bundle.sha256}
        write_figures(arguments.json, {**about, "split": split, **result})
    if arguments.report is not None:
        write_report_html(arguments.report, kept)
    print_lines(evaluation_text(result, bundle.card))
    for caution in cautions(kept):
        print(f"Warning: {printable(caution)}", file=sys.stderr)  # noqa: T201
    return 0


def _not_held(bundle: ModelBundle, what: str, split: str) -> DatasetError:
    return DatasetError(
        f"The report of {bundle.card.name} holds {what}.",
        hint=f"To measure more, name the films: --data DATA --split {split}.",
    )
