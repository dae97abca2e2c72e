"""Intervals of figures: by resampling whole groups, and of a share that was counted."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.data.dataset import Sample

RESAMPLES = 1000
_INTERVAL = (2.5, 97.5)
#: Counts of films that are worked on at once: those of one resample of few films take
#: longer to begin than to do, and more leave the processor's cache.
_BLOCK = 2**14
#: 97.5 % point of the normal distribution.
_Z = 1.959964


@dataclasses.dataclass(frozen=True, eq=False)
class Resamples:
    """Bootstrap resamples of n films, drawn by group.

    Films of one patient are not independent: whole groups are drawn, so that
    the intervals are not too narrow.

    Attributes:
        rows: One array of row numbers per resample.

    Source:
        Efron and Tibshirani, An introduction to the bootstrap, 1993; percentile
        interval, clusters as units.
    """

    rows: tuple[NDArray[np.intp], ...]

    @classmethod
    def by_group(
        cls, groups: Sequence[object], *, seed: int, count: int = RESAMPLES
    ) -> Resamples:
        """Draw `count` resamples of films whose groups are given in order."""
        _, numbers = np.unique([str(group) for group in groups], return_inverse=True)
        members = [np.flatnonzero(numbers == g) for g in range(numbers.max() + 1)]
        rng = np.random.default_rng(seed)
        draws = (rng.integers(0, len(members), len(members)) for _ in range(count))
        rows = (np.concatenate([members[g] for g in draw]) for draw in draws)
        return cls(tuple(rows))

    def times(self, films: int) -> Iterator[NDArray[np.int64]]:
        """(n,) how often each of n films was drawn, resample by resample."""
        return itertools.chain.from_iterable(self.blocks(films))

    def blocks(self, films: int) -> Iterator[NDArray[np.int64]]:
        """(b, n) how often each of n films was drawn, in a block of resamples each."""
        at_once = max(1, _BLOCK // max(1, films))
        for first in range(0, len(self.rows), at_once):
            block = self.rows[first : first + at_once]
            begins = np.repeat(np.arange(len(block)) * films, list(map(len, block)))
            places = begins + np.concatenate(block)
            times = np.bincount(places, minlength=len(block) * films)
            yield times.reshape(len(block), films)


def groups_of(samples: Sequence[Sample]) -> list[str]:
    """What each film must be drawn with: its group, or its patient, or it alone."""
    return [sample.group or sample.patient or sample.file for sample in samples]


def with_interval(
    name: str, value: float, drawn: Sequence[float] | NDArray[np.float64]
) -> dict[str, Any]:
    """A rate and its 95 % percentile interval, as JSON values."""
    known = np.asarray(drawn)[np.isfinite(drawn)]
    if not np.isfinite(value) or not len(known):
        return {name: None, f"{name}_ci": None}
    low, high = np.percentile(known, _INTERVAL)
    return {
        name: round(float(value), 4),
        f"{name}_ci": [round(float(low), 4), round(float(high), 4)],
    }


def mean_with_interval(
    name: str,
    values: NDArray[Any],
    resamples: Resamples,
    of: NDArray[np.bool_] | None = None,
) -> dict[str, Any]:
    """A mean over films, as `with_interval`; of bools, the share that is so.

    Args:
        values: (n,), one for each film.
        of: (n,) bool, the films that count; all if None.
    """
    counted = np.ones(len(values), bool) if of is None else of
    numbers = values[counted].astype(np.float64)

    def means(times: NDArray[np.int64]) -> NDArray[np.float64]:
        drawn = times[:, counted]
        with np.errstate(invalid="ignore"):
            return np.asarray(drawn @ numbers / drawn.sum(axis=1))

    (value,) = means(np.ones((1, len(values)), np.int64))
    drawn = [means(times) for times in resamples.blocks(len(values))]
    return with_interval(name, value, np.concatenate(drawn))


def mean_of_known(values: Sequence[float]) -> float:
    """The mean of those that are numbers; NaN where none is."""
    known = [value for value in values if np.isfinite(value)]
    return float(np.mean(known)) if known else float("nan")


def interval(count: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share.

    Source:
        Wilson, Probable inference, the law of succession, and statistical
        inference, JASA 22, 1927: the score interval.
    """
    share, spread = count / of, _Z * _Z / of
    centre = (share + spread / 2) / (1 + spread)
    half = _Z / (1 + spread) * math.sqrt(share * (1 - share) / of + spread / (4 * of))
    return max(0.0, centre - half), min(1.0, centre + half)
