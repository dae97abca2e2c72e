"""How far two arms are apart: over seeds, and on the same test films."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from core.evaluation.differences import differences, mcnemar
from core.evaluation.intervals import Resamples, groups_of
from core.experiments.answer import sentence_of, verdict_of
from core.experiments.experiment import Arm
from core.experiments.record import Record
from core.experiments.said import Figures, Said


def over_repeats(values: Sequence[float]) -> tuple[float, list[float] | None]:
    """The mean over seeds or folds, and its 95 % t interval where there are two.

    Source:
        Student, The probable error of a mean, Biometrika 6, 1908.
    """
    known = [value for value in values if math.isfinite(value)]
    if not known:
        return math.nan, None
    mean = float(np.mean(known))
    if len(known) < 2:
        return mean, None
    from scipy.stats import t

    reach = t.ppf(0.975, len(known) - 1) * np.std(known, ddof=1) / len(known) ** 0.5
    return mean, [float(mean - reach), float(mean + reach)]


def compared(
    record: Record,
    arm: Arm,
    reference: Arm,
    said: Mapping[str, list[Said]],
    values: Mapping[str, list[Figures]],
    judged: tuple[str, ...],
) -> dict[str, Any]:
    """How far an arm is from the reference, on the same films and seeds."""
    figure = record.experiment.decides
    one, other = said[arm.name], said[reference.name]
    truth = one[0].truth
    resamples = Resamples.by_group(groups_of(one[0].tests), seed=0)
    p = np.stack([each.p for each in one]), np.stack([each.p for each in other])
    rows = differences(truth, p, judged, resamples, lambda share: None)
    row = next(r for r in rows if (r["name"], r["label"]) == (figure, None))
    apart = [
        first[figure, ""] - second[figure, ""]
        for first, second in zip(values[arm.name], values[reference.name], strict=True)
    ]
    _, over_seeds = over_repeats(apart)
    found = {
        "arm": arm.title,
        "reference": reference.title,
        "figure": figure,
        "value": row["candidate"],
        "reference_value": row["in_use"],
        "difference": row["difference"],
        "films_ci": row["difference_ci"],
        "seeds_ci": over_seeds and [round(end, 4) for end in over_seeds],
        "p": _paired_p(apart),
        "mcnemar": [
            mcnemar(
                a.p.argmax(axis=1) == truth,
                b.p.argmax(axis=1) == truth,
            )["p"]
            for a, b in zip(one, other, strict=True)
        ],
    }
    found["verdict"] = verdict_of(found)
    found["sentence"] = sentence_of(found, len(truth), len(apart))
    return found


def _paired_p(apart: Sequence[float]) -> float | None:
    """Of a paired t test over seeds; None where they do not differ, or are too few."""
    if len(apart) < 2 or not np.std(apart) > 0:
        return None
    from scipy.stats import ttest_1samp

    return float(f"{ttest_1samp(apart, 0.0).pvalue:.4g}")
