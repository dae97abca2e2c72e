"""From which probability on a finding is stated."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from core.evaluation.evaluate import Scores
from core.model.bundle import OperatingPoint
from core.model.card import HEALTHY, SensitivityPoint
from core.model.classifier import probabilities

#: A finding is stated where at least this share of such calls was right.
TARGET_PRECISION = 0.85
#: Shares of the films of a finding that sensitivity points find.
TARGET_SENSITIVITIES = (0.8, 0.9, 0.95)
NEVER = "no call from 0.5 on was right, so it is not stated short of certainty"


def choose_operating_points(
    scores: Scores, temperature: float, *, chosen_on: str
) -> tuple[OperatingPoint, ...]:
    """For each label the lowest threshold at which calls are right often enough.

    Only thresholds are considered at which the label is the likeliest of all
    when it is met: 0.5 and above. Where no threshold reaches the target, the
    one with the highest precision is taken, and the point says so. Where no
    call from 0.5 on is right, or there is none, nothing speaks for stating
    the finding: the threshold is 1, which takes certainty, and it says that.

    Args:
        scores: Of validation films.
        chosen_on: What to call these films.
    """
    values = probabilities(scores.logits, temperature)
    return tuple(
        operating_point(label, values[:, i], scores.truth == i, chosen_on)
        for i, label in enumerate(scores.labels)
    )


def choose_sensitivity_points(
    scores: Scores, temperature: float, *, chosen_on: str
) -> tuple[SensitivityPoint, ...]:
    """For each finding the highest threshold that finds enough of its films.

    Args:
        scores: Of validation films.
        chosen_on: What to call these films.

    Returns:
        A point for each of `TARGET_SENSITIVITIES`, for each label that is a disease
        and has films.
    """
    values = probabilities(scores.logits, temperature)
    return tuple(
        SensitivityPoint(
            label,
            target,
            threshold_for(target, values[scores.truth == i, i]),
            chosen_on,
        )
        for i, label in enumerate(scores.labels)
        if label != HEALTHY and (scores.truth == i).any()
        for target in TARGET_SENSITIVITIES
    )


def threshold_for(sensitivity: float, found: NDArray[np.float64]) -> float:
    """The highest threshold at which a share of the films of a label is found.

    Args:
        sensitivity: The share.
        found: (n,) float64, the label's probability on its films.
    """
    least = math.ceil(round(sensitivity * len(found), 9))
    exact = np.sort(found)[::-1][max(0, least - 1)]
    # Down: as written in a card it must still find that film.
    return math.floor(float(exact) * 1e5) / 1e5


def operating_point(
    label: str, p: NDArray[np.float64], true: NDArray[np.bool_], chosen_on: str
) -> OperatingPoint:
    """The lowest threshold from 0.5 at which calls are right often enough.

    Args:
        p: (n,) float64, the label's probability.
        true: (n,) bool, whether a film has it.
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
