"""`python -m core self-test`: check this installation."""

from __future__ import annotations

import argparse

import numpy as np

from core.errors import CoreError
from core.films.radiograph import read_radiograph
from core.model.bundle import read_bundle
from core.model.classifier import PROBE_TOLERANCE, Classifier, decide, sentence
from core.model.gradcam import heatmap_from_evidence
from core.paths import default_bundle_dir, sample_films
from core.terminal import print_lines


def add_parser(parser: argparse.ArgumentParser) -> None:
    """It takes no arguments."""


def run(arguments: argparse.Namespace) -> int:
    """Check that this installation reads films as the model's maker measured."""
    bundle = read_bundle(default_bundle_dir())
    print_lines(f"Model {bundle.card.name}, {bundle.sha256[:12]}: files are whole.")
    classifier = Classifier(bundle)
    model = bundle.card
    print_lines(
        "Probe: same probabilities as when it was exported, within "
        f"{PROBE_TOLERANCE:.0e}."
    )
    films = sample_films()
    if not films:
        raise CoreError(
            "The sample films are missing.", hint="Install the program again."
        )
    for path in films:
        film = read_radiograph(path)
        prediction = classifier.predict(film)
        verdict = decide(prediction, model, film)
        for index, label in enumerate(model.label_names):
            heat = heatmap_from_evidence(prediction.evidence[:, :, index], (64, 64))
            if not np.isfinite(heat).all():
                raise CoreError(
                    f"The heat map of {label} for {path.name} is not a number.",
                    hint="Install the program again.",
                )
        print_lines(f"{path.name}: {sentence(verdict, model)}")
    print_lines("All is well.")
    return 0
