"""How far apart two models are on the same films, and how sure that is."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.evaluation.intervals import Resamples, mean_of_known, with_interval
from core.evaluation.metrics import Ranking, rates_of


def differences(
    truth: NDArray[np.intp],
    p: tuple[NDArray[np.float64], NDArray[np.float64]],
    labels: Sequence[str],
    resamples: Resamples,
    on_progress: Callable[[float], None],
) -> list[dict[str, Any]]:
    """How the figures of two models differ, each with its interval.

    Args:
        truth: (n,) int, index into `labels`.
        p: (n, c) probabilities of the candidate and of the model in use; or (s, n, c)
            of s trainings of each, whose figures are averaged.
        on_progress: Called often with the share that is done; may raise to stop.

    Returns:
        JSON values, as `core.evaluation.compare` describes them.
    """
    sides = [_sides(truth, each) for each in p]
    whole = [_mean(each) for each in sides]
    drawn = []
    for number, times in enumerate(resamples.times(len(truth)), start=1):
        drawn.append([_mean(each, times) for each in sides])
        on_progress(number / len(resamples.rows))
    return [
        {
            "name": name,
            "label": None if i is None else labels[i],
            **_difference(
                whole[0][name, i],
                whole[1][name, i],
                [one[name, i] - other[name, i] for one, other in drawn],
            ),
        }
        for name, i in whole[0]
    ]


@dataclasses.dataclass(frozen=True, eq=False)
class _Side:
    """What one model said of the films, ready to be counted a thousand times.

    `cells` (n,) are the places of the films in the confusion matrix, row by row.
    """

    cells: NDArray[np.intp]
    rankings: tuple[Ranking, ...]

    @classmethod
    def of(cls, truth: NDArray[np.intp], p: NDArray[np.float64]) -> _Side:
        classes = p.shape[1]
        rankings = (Ranking.of(truth == i, p[:, i]) for i in range(classes))
        return cls(truth * classes + p.argmax(axis=1), tuple(rankings))

    def figures(
        self, times: NDArray[np.int64] | None = None
    ) -> dict[tuple[str, int | None], float]:
        """Every figure, of films drawn so often; NaN where there are no films."""
        classes = len(self.rankings)
        counts = np.bincount(self.cells, times, classes**2)
        rates = rates_of(counts.reshape(classes, classes))
        areas = [ranking.area(times) for ranking in self.rankings]
        return {
            ("accuracy", None): float(rates["accuracy"]),
            ("macro_f1", None): float(rates["macro_f1"]),
            ("mean_auc", None): mean_of_known(areas),
            **{("recall", i): float(rates["recall"][i]) for i in range(classes)},
            **{("auc", i): areas[i] for i in range(classes)},
        }


def _sides(truth: NDArray[np.intp], p: NDArray[np.float64]) -> list[_Side]:
    """What each of several trainings of one model said; or the model alone."""
    return [_Side.of(truth, each) for each in p.reshape(-1, *p.shape[-2:])]


def _mean(
    sides: Sequence[_Side], times: NDArray[np.int64] | None = None
) -> dict[tuple[str, int | None], float]:
    """The mean of every figure over the trainings."""
    found = [side.figures(times) for side in sides]
    return {key: sum(f[key] for f in found) / len(found) for key in found[0]}


def _difference(one: float, other: float, drawn: Sequence[float]) -> dict[str, Any]:
    interval = with_interval("difference", one - other, drawn)
    if interval["difference"] is None:
        empty = ("candidate", "in_use", "difference", "difference_ci", "better_share")
        return dict.fromkeys(empty)
    known = np.asarray(drawn)[np.isfinite(drawn)]
    share = float(np.mean(known > 0) + np.mean(known == 0) / 2)
    return {
        "candidate": round(one, 4),
        "in_use": round(other, 4),
        **interval,
        "better_share": round(share, 4),
    }


def mcnemar(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> dict[str, Any]:
    """McNemar's exact test on the films, (n,) bool, that two models call rightly.

    Source:
        McNemar, Psychometrika 12, 1947; the exact form is a binomial test of
        the films on which they disagree.
    """
    from scipy.stats import binomtest  # takes long to load

    only_one, only_other = int((one & ~other).sum()), int((~one & other).sum())
    apart = only_one + only_other
    p = float(binomtest(only_one, apart).pvalue) if apart else 1.0
    return {
        "only_candidate_right": only_one,
        "only_in_use_right": only_other,
        "p": float(f"{p:.4g}"),
    }
