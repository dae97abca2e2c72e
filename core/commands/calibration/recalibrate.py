"""`python -m core recalibrate`: fit anew what a card states, and leave the network."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from core import __version__
from core.commands.calibration.new_bundle import OnDone, add_new_bundle, make_bundle
from core.data.dataset import Sample, index_dataset
from core.errors import DatasetError
from core.evaluation.calibrated import calibrated_card
from core.evaluation.evaluate import Scores, score_films, write_rows
from core.evaluation.lung_probes import probe_lungs
from core.evaluation.metrics import fit_temperature
from core.evaluation.pools import parse_pools
from core.files import write_json
from core.model.bundle import (
    EVALUATION,
    GOLDEN,
    REPORT,
    ModelBundle,
    ModelCard,
    write_bundle,
)
from core.model.classifier import Classifier, probabilities
from core.model.golden import write_golden_films
from core.model.lungs import lung_finder
from core.model.seen_films import film_sha256, read_film_list
from core.reports.report_json import report_json
from core.reports.text import points_text, sets_note
from core.terminal import printable

_MIN_FILMS = 10


def add_parser(parser: argparse.ArgumentParser) -> None:
    """Add its arguments to a parser."""
    add_new_bundle(parser, "the films it was chosen and tested on")


def run(arguments: argparse.Namespace) -> int:
    """Fit temperature, thresholds and conformal scores on the validation films.

    The figures are measured on the test films, where there are any. Which film is of
    which split the bundle's own list says, or else the data. Returns 0.

    Raises:
        DatasetError: There are too few validation films.
    """

    def make(bundle: ModelBundle, on_film: OnDone) -> str:
        return _recalibrate(bundle, arguments.data, arguments.out, on_film)

    return make_bundle(
        arguments,
        make,
        stage="evaluation",
        detail="Reading films of validation and test.",
        stopped="The fitting was stopped.",
    )


def _recalibrate(bundle: ModelBundle, data: Path, out: Path, on_film: OnDone) -> str:
    splits = _splits(bundle, data)
    classifier, finder = Classifier(bundle), lung_finder(bundle)
    first, second = len(splits["val"]), len(splits["test"])
    total = first + second * (2 if finder else 1)
    val = score_films(classifier, splits["val"], lambda n: on_film(n, total))
    test = None
    more: dict[str, Any] = {}
    if second:
        test = score_films(
            classifier, splits["test"], lambda n: on_film(first + n, total)
        )
        before = bundle.card.metrics.get("test", {})
        # Of other networks than this one.
        unseen = ("unseen_sources", "unseen_by")
        more = {name: before[name] for name in unseen if name in before}
        scored = first + second
        if finder and (
            lungs := probe_lungs(
                classifier, finder, test.samples, lambda n: on_film(scored + n, total)
            )
        ):
            more["lungs"] = lungs
    card = _with_temperature(bundle.card, val)
    pools = parse_pools(card.training.get("config", {}).get("pools", ()))
    card, on_test = calibrated_card(card, val, test, pools=pools, more=more)
    with tempfile.TemporaryDirectory(prefix="hilum-recalibrate-") as scratch:
        folder = Path(scratch)
        names = set(card.files) - {EVALUATION, REPORT}
        kept = {name: bundle.path / name for name in names}
        # Drafted first: what the golden films come to depends on the temperature.
        draft = write_bundle(folder / "draft", card, kept)
        made = {GOLDEN: folder / GOLDEN}
        write_golden_films(Classifier(draft), made[GOLDEN])
        if test is not None:
            made |= {name: folder / name for name in (EVALUATION, REPORT)}
            write_rows(made[EVALUATION], test, card.temperature)
            report = report_json(
                result=on_test,
                validation=card.metrics["val"],
                card=card,
                sha256=bundle.sha256,
            )
            write_json(made[REPORT], report)
        card = write_bundle(out, card, {**kept, **made}).card
    return f"{points_text(card)}\n\n{printable(sets_note(card))}"


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


def _with_temperature(card: ModelCard, val: Scores) -> ModelCard:
    """The card with its temperature, and its probe at that temperature."""
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
