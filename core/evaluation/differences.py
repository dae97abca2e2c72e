"""How far apart two models are on the same films, and how sure that is."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from core.evaluation.curves import Ranking
from core.evaluation.metrics import Resamples, with_interval


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
        p: (n, c) probabilities of the candidate and of the model in use.
        on_progress: Called often with the share that is done, to 1; may raise
            to stop.

    Returns:
        JSON values, as `core.evaluation.compare` describes them.
    """
    sides = [_Side.of(truth, each) for each in p]
    whole = [side.figures() for side in sides]
    drawn = []
    for number, rows in enumerate(resamples.rows, start=1):
        times = np.bincount(rows, minlength=len(truth))
        drawn.append([side.figures(times) for side in sides])
        on_progress(number / len(resamples.rows))
    keys: list[tuple[str, int | None]] = [
        ("accuracy", None),
        ("macro_f1", None),
        ("mean_auc", None),
        *(("recall", i) for i in range(len(labels))),
        *(("auc", i) for i in range(len(labels))),
    ]
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
        for name, i in keys
    ]


@dataclasses.dataclass(frozen=True, eq=False)
class _Side:
    """What one model said of the films, ready to be counted a thousand times.

    Attributes:
        cells: (n,) place of each film in the confusion matrix, row by row.
        rankings: Of the films, per label.
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
        counts = np.bincount(self.cells, times, classes**2).reshape(classes, classes)
        hits, true, said = np.diag(counts), counts.sum(axis=1), counts.sum(axis=0)
        with np.errstate(invalid="ignore"):
            recall = hits / true
            # As in `core.evaluation.metrics`: a label without films has none.
            f1 = np.where(true > 0, 2 * hits / (true + said), np.nan)
        areas = [ranking.area(times) for ranking in self.rankings]
        return {
            ("accuracy", None): float(hits.sum() / counts.sum()),
            ("macro_f1", None): _mean(f1),
            ("mean_auc", None): _mean(np.array(areas)),
            **{("recall", i): float(recall[i]) for i in range(classes)},
            **{("auc", i): areas[i] for i in range(classes)},
        }


def _mean(values: NDArray[np.float64]) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def _difference(one: float, other: float, drawn: Sequence[float]) -> dict[str, Any]:
    known = np.array([each for each in drawn if np.isfinite(each)])
    interval = with_interval("difference", one - other, known)
    if interval["difference"] is None:
        empty = ("candidate", "in_use", "difference", "difference_ci", "better_share")
        return dict.fromkeys(empty)
    share = float(np.mean(known > 0) + np.mean(known == 0) / 2)
    return {
        "candidate": round(one, 4),
        "in_use": round(other, 4),
        **interval,
        "better_share": round(share, 4),
    }


def mcnemar(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> dict[str, Any]:
    """McNemar's exact test on which films two models call rightly.

    Args:
        one, other: (n,) bool, whether the candidate and the model in use were
            right.

    Source:
        McNemar, Psychometrika 12, 1947; the exact form is a binomial test of
        the films on which they disagree.
    """
    only_one, only_other = int((one & ~other).sum()), int((~one & other).sum())
    apart = only_one + only_other
    p = float(binomtest(only_one, apart).pvalue) if apart else 1.0
    return {
        "only_candidate_right": only_one,
        "only_in_use_right": only_other,
        "p": float(f"{p:.4g}"),
    }
