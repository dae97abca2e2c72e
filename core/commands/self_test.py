"""`python -m core self-test`: check this installation."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from core.errors import CoreError
from core.films.radiograph import read_radiograph
from core.model.bundle import read_bundle
from core.model.classifier import Classifier, decide, evidence_of
from core.model.golden import self_test
from core.model.gradcam import heatmap_from_evidence
from core.model.wording import sentence
from core.paths import default_bundle_dir, sample_films
from core.terminal import print_lines


def add_parser(parser: argparse.ArgumentParser) -> None:
    """Add its arguments to a parser."""
    parser.add_argument("--model", type=Path, metavar="BUNDLE", help="else Hilum's own")


def run(arguments: argparse.Namespace) -> int:
    """Check that this installation reads films as the model's maker measured."""
    classifier = Classifier(read_bundle(arguments.model or default_bundle_dir()))
    model = classifier.bundle.card
    for said in self_test(classifier):
        print_lines(said)
    films = sample_films()
    if not films:
        raise CoreError(
            "The sample films are missing.", hint="Install the program again."
        )
    for path in films:
        film = read_radiograph(path)
        prediction = classifier.predict(film)
        verdict = decide(prediction, model, film)
        for label in model.label_names:
            evidence = evidence_of(prediction, model, label)
            heat = heatmap_from_evidence(evidence, (64, 64))
            if not np.isfinite(heat).all():
                raise CoreError(
                    f"The heat map of {label} for {path.name} is not a number.",
                    hint="Install the program again.",
                )
        print_lines(f"{path.name}: {sentence(verdict, model)}")
    print_lines("All is well.")
    return 0
