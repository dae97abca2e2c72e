"""`python -m core recalibrate`: fit anew what a card states, and leave the network."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from core import __version__
from core.commands.argument_types import new_folder
from core.data.dataset import Sample, index_dataset, listed_films
from core.errors import DatasetError
from core.evaluation.calibrated import calibrated_card
from core.evaluation.evaluate import Scores, score_films, without_details, write_rows
from core.evaluation.lung_probes import probe_lungs
from core.evaluation.metrics import fit_temperature
from core.evaluation.pools import parse_pools
from core.files import write_json
from core.jobs.reporters import ConsoleReporter, counter
from core.model.bundle import (
    EVALUATION,
    GOLDEN,
    REPORT,
    ModelBundle,
    ModelCard,
    is_bundle,
    read_bundle,
    write_bundle,
)
from core.model.classifier import Classifier, probabilities
from core.model.golden import write_golden_films
from core.model.lungs import lung_finder
from core.model.seen_films import film_sha256, read_film_list
from core.outputs import check_folder, refuse_inputs
from core.reports.report_json import report_json
from core.reports.text import calibration_text
from core.terminal import print_lines

_MIN_FILMS = 10


def add_parser(parser: argparse.ArgumentParser) -> None:
    """Add its arguments to a parser."""
    parser.add_argument("bundle", type=Path, metavar="BUNDLE")
    parser.add_argument(
        "--data", type=Path, required=True, help="the films it was chosen and tested on"
    )
    parser.add_argument("--out", type=new_folder, required=True, metavar="BUNDLE2")
    parser.add_argument("--overwrite", action="store_true", help="replace BUNDLE2")


def run(arguments: argparse.Namespace) -> int:
    """Fit temperature, thresholds and conformal scores on the validation films.

    The figures are measured on the test films, where there are any. Which film is of
    which split the bundle's own list says, or else the data.

    Returns:
        0.

    Raises:
        DatasetError: There are too few validation films.
    """
    refuse_inputs(
        [arguments.out],
        [arguments.bundle, arguments.data],
        lambda: listed_films(arguments.data),
    )
    check_folder(arguments.out, overwrite=arguments.overwrite, is_own=is_bundle)
    bundle = read_bundle(arguments.bundle)
    splits = _splits(bundle, arguments.data)
    classifier = Classifier(bundle)
    val = _scored(classifier, splits["val"])
    test = _scored(classifier, splits["test"]) if splits["test"] else None
    card = _recalibrated(bundle, val)
    config = bundle.card.training.get("config", {})
    card, on_test = calibrated_card(
        card, val, test, pools=parse_pools(config.get("pools", ()))
    )
    if test is not None and (finder := lung_finder(bundle)):
        on_test |= {"lungs": probe_lungs(classifier, finder, test.samples)}
    before = bundle.card.metrics.get("test", {})
    if on_test and "unseen_sources" in before:  # of other networks than this one
        on_test |= {"unseen_sources": before["unseen_sources"]}
        metrics = {**card.metrics, "test": without_details(on_test)}
        card = msgspec.structs.replace(card, metrics=metrics)
    with tempfile.TemporaryDirectory(prefix="hilum-recalibrate-") as scratch:
        made = {GOLDEN: Path(scratch) / GOLDEN}
        kept = {name: bundle.path / name for name in card.files}
        kept = {
            name: at for name, at in kept.items() if name not in (EVALUATION, REPORT)
        }
        # Drafted first: what the golden films come to depends on the temperature.
        draft = write_bundle(Path(scratch) / "draft", card, kept)
        write_golden_films(Classifier(draft), made[GOLDEN])
        if test is not None:
            made |= {name: Path(scratch) / name for name in (EVALUATION, REPORT)}
            write_rows(made[EVALUATION], test, card.temperature)
            report = _report(bundle, card, on_test)
            write_json(made[REPORT], report)
        done = write_bundle(arguments.out, card, {**kept, **made})
    print_lines(calibration_text(done.card))
    return 0


def _splits(bundle: ModelBundle, data: Path) -> dict[str, list[Sample]]:
    """The validation and the test films."""
    samples = index_dataset(data, bundle.card.label_names, require_all=False).samples
    known = read_film_list(bundle)
    found: dict[str, list[Sample]] = {"val": [], "test": []}
    for sample in samples:
        split = sample.split
        if known is not None:
            split = known.get(sample.sha256 or film_sha256(sample.path), "")
        if split in found:
            found[split].append(sample)
    if len(found["val"]) < _MIN_FILMS:
        raise DatasetError(
            f"{data.name} has only {len(found['val'])} of the films that "
            f"{bundle.card.name} was chosen on.",
            hint=f"At least {_MIN_FILMS} are needed: those that its training called "
            "val.",
        )
    return found


def _scored(classifier: Classifier, samples: list[Sample]) -> Scores:
    on_film = counter("evaluation", len(samples), ConsoleReporter())
    return score_films(classifier, samples, on_film)


def _recalibrated(bundle: ModelBundle, val: Scores) -> ModelCard:
    """The card with its temperature, and its probe at that temperature."""
    card = bundle.card
    temperature = fit_temperature(val.truth, val.logits)
    # The probabilities of the probe are known, and so are its logits but for a sum.
    logits = np.log(np.maximum(card.probe, 1e-300)) * card.temperature
    probe = probabilities(logits.astype(np.float32), temperature)
    told = {"films": len(val.truth), "hilum": __version__}
    return msgspec.structs.replace(
        card,
        temperature=temperature,
        probe=tuple(probe.tolist()),
        training={**card.training, "recalibrated": told},
    )


def _report(
    bundle: ModelBundle, card: ModelCard, on_test: dict[str, Any]
) -> dict[str, Any]:
    return report_json(
        result=on_test, validation=card.metrics["val"], card=card, sha256=bundle.sha256
    )
