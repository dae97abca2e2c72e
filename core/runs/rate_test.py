"""What a range test of the learning rate found, and which rate follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

import msgspec
import numpy as np

from core.errors import OutputError
from core.json_file import read_json
from core.records import Count, Number, convert
from core.runs.settings import TrainingConfig

#: Setting that is looked for -> the phase that it is of.
PHASES: Final = {"rate": "the second phase", "head_rate": "the first phase"}
#: Deviation of the bell that the losses are smoothed with, and the first rates, which
#: are too low for any fall but one by chance; shares of the steps.
_SMOOTHING: Final = 0.04
_FIRST: Final = 0.1
#: A fall is clear if it is so many times what the smoothing leaves of the noise. Of
#: 400 drawn tests without any fall one had a clearer one, of those with a fall of 0.2
#: under a noise of 0.15 all but two.
_CLEAR: Final = 5.0


class RateTest(msgspec.Struct, frozen=True):
    """How the loss went while the rate rose.

    Attributes:
        setting: "rate" or "head_rate".
        rates: One per step, rising.
        losses: Of the films of each step.
        smoothed: The same without their noise.
        suggestion: The rate where the loss falls fastest; None where it does not
            clearly fall.
        batch: Films per step.
        films: That the steps were taken on.
    """

    setting: Literal["rate", "head_rate"]
    rates: tuple[Number, ...]
    losses: tuple[Number, ...]
    smoothed: tuple[Number, ...]
    suggestion: Number | None
    batch: Count
    films: Count

    def in_words(self) -> str:
        """As a sentence."""
        phase = PHASES[self.setting]
        if self.suggestion is None:
            return (
                f"No learning rate stands out for {phase}: the loss falls at none of "
                "them by more than chance would have it."
            )
        lowest = self.rates[int(np.argmin(self.smoothed))]
        return (
            f"A learning rate of {self.suggestion:g} suits {phase}: there the loss "
            f"falls fastest. It is lowest at {lowest:.1g}, where it is about to rise."
        )


def epochs_of(config: TrainingConfig, setting: str) -> int:
    """Epochs of the phase that a learning rate is of; 0 where it is left out."""
    return config.epochs if setting == "rate" else config.head_epochs


def sum_up(
    setting: Literal["rate", "head_rate"],
    rates: Sequence[float],
    losses: Sequence[float],
    *,
    batch: int,
    films: int,
) -> RateTest:
    """Smooth the losses of a range test, and look for the steepest fall.

    Args:
        rates: Evenly spaced by their orders of magnitude.
        losses: Of as many steps, or of fewer: those until it diverged.
    """
    from scipy.ndimage import gaussian_filter1d  # takes long to load

    deviation = max(1.0, _SMOOTHING * len(rates))
    every = np.asarray(losses, np.float64)
    # To both sides alike: a running mean would put the fall at too high a rate.
    smoothed = gaussian_filter1d(every, deviation, mode="nearest")
    first = max(1, round(_FIRST * len(rates)))
    lowest = first + int(smoothed[first:].argmin()) if len(smoothed) > first else 0
    falling = smoothed[: lowest + 1]
    noise = np.std((every - smoothed)[: lowest + 1])
    # A bell takes the mean of about so many values.
    left = noise / np.sqrt(2 * np.sqrt(np.pi) * deviation)
    fall = falling[: max(first, len(falling) // 4)].mean() - falling[-1]
    suggestion = None
    if lowest > first and fall > _CLEAR * left:
        steepest = first + int(np.gradient(falling)[first:].argmin())
        suggestion = float(f"{rates[steepest]:.1e}")
    return RateTest(
        setting=setting,
        rates=tuple(float(f"{rate:.4g}") for rate in rates[: len(losses)]),
        losses=tuple(round(loss, 5) for loss in losses),
        smoothed=tuple(np.round(smoothed, 5).tolist()),
        suggestion=suggestion,
        batch=batch,
        films=films,
    )


def read_rate_test(path: Path) -> RateTest:
    """Read what `train --find-rate` wrote.

    Raises:
        OutputError: It is missing or not what it should be.
    """
    try:
        return convert(read_json(path), RateTest)
    except (OSError, ValueError) as error:
        raise OutputError(
            f"What was found of the learning rate cannot be read ({error}).",
            hint="Look for it again.",
        ) from error
