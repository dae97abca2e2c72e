"""Sets of findings that hold the true one as often as was promised.

Split conformal prediction: films that the model was not trained on say how far the
probability of the true label falls below 1, and a label is left out of a film's set
only where it falls further than it did for nearly all of them. The promise, for films
like those, is kept whatever the model is worth: a poor one gives large sets.

The scores are kept for each label by itself (Mondrian), so that the promise holds for
the films of each finding, and among few or many of them: a share over all films could
be kept by calling the commonest label alone.

Source:
    Vovk, Gammerman and Shafer, Algorithmic learning in a random world, 2005;
    Angelopoulos and Bates, Conformal prediction: a gentle introduction, 2023,
    arXiv:2107.07511, sections 1 and 4.2.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.records import Count, Share, Text

#: What is promised where nobody chose: the true finding is in 9 of 10 sets.
COVERAGE: Final = 0.9
#: Scores of a label that a card keeps, at most.
MOST_SCORES: Final = 1000


class Conformal(msgspec.Struct, frozen=True):
    """What a card keeps, so that sets of any coverage can be made.

    Attributes:
        chosen_on: The films that the scores are of: "validation", never "test".
        films: Label -> how many of them there were.
        scores: Label -> quantiles of their scores, evenly spaced and rising; a score
            is 1 less the calibrated probability of the film's true label.
    """

    chosen_on: Text
    films: Mapping[str, Count]
    scores: Mapping[str, tuple[Share, ...]]

    def is_of(self, labels: Sequence[str]) -> bool:
        """Whether it is of a model with these labels."""
        return set(self.films) == set(self.scores) == set(labels) and all(
            list(kept) == sorted(kept)
            and len(kept) <= self.films[name]
            and bool(kept) == bool(self.films[name])
            for name, kept in self.scores.items()
        )

    def limit(self, label: str, coverage: float) -> float:
        """The score up to which a label belongs to a set.

        Infinite where too few films had the label to promise so much: the label is
        then in every set.
        """
        films, kept = self.films[label], self.scores[label]
        rank = math.ceil(round((films + 1) * coverage, 9))
        if rank > films:
            return math.inf
        # Of the quantiles that were kept the first that is not below that rank.
        return kept[(rank - 1) * len(kept) // films]


def fit_conformal(
    truth: NDArray[np.intp],
    probabilities: NDArray[np.float64],
    labels: Sequence[str],
    *,
    chosen_on: str,
) -> Conformal:
    """Take the scores of films that the model was not trained on.

    Args:
        truth: (n,) int, index into `labels`.
        probabilities: (n, c) float64, calibrated.
        chosen_on: What to call these films.
    """
    films: dict[str, int] = {}
    scores: dict[str, tuple[float, ...]] = {}
    for i, label in enumerate(labels):
        of_label = np.sort(1.0 - probabilities[truth == i, i])
        count = films[label] = len(of_label)
        kept = min(count, MOST_SCORES)
        ranks = -(-count * np.arange(1, kept + 1) // max(1, kept))
        # Rounded up: a limit a hair too low would break the promise.
        rounded = np.ceil(of_label[ranks - 1] * 1e5) / 1e5
        scores[label] = tuple(np.clip(rounded, 0.0, 1.0).tolist())
    return Conformal(chosen_on, films, scores)


def prediction_set(
    probabilities: Mapping[str, float], conformal: Conformal, coverage: float
) -> tuple[str, ...]:
    """The labels that cannot be left out, likeliest first; may be all, or none.

    Args:
        probabilities: Label -> calibrated probability.
        coverage: Share of sets that hold the true label, over 0 and under 1.
    """
    likeliest = sorted(probabilities, key=probabilities.__getitem__, reverse=True)
    return tuple(
        label
        for label in likeliest
        if 1.0 - probabilities[label] <= conformal.limit(label, coverage)
    )
