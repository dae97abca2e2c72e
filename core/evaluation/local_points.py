"""Operating points on films of one's own, and whether scores have drifted there."""

from __future__ import annotations

import datetime

import numpy as np
from numpy.typing import NDArray

from core import __version__
from core.errors import DatasetError
from core.evaluation.calibrated import operating_point, threshold_for
from core.evaluation.evaluate import Scores
from core.evaluation.intervals import Resamples, groups_of, with_interval
from core.evaluation.metrics import rates_at
from core.model.bundle import ModelBundle
from core.model.card import HEALTHY
from core.model.classifier import probabilities
from core.model.conformal import Conformal
from core.model.local_card import LEAST_FILMS, Drift, LocalCard, LocalPoint
from core.records import convert

#: Films of a label for a point of its own, at least.
MIN_OF_LABEL = 5
SENSITIVITY = 0.9
#: Share of cards that may tell of a drift where there is none.
_FALSE_ALARMS = 0.05


def make_local_card(
    scores: Scores, bundle: ModelBundle, *, sensitivity: float = SENSITIVITY
) -> LocalCard:
    """Choose operating points on labelled films, whole patients resampled.

    A disease is stated from the highest threshold at which so large a share of its
    films is found. That nothing is found takes what it takes everywhere: most of
    such calls are right.

    Args:
        scores: Of films that the model has not seen, from the place it is used at.

    Raises:
        DatasetError: There are too few films.
    """
    if len(scores.truth) < LEAST_FILMS:
        raise DatasetError(
            f"Local operating points need at least {LEAST_FILMS} labelled films, and "
            f"{len(scores.truth)} could be read.",
            hint="Label more films of your own; 50 to 100 are enough.",
        )
    model = bundle.card
    shares = probabilities(scores.logits, model.temperature)
    groups = groups_of(scores.samples)
    resamples = Resamples.by_group(groups, seed=0)
    points = tuple(
        _local_point(i, scores.truth == i, shares[:, i], bundle, sensitivity, resamples)
        for i in range(len(model.labels))
    )
    return LocalCard(
        model=model.name,
        model_sha256=bundle.sha256,
        temperature=model.temperature,
        preprocessing=model.preprocess.version,
        version=__version__,
        made=datetime.date.today().isoformat(),
        films=len(scores.truth),
        groups=len(set(groups)),
        points=points,
        drift=_drift(scores, shares, model.conformal),
    )


def _drift(
    scores: Scores, shares: NDArray[np.float64], conformal: Conformal | None
) -> tuple[Drift, ...]:
    """Compare each label's scores with those that the model's card keeps, if any.

    Label by label, so that more films of one finding than in training are no drift.

    Source:
        The two-sample Kolmogorov-Smirnov test, at a level shared by the labels.
    """
    from scipy.stats import ks_2samp

    kept = conformal.scores if conformal is not None else {}
    compared = []
    for i, label in enumerate(scores.labels):
        there = kept.get(label, ())
        here = 1.0 - shares[scores.truth == i, i]
        if min(len(here), len(there)) >= MIN_OF_LABEL:
            compared.append((label, len(here), ks_2samp(here, there)))
    return tuple(
        Drift(
            label,
            films,
            round(float(test.statistic), 4),
            round(float(test.pvalue), 6),
            bool(test.pvalue < _FALSE_ALARMS / len(compared)),
        )
        for label, films, test in compared
    )


def _local_point(
    number: int,
    positive: NDArray[np.bool_],
    score: NDArray[np.float64],
    bundle: ModelBundle,
    sensitivity: float,
    resamples: Resamples,
) -> LocalPoint:
    own = bundle.card.operating_points[number]
    films, threshold = int(positive.sum()), own.threshold
    drawn: list[float] = []
    if films < MIN_OF_LABEL:
        criterion = f"the model's own: fewer than {MIN_OF_LABEL} local films have it"
    elif own.label == HEALTHY:
        point = operating_point(own.label, score, positive, "local")
        threshold, criterion = point.threshold, point.criterion
        for rows in resamples.rows:
            point = operating_point(own.label, score[rows], positive[rows], "local")
            drawn.append(point.threshold)
    else:
        threshold = threshold_for(sensitivity, score[positive])
        criterion = f"highest threshold with sensitivity at least {sensitivity:g}"
        found = (score[rows][positive[rows]] for rows in resamples.rows)
        drawn = [threshold_for(sensitivity, each) for each in found if len(each)]
    fields = {
        "label": own.label,
        "films": films,
        "criterion": criterion,
        **with_interval("threshold", threshold, drawn),
        "threshold": threshold,
        **rates_at(threshold, positive, score, resamples),
    }
    return convert(fields, LocalPoint)
