"""Figures with their intervals."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

#: What the columns of a table of findings mean, by `core.reports.tables`.
TIPS: Final = (
    "",
    "",
    "Of the films called so, the share that are",
    "Of the films that are so, the share called so",
    "Of the films that are not so, the share not called so",
    "Harmonic mean of precision and recall",
    "Probability that a film that is so scores above one that is not",
)


@dataclasses.dataclass(frozen=True)
class Rate:
    """A figure with its 95 % interval.

    Attributes:
        value: In [0, 1].
        low, high: Of the interval; None where there is none.
    """

    value: float
    low: float | None = None
    high: float | None = None

    def in_words(self) -> str:
        """ "81.6 % (76.4 to 86.5)"."""
        if self.low is None or self.high is None:
            return f"{100 * self.value:.1f} %"
        return (
            f"{100 * self.value:.1f} % ({100 * self.low:.1f} to {100 * self.high:.1f})"
        )


def rate_of(fields: object, name: str) -> Rate | None:
    """A figure out of an evaluation; None where it was not measured."""
    if not isinstance(fields, Mapping):
        return None
    value = fields.get(name)
    if not isinstance(value, int | float):
        return None
    interval: Any = fields.get(f"{name}_ci")
    if isinstance(interval, list | tuple) and len(interval) == 2:
        return Rate(float(value), float(interval[0]), float(interval[1]))
    return Rate(float(value))
