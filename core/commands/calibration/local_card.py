"""`python -m core local-card`: operating points on films of one's own."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.commands.argument_types import new_file, share
from core.commands.evaluate import score_split
from core.data.dataset import listed_films
from core.evaluation.local_points import SENSITIVITY, make_local_card
from core.files import write_json
from core.model.bundle import read_bundle
from core.model.classifier import Classifier
from core.model.local_card import local_card_path
from core.outputs import check_files
from core.paths import default_bundle_dir
from core.reports.local_card import local_card_text
from core.terminal import print_lines


def add_parser(parser: argparse.ArgumentParser) -> None:
    """Add its arguments to a parser."""
    parser.add_argument(
        "--bundle", type=Path, metavar="BUNDLE", help="else Hilum's own"
    )
    parser.add_argument(
        "--films",
        type=Path,
        required=True,
        metavar="CSV",
        help="50 to 100 films of your own, with the columns file and label (and "
        "patient); or a folder with a subfolder per label",
    )
    parser.add_argument(
        "--sensitivity",
        type=share,
        default=SENSITIVITY,
        metavar="SHARE",
        help="of the films of a disease that are to be found (0.9)",
    )
    parser.add_argument(
        "--out", type=new_file, metavar="FILE", help="else where verdicts look for it"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace the card")


def run(arguments: argparse.Namespace) -> int:
    """Find local operating points, and keep them beside the model.

    Returns:
        0, or 4 if some films could not be read.
    """
    folder = arguments.bundle or default_bundle_dir()
    bundle = read_bundle(folder)
    out = arguments.out or local_card_path(bundle)
    check_files(
        [out],
        overwrite=arguments.overwrite,
        inputs=[folder, arguments.films],
        films=lambda: listed_films(arguments.films),
    )
    _, scores, _ = score_split(Classifier(bundle), arguments.films, "all")
    card = make_local_card(scores, bundle, sensitivity=arguments.sensitivity)
    write_json(out, card)
    print_lines(local_card_text(card, bundle.card))
    print_lines(f"\nKept as {out}. The model itself was not changed.")
    return 4 if scores.unreadable else 0
