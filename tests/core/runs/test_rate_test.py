"""Which learning rate follows from the losses of a range test."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from core.errors import OutputError
from core.records import to_json
from core.runs.rate_test import RateTest, read_rate_test, sum_up

RATES = np.geomspace(1e-7, 1.0, 200)


def losses_of(fall: float, noise: float = 0.05, seed: int = 0) -> np.ndarray:
    """Falling around 1e-4, lowest near 1e-2, then up and away."""
    orders = np.log10(RATES)
    curve = 1.2 - fall / (1 + np.exp(-4 * (orders + 4))) + np.exp(5 * (orders + 1))
    drawn = np.random.default_rng(seed).normal(0, noise, len(RATES))
    return (curve + drawn)[curve < 4]


def found(losses: np.ndarray) -> RateTest:
    return sum_up("rate", RATES.tolist(), losses.tolist(), batch=8, films=18)


@pytest.mark.parametrize("seed", range(5))
def test_the_rate_is_where_the_loss_falls_fastest(seed: int) -> None:
    test = found(losses_of(0.8, seed=seed))
    assert test.suggestion is not None
    assert 3e-5 < test.suggestion < 3e-4
    assert f"{test.suggestion:g} suits the second phase" in test.in_words()
    lowest = test.rates[int(np.argmin(test.smoothed))]
    assert 1e-3 < lowest < 1e-1


@pytest.mark.parametrize("seed", range(5))
def test_noise_alone_is_no_reason_for_any_rate(seed: int) -> None:
    test = found(losses_of(0.0, noise=0.3, seed=seed))
    assert test.suggestion is None
    assert "No learning rate stands out" in test.in_words()


def test_a_loss_that_only_rises_suggests_nothing() -> None:
    assert found(np.linspace(1.0, 5.0, 60)).suggestion is None


def test_a_single_step_is_enough_to_say_nothing() -> None:
    assert found(np.array([1.0])).suggestion is None


def test_what_was_written_is_read(tmp_path: Path) -> None:
    test = found(losses_of(0.8))
    path = tmp_path / "rate.json"
    path.write_text(json.dumps(to_json(test)))
    assert read_rate_test(path) == test
    for text in ("", "{}", '{"setting": "size"}'):
        path.write_text(text)
        with pytest.raises(OutputError, match="cannot be read"):
            read_rate_test(path)
