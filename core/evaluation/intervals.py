"""The interval of a share that was counted."""

from __future__ import annotations

import math

#: 97.5 % point of the normal distribution.
_Z = 1.959964


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
