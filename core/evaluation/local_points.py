"""Operating points on films of one's own, and whether scores have drifted there."""

from __future__ import annotations

import datetime

import numpy as np
from numpy.typing import NDArray

from core import __version__
from core.errors import DatasetError
from core.evaluation.evaluate import Scores
from core.evaluation.metrics import Resamples, rates_at
from core.evaluation.operating_points import operating_point, threshold_for
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
        bundle: As it was read, without a local card.
        sensitivity: Share of the films of a disease that are to be found.

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
    groups = [s.group or s.patient or s.file for s in scores.samples]
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
        drift=drift_of(scores, shares, model.conformal),
    )


def drift_of(
    scores: Scores, shares: NDArray[np.float64], conformal: Conformal | None
) -> tuple[Drift, ...]:
    """Compare each label's scores with those that the model's card keeps.

    Label by label, so that more films of one finding than in training are no drift.

    Args:
        shares: (n, c) float64, calibrated probabilities.
        conformal: Of the model; without it nothing can be compared.

    Source:
        The two-sample Kolmogorov-Smirnov test, at a level shared by the labels.
    """
    from scipy.stats import ks_2samp

    compared = [
        (label, 1.0 - shares[scores.truth == i, i], conformal.scores[label])
        for i, label in enumerate(scores.labels)
        if conformal is not None
    ]
    enough = [
        each for each in compared if min(len(each[1]), len(each[2])) >= MIN_OF_LABEL
    ]
    found = []
    for label, here, there in enough:
        test = ks_2samp(here, there)
        level = _FALSE_ALARMS / len(enough)
        found.append(
            Drift(
                label,
                len(here),
                round(float(test.statistic), 4),
                round(float(test.pvalue), 6),
                bool(test.pvalue < level),
            )
        )
    return tuple(found)


def _local_point(
    number: int,
    positive: NDArray[np.bool_],
    score: NDArray[np.float64],
    bundle: ModelBundle,
    sensitivity: float,
    resamples: Resamples,
) -> LocalPoint:
    own = bundle.card.operating_points[number]
    films = int(positive.sum())
    threshold, interval, criterion = own.threshold, None, ""
    if films < MIN_OF_LABEL:
        criterion = f"the model's own: fewer than {MIN_OF_LABEL} local films have it"
    elif own.label == HEALTHY:
        point = operating_point(own.label, score, positive, "local")
        threshold, criterion = point.threshold, point.criterion
        interval = _interval(
            [
                operating_point(own.label, score[rows], positive[rows], "").threshold
                for rows in resamples.rows
            ]
        )
    else:
        threshold = threshold_for(sensitivity, score[positive])
        criterion = f"highest threshold with sensitivity at least {sensitivity:g}"
        found = (score[rows][positive[rows]] for rows in resamples.rows)
        interval = _interval([threshold_for(sensitivity, f) for f in found if len(f)])
    fields = {
        "label": own.label,
        "films": films,
        "threshold": threshold,
        "threshold_ci": interval,
        "criterion": criterion,
        **rates_at(threshold, positive, score, resamples),
    }
    return convert(fields, LocalPoint)


def _interval(drawn: list[float]) -> tuple[float, float]:
    low, high = np.percentile(drawn, [2.5, 97.5])
    return round(float(low), 4), round(float(high), 4)
