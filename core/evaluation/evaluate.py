"""What a model is worth on labelled films."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.data.dataset import Sample
from core.data.patients import with_patient
from core.errors import DatasetError, ImageReadError
from core.evaluation.curves import label_curves, reliability_bins
from core.evaluation.intervals import Resamples, groups_of
from core.evaluation.metrics import (
    auc_with_interval,
    calibration_error_with_interval,
    classification_metrics,
    coverage_of_sets,
    rates_at,
)
from core.evaluation.pools import Pool
from core.files import write_csv
from core.films.preprocess import to_network_input
from core.films.radiograph import read_radiograph
from core.films.read_ahead import read_ahead
from core.model.card import SensitivityPoint
from core.model.classifier import NOT_FINITE, Classifier, probabilities
from core.model.conformal import COVERAGE, Conformal
from core.model.seen_films import film_sha256, path_free

BATCH = 8
#: Rates on fewer films of a label are noise, not evidence.
_MIN_FILMS = 5
#: Keys of a long evaluation that a short one lacks.
DETAILS = ("curves", "reliability", "mistakes", "lungs")
MOST_MISTAKES = 24


@dataclasses.dataclass(frozen=True, eq=False)
class Scores:
    """What the exported graph gave for labelled films.

    Attributes:
        samples: The films that could be read.
        truth: (n,) int, index into `labels`.
        logits: (n, c) float32.
        unreadable: File -> reason, that the model gave no numbers included.
    """

    samples: tuple[Sample, ...]
    labels: tuple[str, ...]
    truth: NDArray[np.intp]
    logits: NDArray[np.float32]
    unreadable: Mapping[str, str]


def score_films(
    classifier: Classifier,
    samples: Sequence[Sample],
    on_film: Callable[[int], None] = lambda done: None,
) -> Scores:
    """Run every film through the exported graph.

    Args:
        on_film: Called with the number of films done; may raise to stop.

    Raises:
        DatasetError: No film could be read.
    """
    card = classifier.bundle.card
    spec = card.preprocess
    kept: list[Sample] = []
    logits: list[NDArray[np.float32]] = []
    unreadable: dict[str, str] = {}

    def load(sample: Sample) -> tuple[Sample, NDArray[np.float32]] | str:
        try:
            film = read_radiograph(sample.path)
        except ImageReadError as error:
            return str(error)
        known, _ = with_patient(sample, film.facts.patient, None)
        return known, to_network_input(film, spec)

    loaded = read_ahead(load, samples, threads=2, ahead=BATCH)
    for start in range(0, len(samples), BATCH):
        read, films = [], []
        for sample, film in itertools.islice(loaded, BATCH):
            if isinstance(film, str):
                unreadable[sample.file] = film
            else:
                read.append(film[0])
                films.append(film[1])
        done = classifier.predict_batch(np.concatenate(films)) if films else []
        for sample, prediction in zip(read, done, strict=True):
            if prediction.is_finite:
                kept.append(sample)
                logits.append(prediction.logits)
            else:
                unreadable[sample.file] = NOT_FINITE
        on_film(min(start + BATCH, len(samples)))
    if not kept:
        raise DatasetError(
            "None of the films can be read.",
            hint="Check that the paths lead to films: "
            + next(iter(unreadable.values()), "there are none"),
        )
    names = card.label_names
    truth = np.array([names.index(sample.label) for sample in kept], np.intp)
    return Scores(tuple(kept), names, truth, np.stack(logits), unreadable)


def evaluate(
    scores: Scores,
    temperature: float,
    *,
    pools: Sequence[Pool] = (),
    seed: int = 0,
    details: bool = False,
    conformal: Conformal | None = None,
    coverage: float = COVERAGE,
    points: Sequence[SensitivityPoint] = (),
) -> dict[str, Any]:
    """Measure a model on films it was not made with.

    Where every source holds some labels only, a model can tell labels apart
    by their source. So the figures come over all films, by source, and, for
    each two labels of one place, as the AUC between just these two within it,
    which no trace of source can help.

    Args:
        pools: The places. Without any, each source is taken for one, which
            is only right where a source is a hospital, not a collection.
        seed: Of the bootstrap.
        details: Whether to add what only a report needs.
        conformal: Of the model, made with other films; whether `coverage`, which it
            promises, is kept is measured.
        points: Of the model, measured likewise.

    Returns:
        JSON values: those of `core.evaluation.metrics.classification_metrics`, `ece`
        and `ece_uncalibrated` with intervals, `by_source`, `within_source`,
        `unreadable`; with `conformal` also `sets`, as
        `core.evaluation.metrics.coverage_of_sets`, and with `points`
        `sensitivity_points`: {`label`, `target`, `threshold` and
        `core.evaluation.metrics.rates_at`}. Of each source there are the first of
        these, `ece` and `sets`. With `details` also

        `curves`: as `core.evaluation.curves.label_curves`;
        `reliability`: {`before`: [...], `after`: [...]}, bins without and with
        the temperature as `core.evaluation.curves.reliability_bins`, and of each
        source `reliability`: [...], with it;
        `mistakes`: the wrongly called films of which the model was surest, at
        most `MOST_MISTAKES`, surest first: {`file`, `label`, `called`,
        `probability` of what it was called, `source`, `sha256` of the file or
        ""}.
    """
    calibrated = probabilities(scores.logits, temperature)
    groups = groups_of(scores.samples)
    resamples = Resamples.by_group(groups, seed=seed)
    raw = probabilities(scores.logits, 1.0)
    truth = scores.truth

    def measured(rows: NDArray[np.intp], resamples: Resamples) -> dict[str, Any]:
        of = truth[rows], calibrated[rows]
        figures = classification_metrics(*of, scores.labels, resamples)
        figures |= calibration_error_with_interval("ece", *of, resamples)
        if conformal is not None:
            figures["sets"] = coverage_of_sets(
                *of, scores.labels, resamples, conformal=conformal, target=coverage
            )
        return figures

    result = {
        **measured(np.arange(len(truth)), resamples),
        **calibration_error_with_interval("ece_uncalibrated", truth, raw, resamples),
        "by_source": {},
        "within_source": _within_source(scores, groups, pools, seed),
        "unreadable": len(scores.unreadable),
    }
    sources = np.array([sample.source for sample in scores.samples])
    for source in sorted(set(sources) - {""}):
        rows = np.flatnonzero(sources == source)
        drawn = Resamples.by_group([groups[row] for row in rows], seed=seed)
        result["by_source"][str(source)] = part = measured(rows, drawn)
        if details:
            part["reliability"] = reliability_bins(truth[rows], calibrated[rows])
    if points:
        result["sensitivity_points"] = [
            {
                "label": point.label,
                "target": point.target,
                "threshold": point.threshold,
                **rates_at(point.threshold, truth == i, calibrated[:, i], resamples),
            }
            for point in points
            for i in [scores.labels.index(point.label)]
        ]
    if details:
        result["curves"] = label_curves(truth, calibrated, scores.labels, resamples)
        result["reliability"] = {
            "before": reliability_bins(truth, raw),
            "after": reliability_bins(truth, calibrated),
        }
        result["mistakes"] = _mistakes(scores, calibrated)
    return result


def without_details(result: Mapping[str, Any]) -> dict[str, Any]:
    """The short form of an evaluation, for cards."""
    short = {key: value for key, value in result.items() if key not in DETAILS}
    sources = short["by_source"].items()
    return short | {
        "by_source": {
            name: {key: value for key, value in part.items() if key not in DETAILS}
            for name, part in sources
        }
    }


def write_rows(path: Path, scores: Scores, temperature: float) -> None:
    """Write a row per film behind the figures."""
    columns = (f"p_{name}" for name in scores.labels)
    rows = [["file", "label", "source", "called", *columns]]
    shares = probabilities(scores.logits, temperature)
    for sample, row in zip(scores.samples, shares, strict=True):
        called = scores.labels[int(row.argmax())]
        film = (path_free(sample.file), sample.label, sample.source, called)
        rows.append([*film, *(f"{value:.6f}" for value in row)])
    write_csv(path, rows)


def _within_source(
    scores: Scores, groups: list[str], pools: Sequence[Pool], seed: int
) -> list[dict[str, Any]]:
    sources = np.array([sample.source for sample in scores.samples])
    alone = [Pool(str(name), (str(name),)) for name in sorted(set(sources) - {""})]
    results = []
    for pool in pools or alone:
        here = np.isin(sources, pool.sources)
        known = pool.labels or scores.labels
        labels = [i for i, label in enumerate(scores.labels) if label in known]
        for a, b in itertools.combinations(labels, 2):
            rows = np.flatnonzero(here & np.isin(scores.truth, [a, b]))
            positive = scores.truth[rows] == b
            n = [int((~positive).sum()), int(positive.sum())]
            if min(n) < _MIN_FILMS:
                continue
            margin = (scores.logits[rows, b] - scores.logits[rows, a]).astype(float)
            resamples = Resamples.by_group([groups[row] for row in rows], seed=seed)
            entry = {
                "within": pool.name,
                "sources": list(pool.sources),
                "labels": [scores.labels[a], scores.labels[b]],
                "n": n,
                **auc_with_interval("auc", positive, margin, resamples),
            }
            results.append(entry)
    return results


def _mistakes(scores: Scores, calibrated: NDArray[np.float64]) -> list[dict[str, Any]]:
    called, surest = calibrated.argmax(axis=1), calibrated.max(axis=1)
    wrong = np.flatnonzero(called != scores.truth)
    worst = wrong[np.argsort(-surest[wrong], kind="stable")][:MOST_MISTAKES]
    return [
        {
            "file": path_free(scores.samples[row].file),
            "label": scores.samples[row].label,
            "called": scores.labels[called[row]],
            "probability": round(float(surest[row]), 4),
            "source": scores.samples[row].source,
            "sha256": film_sha256(scores.samples[row].path),
        }
        for row in worst
    ]
