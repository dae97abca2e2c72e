"""`python -m core predict`: read films."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from core.commands.argument_types import add_flags, new_folder, share
from core.commands.films import reports as film_reports
from core.errors import BundleError, CoreError, ImageReadError, PredictionError
from core.files import atomic_write
from core.films.pictures import encode_picture
from core.films.radiograph import read_film_file, read_radiograph
from core.model.bundle import (
    PROVENANCE,
    ModelBundle,
    ModelCard,
    provenance,
    provenance_text,
    read_bundle,
)
from core.model.card import set_in_words
from core.model.classifier import Classifier, Verdict, decide, evidence_of
from core.model.conformal import COVERAGE
from core.model.layer_maps.layers import check_layer, layers_of, scale_note
from core.model.local_card import read_local_card, with_local_card
from core.model.lungs import HALF
from core.model.wording import normal_note, sentence
from core.outputs import check_files, check_folder
from core.paths import command_name, default_bundle_dir
from core.reports.film_files import write_reports
from core.reports.film_report import FilmReport
from core.reports.statement import DISCLAIMER
from core.terminal import print_lines, printable
from core.words import percent

#: In place of the file of a local card.
_AUTO = Path("auto")


def add_parser(parser: argparse.ArgumentParser) -> None:
    """Add its arguments to a parser."""
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    parser.add_argument("--model", type=Path, metavar="BUNDLE")
    parser.add_argument(
        "--heatmap", type=new_folder, metavar="DIR", help="write overlays"
    )
    parser.add_argument(
        "--label", metavar="L", help="heat maps of this label, not of the verdict's"
    )
    parser.add_argument(
        "--layer",
        metavar="NAME",
        help="heat maps of an earlier layer of the network, which are finer; a name "
        "that is none lists them",
    )
    add_flags(
        parser,
        json="one object per line",
        contour="lines in the heat maps, not colours",
        overwrite="replace heat maps and reports that exist",
    )
    film_reports.add_arguments(parser)
    parser.add_argument(
        "--coverage",
        type=share,
        metavar="SHARE",
        help="also the findings that cannot be left out, the true one among them for "
        "this share of films: 0.9",
    )
    parser.add_argument(
        "--local-card",
        type=Path,
        metavar="FILE",
        help="state findings from your own operating points on; auto: those that are "
        "kept for the model",
    )


def run(arguments: argparse.Namespace) -> int:
    """Read films and print what the model says of each.

    Returns:
        0, or 4 if some of several films could not be read, or 2 if none. A film
        that is refused was read.
    """
    # The names are settled before anything is written.
    pictures = _picture_paths(arguments)
    reports = film_reports.report_paths(arguments)
    bundle = read_bundle(arguments.model or default_bundle_dir())
    layer = _earlier_layer(arguments, bundle.card)
    classifier = Classifier(bundle)
    bundle, local = _localised(bundle, arguments.local_card)
    made_by = provenance_text(bundle.card, bundle.sha256)
    scale = scale_note(layer) if layer else ""
    failed, coverage = 0, arguments.coverage
    if coverage is not None and bundle.card.conformal is None:
        raise BundleError(
            f"The model {bundle.card.name} keeps no conformal scores, so it gives no "
            "sets of findings.",
            hint="Leave --coverage out, or add them to the model with `recalibrate`.",
        )
    if not arguments.json:
        print_lines(_header(bundle.card))
        if local:
            print_lines(local)
    for path, picture, files in zip(arguments.paths, pictures, reports, strict=True):
        try:
            film = read_radiograph(path)
            prediction = classifier.predict(film)
            verdict = decide(prediction, bundle.card, film)
        except (ImageReadError, PredictionError) as error:
            failed += 1
            _print_failure(path, error, arguments.json)
            continue
        if arguments.json:
            fields = _verdict_to_json(path, verdict, bundle, coverage)
            _print_json({**fields, **({"local_card": local} if local else {})})
        else:
            print_lines(_row(path, verdict, bundle, coverage))
        if picture is None and not files:
            continue
        label, evidence = "", None
        if verdict.refused is None:
            shares = verdict.probabilities
            likeliest = max(shares, key=shares.__getitem__)
            label = arguments.label or verdict.finding or likeliest
            evidence = evidence_of(prediction, bundle.card, label)
            if layer:
                place = bundle.card.label_names.index(label)
                evidence = classifier.evidence_at(film, layer)[:, :, place]
        try:
            report = FilmReport(
                film=film,
                content=read_film_file(path)[0] if files else b"",
                bundle=bundle,
                verdict=verdict,
                label=label,
                evidence=evidence,
                scale=scale,
                local=local,
                coverage=coverage or COVERAGE,
                contour=arguments.contour,
                with_patient=arguments.with_patient,
            )
            if picture is not None and evidence is not None:
                about = f"{made_by}. Evidence for {label}. {scale}".rstrip()
                with atomic_write(picture) as partial:
                    drawn = encode_picture(report.picture(), ".png", about)
                    partial.write_bytes(drawn)
            for left_out in write_reports(report, files):
                print_lines(f"{printable(path.name)}: {left_out}", sys.stderr)
        except ImageReadError as error:
            failed += 1
            print_lines(f"{printable(path.name)}: {error} {error.hint}", sys.stderr)
    if not arguments.json:
        meaning = printable(normal_note(bundle.card.names))
        notes = [meaning, scale, printable(made_by), DISCLAIMER]
        print_lines("\n".join(filter(None, notes)), sys.stderr)
    if not failed:
        return 0
    return 2 if failed == len(arguments.paths) else 4


def _earlier_layer(arguments: argparse.Namespace, card: ModelCard) -> str:
    """The layer that heat maps are asked of; empty for the last one.

    Raises:
        CoreError: There is no such layer or label, or no heat map is to be written.
    """
    label, layer = arguments.label, arguments.layer
    if (label or layer) and arguments.heatmap is None and arguments.report is None:
        raise CoreError(
            "--label and --layer choose a heat map, and none is to be written.",
            hint="Add --heatmap DIR or --report DIR.",
        )
    if label is not None and label not in card.label_names:
        raise CoreError(
            f"The model {card.name} has no label {label}.",
            hint=f"Choose one of: {', '.join(card.label_names)}.",
        )
    if layer is None:
        return ""
    check_layer(card, layer)
    return "" if layer == layers_of(card)[-1] else str(layer)


def _localised(bundle: ModelBundle, asked: Path | None) -> tuple[ModelBundle, str]:
    """The bundle with local operating points, and what says so; "" where not asked."""
    if asked is None:
        return bundle, ""
    card = read_local_card(bundle, None if asked == _AUTO else asked)
    if card is None:
        raise CoreError(
            f"There are no local operating points of {bundle.card.name} here.",
            hint=f"Find them with `{command_name()} local-card --films CSV`.",
        )
    return with_local_card(bundle, card), card.in_words()


def _verdict_to_json(
    path: Path, verdict: Verdict, bundle: ModelBundle, coverage: float | None
) -> dict[str, Any]:
    sets, heat = {}, verdict.heat_in_lungs
    if coverage is not None:
        found = bundle.card.set_at(verdict.probabilities, coverage)
        sets = {"set": found, "coverage": coverage}
    return {
        "path": str(path),
        "finding": verdict.finding,
        "verdict": sentence(verdict, bundle.card),
        "probabilities": {k: round(p, 6) for k, p in verdict.probabilities.items()}
        or None,
        **sets,
        "heat_in_lungs": heat and round(heat, 6),
        "warnings": list(verdict.warnings),
        "refused": verdict.refused is not None,
        "reason": verdict.refused,
        **provenance(bundle.card, bundle.sha256),
        "error": None,
    }


def _picture_paths(arguments: argparse.Namespace) -> list[Path | None]:
    """A file for each film's heat map; no two the same, none that is there.

    The folder is only added to: it may be that of the films.
    """
    if arguments.heatmap is None:
        return [None] * len(arguments.paths)
    check_folder(arguments.heatmap, overwrite=True, is_own=lambda folder: True)
    stems = film_reports.stems(arguments.paths, "-heatmap")
    chosen = [arguments.heatmap / f"{stem}.png" for stem in stems]
    check_files(
        chosen,
        overwrite=arguments.overwrite,
        inputs=[arguments.model or default_bundle_dir()],
        films=lambda: arguments.paths,
    )
    return chosen


def _header(card: ModelCard) -> str:
    names = map(printable, card.names.values())
    return f"{'film':<32}{_in_columns(names, card)}   verdict"


def _in_columns(cells: Iterable[str], card: ModelCard) -> str:
    """A cell for each label, below its name."""
    widths = (max(12, len(printable(name)) + 2) for name in card.names.values())
    return "".join(map(str.rjust, cells, widths))


def _row(
    path: Path, verdict: Verdict, bundle: ModelBundle, coverage: float | None
) -> str:
    card, shown = bundle.card, verdict.probabilities
    shares = [
        card.percent(name, shown[name]) if shown else "-" for name in card.label_names
    ]
    name = printable(path.name)
    name = name if len(name) <= 30 else f"{name[:14]}…{name[-15:]}"
    warnings = "".join(f"\n  {printable(warning)}" for warning in verdict.warnings)
    said = printable(sentence(verdict, card))
    if coverage is not None:
        found = card.set_at(verdict.probabilities, coverage)
        if found is not None:
            words = printable(set_in_words(found, card.names))
            said += f" At {percent(coverage)} coverage: {words}."
    if verdict.heat_in_lungs is not None:
        said += f" Heat in lungs: {percent(verdict.heat_in_lungs, HALF)}."
    return f"{name:<32}{_in_columns(shares, card)}   {said}{warnings}"


def _print_failure(path: Path, error: CoreError, as_json: bool) -> None:
    text = f"{error} {error.hint}".rstrip()
    if not as_json:
        print_lines(f"{printable(path.name):<32}not read: {printable(text)}")
        return
    empty = ("finding", "verdict", "probabilities", "heat_in_lungs", "warnings")
    told = dict.fromkeys((*empty, *PROVENANCE))
    fields = {**told, "refused": False, "reason": None}
    _print_json({"path": str(path), **fields, "error": text})


def _print_json(fields: dict[str, Any]) -> None:
    print(json.dumps(fields), flush=True)  # noqa: T201 - the result
