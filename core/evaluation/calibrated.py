"""All that a card states from films that the model was not trained on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.evaluation.evaluate import Scores, evaluate, without_details
from core.evaluation.pools import Pool
from core.model.card import HEALTHY, ModelCard, OperatingPoint, SensitivityPoint
from core.model.classifier import probabilities
from core.model.conformal import fit_conformal

#: What the films are called that points and scores are chosen on.
CHOSEN_ON = "validation"
#: A finding is stated where at least this share of such calls was right.
TARGET_PRECISION = 0.85
#: Shares of the films of a finding that sensitivity points find.
TARGET_SENSITIVITIES = (0.8, 0.9, 0.95)
NEVER = "no call from 0.5 on was right, so it is not stated short of certainty"


def calibrated_card(
    card: ModelCard,
    val: Scores,
    test: Scores | None,
    *,
    pools: Sequence[Pool],
    more: Mapping[str, Any],
) -> tuple[ModelCard, dict[str, Any]]:
    """Choose on the validation films, and measure on the test films.

    Args:
        card: Its temperature is fitted on the same validation films.
        test: None where there are none.
        more: What else was measured on the test films, or for them.

    Returns:
        The card with its operating points, sensitivity points, conformal scores and
        figures, and the long evaluation on the test films; empty without any.
    """
    temperature = card.temperature
    shares = probabilities(val.logits, temperature)
    conformal = fit_conformal(val.truth, shares, val.labels, chosen_on=CHOSEN_ON)
    points = choose_sensitivity_points(val, shares)
    metrics = {"val": evaluate(val, temperature, pools=pools)}
    on_test: dict[str, Any] = {}
    if test is not None:
        on_test = evaluate(
            test,
            temperature,
            pools=pools,
            details=True,
            conformal=conformal,
            points=points,
        )
        on_test |= more
        metrics["test"] = without_details(on_test)
    stated = msgspec.structs.replace(
        card,
        operating_points=tuple(
            operating_point(label, shares[:, i], val.truth == i, CHOSEN_ON)
            for i, label in enumerate(val.labels)
        ),
        sensitivity_points=points,
        conformal=conformal,
        metrics=metrics,
    )
    return stated, on_test


def choose_sensitivity_points(
    scores: Scores, shares: NDArray[np.float64]
) -> tuple[SensitivityPoint, ...]:
    """For each disease that has films, a point for each of `TARGET_SENSITIVITIES`.

    The films are of validation; `shares` (n, c) their calibrated probabilities.
    """
    points = []
    for i, label in enumerate(scores.labels):
        own = shares[scores.truth == i, i]
        for target in TARGET_SENSITIVITIES if len(own) and label != HEALTHY else ():
            threshold = threshold_for(target, own)
            points.append(SensitivityPoint(label, target, threshold, CHOSEN_ON))
    return tuple(points)


def threshold_for(sensitivity: float, found: NDArray[np.float64]) -> float:
    """The highest threshold at which a share of the films of a label is found.

    `found` is (n,) the label's probability on its films.
    """
    least = math.ceil(round(sensitivity * len(found), 9))
    exact = np.sort(found)[::-1][max(0, least - 1)]
    # Down: as written in a card it must still find that film.
    return math.floor(float(exact) * 1e5) / 1e5


def operating_point(
    label: str, p: NDArray[np.float64], true: NDArray[np.bool_], chosen_on: str
) -> OperatingPoint:
    """The lowest threshold at which calls are right often enough.

    Only thresholds are considered at which the label is the likeliest of all
    when it is met: 0.5 and above. Where no threshold reaches the target, the
    one with the highest precision is taken, and the point says so. Where no
    call from 0.5 on is right, or there is none, nothing speaks for stating
    the finding: the threshold is 1, which takes certainty, and it says that.

    Args:
        p: (n,) float64, the label's probability.
        true: (n,) bool, whether a film has it.
        chosen_on: What to call these films.
    """
    grid = np.round(np.arange(0.5, 0.996, 0.005), 3)
    precision = np.array([_precision(true, p >= t) for t in grid])
    reaching = np.flatnonzero(precision >= TARGET_PRECISION)
    criterion = f"lowest threshold from 0.5 with precision at least {TARGET_PRECISION}"
    if len(reaching):
        threshold = float(grid[reaching[0]])
    elif np.nanmax(precision, initial=0.0) > 0:
        threshold = float(grid[np.nanargmax(precision)])
        criterion += ": none, so the most precise"
    else:
        threshold = 1.0
        criterion += f": {NEVER}"
    met = p >= threshold
    return OperatingPoint(
        label=label,
        threshold=threshold,
        chosen_on=chosen_on,
        criterion=criterion,
        precision=round(float(np.nan_to_num(_precision(true, met))), 4),
        sensitivity=round(float((met & true).sum() / max(1, true.sum())), 4),
        specificity=round(float((~met & ~true).sum() / max(1, (~true).sum())), 4),
    )


def _precision(true: NDArray[np.bool_], met: NDArray[np.bool_]) -> float:
    return float((met & true).sum() / met.sum()) if met.any() else float("nan")
