"""The commands that need no Keras: predict, evaluate, card, self-test."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from core.bundle import ModelBundle, card_to_json, read_bundle
from core.dataset import Sample
from core.errors import BundleError, CoreError, ImageReadError, OutputError
from core.explain import heatmap_from_evidence, overlay
from core.images import Radiograph, read_radiograph
from core.paths import atomic_write, default_bundle_dir, sample_films
from core.predict import (
    Classifier,
    Prediction,
    Verdict,
    decide,
    percent,
    probabilities,
    probe_input,
    sentence,
)

#: Weight of the heat map's colour in the pictures that `predict` writes.
_OPACITY = 0.6
#: Largest difference of a probability between this machine and the exporter's.
_PROBE_TOLERANCE = 5e-3

_DISCLAIMER = "A research and teaching tool, not a medical device."


def predict(arguments: argparse.Namespace) -> int:
    """Read films and print what the model says of each.

    Returns:
        0, or 4 if some of several films could not be read, or 2 if none.
    """
    bundle = read_bundle(arguments.model or default_bundle_dir())
    classifier = Classifier(bundle)
    # The names are settled before anything is written.
    pictures = _picture_paths(arguments)
    failed = 0
    if not arguments.json:
        _print(_header(bundle))
    for path, picture in zip(arguments.paths, pictures, strict=True):
        try:
            film = read_radiograph(path)
        except ImageReadError as error:
            failed += 1
            _print(_failed_row(path, error, arguments.json))
            continue
        prediction = classifier.predict(film)
        verdict = decide(prediction, bundle.card, film)
        if arguments.json:
            _print(json.dumps(verdict_to_json(path, verdict, bundle)))
        else:
            _print(_row(path, verdict, bundle))
        if picture is not None:
            write_heatmap(picture, film, prediction, verdict, bundle)
    if not arguments.json:
        print(_DISCLAIMER, file=sys.stderr)  # noqa: T201
    if not failed:
        return 0
    return 2 if failed == len(arguments.paths) else 4


def verdict_to_json(
    path: Path, verdict: Verdict, bundle: ModelBundle
) -> dict[str, Any]:
    """The verdict on one film as `predict --json` prints it."""
    return {
        "path": str(path),
        "finding": verdict.finding,
        "verdict": sentence(verdict, bundle.card),
        "probabilities": {k: round(p, 6) for k, p in verdict.probabilities.items()},
        "warnings": list(verdict.warnings),
        "model": bundle.card.name,
        "model_sha256": bundle.sha256,
        "error": None,
    }


def write_heatmap(
    picture: Path,
    film: Radiograph,
    prediction: Prediction,
    verdict: Verdict,
    bundle: ModelBundle,
) -> None:
    """Write the film with the heat map of the finding, or of the likeliest label.

    Raises:
        OutputError: It cannot be written.
    """
    import cv2

    shown = verdict.finding or max(
        verdict.probabilities, key=verdict.probabilities.__getitem__
    )
    index = bundle.card.label_names.index(shown)
    grey = film.to_uint8()
    heat = heatmap_from_evidence(prediction.evidence[:, :, index], grey.shape)
    colour = overlay(grey, heat, _OPACITY)
    # Encoded in memory: OpenCV cannot write to every path there is.
    encoded = cv2.imencode(".png", np.ascontiguousarray(colour[:, :, ::-1]))[1]
    with atomic_write(picture) as partial:
        partial.write_bytes(encoded.tobytes())


def evaluate_bundle(arguments: argparse.Namespace) -> int:
    """Measure a bundle on labelled films and print a table.

    Without films, what the bundle's own report says is printed and written.

    Returns:
        0, or 4 if some films could not be read.
    """
    # Imported here: scikit-learn takes a second that `predict` has no use for.
    from core.dataset import films_of_split
    from core.evaluate import evaluate, parse_pools, score_films
    from core.report import evaluation_text
    from core.reporting import Narrator, counter

    bundle = read_bundle(arguments.bundle)
    pools = parse_pools(arguments.pool)
    for target in (arguments.json, arguments.report):
        if target is not None and target.exists() and not arguments.overwrite:
            raise OutputError(
                f"{target.name} exists already.",
                hint="Choose another name, or replace it with --overwrite.",
            )
    if arguments.data is None:
        return _repeat_report(arguments, bundle)
    samples, left_out = films_of_split(
        arguments.data, bundle.card.label_names, arguments.split
    )
    for reason, count in left_out.items():
        _note(f"Left out: {count} films, {reason}.")
    on_film = counter("evaluation", len(samples), Narrator())
    scores = score_films(Classifier(bundle), samples, on_film)
    for file, reason in scores.unreadable.items():
        _note(f"Left out {file}: {reason}")
    result = {
        "model": bundle.card.name,
        "model_sha256": bundle.sha256,
        "data": arguments.data.name,
        "split": arguments.split,
        "left_out": left_out,
        **evaluate(scores, bundle.card.temperature, pools=pools, details=True),
    }
    _write_figures(arguments.json, result)
    if arguments.report is not None:
        _write_report(arguments.report, bundle, result, samples)
    _print(evaluation_text(result, bundle.card))
    return 4 if scores.unreadable else 0


def _repeat_report(arguments: argparse.Namespace, bundle: ModelBundle) -> int:
    """Print and write what the bundle's own report says."""
    from core.report import evaluation_text
    from core.report_file import read_report_json
    from core.report_html import write_report_html
    from core.summary import cautions

    kept = read_report_json(bundle)
    about = {"model": bundle.card.name, "model_sha256": bundle.sha256}
    _write_figures(arguments.json, {**about, **kept["result"]})
    if arguments.report is not None:
        write_report_html(arguments.report, kept)
    _print(evaluation_text(kept["result"], bundle.card))
    for caution in cautions(kept):
        _note(f"Warning: {caution}")
    return 0


def _write_report(
    path: Path, bundle: ModelBundle, result: dict[str, Any], samples: Sequence[Sample]
) -> None:
    from core.film_list import path_free
    from core.report_file import report_json
    from core.report_html import write_report_html

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
        f"Left out of these figures: {count} films, {reason}."
        for reason, count in left_out.items()
        if not reason.startswith(("split ", "labelled "))
    ]


def _write_figures(path: Path | None, result: dict[str, Any]) -> None:
    if path is not None:
        with atomic_write(path) as partial:
            partial.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def card(arguments: argparse.Namespace) -> int:
    """Print what a model is, for people; `card.json` holds it for programs.

    Returns:
        0.
    """
    from core.report import card_text

    bundle = read_bundle(arguments.bundle or default_bundle_dir())
    if arguments.json:
        _print(json.dumps(card_to_json(bundle.card), indent=1))
    else:
        _print(card_text(bundle))
    return 0


def self_test(arguments: argparse.Namespace) -> int:
    """Check that this installation reads films as the model's maker measured.

    Returns:
        0.

    Raises:
        CoreError: Something is not as it should be.
    """
    bundle = read_bundle(default_bundle_dir())
    _print(f"Model {bundle.card.name}, {bundle.sha256[:12]}: files are whole.")
    classifier = Classifier(bundle)
    model = bundle.card
    logits = classifier.predict_batch(probe_input(model.preprocess))[0].logits
    gap = np.abs(probabilities(logits, model.temperature) - np.array(model.probe)).max()
    if not gap < _PROBE_TOLERANCE:
        raise BundleError(
            f"This machine computes the model differently, by {gap:.1e} of a "
            "probability.",
            hint="Install the program again; if it stays so, do not use its verdicts.",
        )
    _print(f"Probe: same probabilities as when it was exported, within {gap:.0e}.")
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
        _print(f"{path.name}: {sentence(verdict, model)}")
    _print("All is well.")
    return 0


def _picture_paths(arguments: argparse.Namespace) -> list[Path | None]:
    """A file for each film's heat map; no two the same, none that is there.

    Raises:
        OutputError: One exists and may not be replaced.
    """
    if arguments.heatmap is None:
        return [None] * len(arguments.paths)
    chosen: list[Path | None] = []
    taken: set[str] = set()
    for path in arguments.paths:
        # Long names would not leave room for the ending.
        stem = name = f"{path.stem[:80] or 'film'}-heatmap"
        number = 1
        while name in taken:
            number += 1
            name = f"{stem}-{number}"
        taken.add(name)
        picture = arguments.heatmap / f"{name}.png"
        if picture.exists() and not arguments.overwrite:
            raise OutputError(
                f"{picture.name} exists already in {arguments.heatmap}.",
                hint="Choose another folder, or replace it with --overwrite.",
            )
        chosen.append(picture)
    return chosen


def _header(bundle: ModelBundle) -> str:
    names = [f"{label.display_name:>12}" for label in bundle.card.labels]
    return f"{'film':<32}{''.join(names)}   verdict"


def _row(path: Path, verdict: Verdict, bundle: ModelBundle) -> str:
    shares = [f"{percent(p):>12}" for p in verdict.probabilities.values()]
    name = path.name if len(path.name) <= 30 else f"{path.name[:14]}…{path.name[-15:]}"
    warnings = "".join(f"\n  {warning}" for warning in verdict.warnings)
    said = sentence(verdict, bundle.card)
    return f"{name:<32}{''.join(shares)}   {said}{warnings}"


def _failed_row(path: Path, error: ImageReadError, as_json: bool) -> str:
    text = f"{error} {error.hint}".rstrip()
    if not as_json:
        return f"{path.name:<32}not read: {text}"
    empty = ("finding", "verdict", "probabilities", "warnings", "model", "model_sha256")
    return json.dumps({"path": str(path), **dict.fromkeys(empty), "error": text})


def _print(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - results go to stdout


def _note(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201 - for people
