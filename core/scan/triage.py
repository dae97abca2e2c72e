"""Which film of a scan to look at first."""

from __future__ import annotations

from collections.abc import Mapping

from core.model.card import HEALTHY
from core.scan.row import ScanRow


def disease_probability(probabilities: Mapping[str, float]) -> float:
    """The probability that a film shows any disease.

    Args:
        probabilities: Label -> probability. Without a label called normal, the
            first one is taken for the disease.
    """
    if HEALTHY in probabilities:
        return 1.0 - probabilities[HEALTHY]
    return next(iter(probabilities.values()))


def doubt(probabilities: Mapping[str, float]) -> float:
    """How little the likeliest label is ahead of the next: 1 if not at all."""
    first, second = sorted(probabilities.values(), reverse=True)[:2]
    return 1.0 - (first - second)


def triage_key(row: ScanRow) -> tuple[float, float, str]:
    """Sorts rows: likely disease first, then doubt; what was not read comes last."""
    if not row.probabilities:
        return 1.0, 0.0, row.file
    # Per cent: a difference nobody would act on leaves room for doubt.
    disease = round(disease_probability(row.probabilities), 2)
    return -disease, -doubt(row.probabilities), row.file
