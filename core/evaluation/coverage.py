"""How often sets of findings hold the true one, on films they were not made with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.evaluation.metrics import Resamples, with_interval
from core.model.conformal import Conformal


def coverage_of_sets(
    truth: NDArray[np.intp],
    probabilities: NDArray[np.float64],
    labels: Sequence[str],
    resamples: Resamples,
    *,
    conformal: Conformal,
    target: float,
) -> dict[str, Any]:
    """What became of the promise on some films.

    Args:
        truth: (n,) int, index into `labels`.
        probabilities: (n, c) float64, calibrated.
        target: Share of sets that are to hold the true label.

    Returns:
        JSON values: `target`; `coverage`, the share that do; `one`, the share of sets
        of one label; `cannot_say`, that of sets of all labels or none, each with its
        95 % interval as `<name>_ci`; `by_label`: label -> {`n`, `coverage`}.
    """
    limits = np.array([conformal.limit(label, target) for label in labels])
    sets = 1.0 - probabilities <= limits
    held = sets[np.arange(len(truth)), truth]
    sizes = sets.sum(axis=1)

    def share(name: str, films: NDArray[np.bool_], of: NDArray[np.bool_]) -> Any:
        def mean(rows: NDArray[np.intp]) -> float:
            chosen = rows[of[rows]]
            return float(films[chosen].mean()) if len(chosen) else float("nan")

        drawn = [mean(rows) for rows in resamples.rows]
        return with_interval(name, mean(np.arange(len(films))), drawn)

    everyone = np.ones(len(truth), bool)
    return {
        "target": target,
        **share("coverage", held, everyone),
        **share("one", sizes == 1, everyone),
        **share("cannot_say", (sizes == 0) | (sizes == len(labels)), everyone),
        "by_label": {
            label: {
                "n": int((truth == i).sum()),
                **share("coverage", held, truth == i),
            }
            for i, label in enumerate(labels)
        },
    }
