"""The commands that need no Keras: predict, evaluate, card, self-test."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from core.data.dataset import Sample, listed_films
from core.errors import (
    CoreError,
    ImageReadError,
    PredictionError,
)
from core.files import atomic_write
from core.films.radiograph import Radiograph, read_radiograph
from core.model.bundle import ModelBundle, card_to_json, read_bundle
from core.model.classifier import (
    PROBE_TOLERANCE,
    Classifier,
    Prediction,
    Verdict,
    decide,
    percent,
    sentence,
)
from core.model.gradcam import heatmap_from_evidence, overlay
from core.outputs import check_files, check_folder
from core.paths import default_bundle_dir, sample_films
from core.terminal import print_lines, printable

#: Weight of the heat map's colour in the pictures that `predict` writes.
_OPACITY = 0.6

_DISCLAIMER = "A research and teaching tool, not a medical device."


def predict(arguments: argparse.Namespace) -> int:
    """Read films and print what the model says of each.

    Returns:
        0, or 4 if some of several films could not be read, or 2 if none.
    """
    # The names are settled before anything is written.
    pictures = _picture_paths(arguments)
    bundle = read_bundle(arguments.model or default_bundle_dir())
    classifier = Classifier(bundle)
    failed = 0
    if not arguments.json:
        print_lines(_header(bundle))
    for path, picture in zip(arguments.paths, pictures, strict=True):
        try:
            film = read_radiograph(path)
            prediction = classifier.predict(film)
            verdict = decide(prediction, bundle.card, film)
        except (ImageReadError, PredictionError) as error:
            failed += 1
            _print_failure(path, error, arguments.json)
            continue
        if arguments.json:
            _print_json(verdict_to_json(path, verdict, bundle))
        else:
            print_lines(_row(path, verdict, bundle))
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
    from core.commands.kept_report import repeat_report
    from core.data.dataset import films_of_split
    from core.evaluation.evaluate import (
        check_pools,
        evaluate,
        parse_pools,
        score_films,
    )
    from core.jobs.reporters import Narrator, counter
    from core.reports.report_json import write_figures
    from core.reports.text import evaluation_text

    check_files(
        [arguments.json, arguments.report],
        overwrite=arguments.overwrite,
        inputs=[arguments.bundle, arguments.data],
        films=lambda: listed_films(arguments.data),
    )
    bundle = read_bundle(arguments.bundle)
    pools = parse_pools(arguments.pool)
    if arguments.data is None:
        return repeat_report(arguments, bundle)
    samples, left_out = films_of_split(
        arguments.data, bundle.card.label_names, arguments.split
    )
    check_pools(pools, samples, bundle.card.label_names)
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
        "split": arguments.split or samples[0].split or "all",
        "left_out": left_out,
        **evaluate(scores, bundle.card.temperature, pools=pools, details=True),
    }
    if arguments.json is not None:
        write_figures(arguments.json, result)
    if arguments.report is not None:
        _write_report(arguments.report, bundle, result, samples)
    print_lines(evaluation_text(result, bundle.card))
    return 4 if scores.unreadable else 0


def _write_report(
    path: Path, bundle: ModelBundle, result: dict[str, Any], samples: Sequence[Sample]
) -> None:
    from core.model.seen_films import path_free
    from core.reports.html import write_report_html
    from core.reports.report_json import report_json

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


def card(arguments: argparse.Namespace) -> int:
    """Print what a model is, for people; `card.json` holds it for programs.

    Returns:
        0.
    """
    from core.reports.text import card_text

    bundle = read_bundle(arguments.bundle or default_bundle_dir())
    if arguments.json:
        _print_json(card_to_json(bundle.card), indent=1)
    else:
        print_lines(card_text(bundle))
    return 0


def self_test(arguments: argparse.Namespace) -> int:
    """Check that this installation reads films as the model's maker measured.

    Returns:
        0.

    Raises:
        CoreError: Something is not as it should be.
    """
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


def _picture_paths(arguments: argparse.Namespace) -> list[Path | None]:
    """A file for each film's heat map; no two the same, none that is there.

    The folder is only added to: it may be that of the films.

    Raises:
        OutputError: One exists and may not be replaced, or is one of the films; or
            the folder is a link, or that of the model.
    """
    if arguments.heatmap is None:
        return [None] * len(arguments.paths)
    check_folder(arguments.heatmap, overwrite=True, is_own=lambda folder: True)
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
        chosen.append(picture)
    check_files(
        chosen,
        overwrite=arguments.overwrite,
        inputs=[arguments.model or default_bundle_dir()],
        films=lambda: arguments.paths,
    )
    return chosen


def _header(bundle: ModelBundle) -> str:
    names = [f"{printable(label.display_name):>12}" for label in bundle.card.labels]
    return f"{'film':<32}{''.join(names)}   verdict"


def _row(path: Path, verdict: Verdict, bundle: ModelBundle) -> str:
    shares = [f"{percent(p):>12}" for p in verdict.probabilities.values()]
    name = printable(path.name)
    name = name if len(name) <= 30 else f"{name[:14]}…{name[-15:]}"
    warnings = "".join(f"\n  {printable(warning)}" for warning in verdict.warnings)
    said = printable(sentence(verdict, bundle.card))
    return f"{name:<32}{''.join(shares)}   {said}{warnings}"


def _print_failure(path: Path, error: CoreError, as_json: bool) -> None:
    text = f"{error} {error.hint}".rstrip()
    if not as_json:
        print_lines(f"{printable(path.name):<32}not read: {printable(text)}")
        return
    empty = ("finding", "verdict", "probabilities", "warnings", "model", "model_sha256")
    _print_json({"path": str(path), **dict.fromkeys(empty), "error": text})


def _print_json(fields: dict[str, Any], indent: int | None = None) -> None:
    print(json.dumps(fields, indent=indent), flush=True)  # noqa: T201 - the result


def _note(text: str) -> None:
    print_lines(printable(text), sys.stderr)
