"""From which probability on a finding is stated."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.evaluation.evaluate import Scores
from core.model.bundle import OperatingPoint
from core.model.classifier import probabilities

#: A finding is stated where at least this share of such calls was right.
TARGET_PRECISION = 0.85
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
        _operating_point(label, values[:, i], scores.truth == i, chosen_on)
        for i, label in enumerate(scores.labels)
    )


def _operating_point(
    label: str, p: NDArray[np.float64], true: NDArray[np.bool_], chosen_on: str
) -> OperatingPoint:
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
