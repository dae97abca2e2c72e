"""All that a card states from films that the model was not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from core.evaluation.evaluate import Scores, evaluate, without_details
from core.evaluation.operating_points import (
    choose_operating_points,
    choose_sensitivity_points,
)
from core.evaluation.pools import Pool
from core.model.card import ModelCard
from core.model.classifier import probabilities
from core.model.conformal import fit_conformal

CHOSEN_ON = "validation"


def calibrated_card(
    card: ModelCard, val: Scores, test: Scores | None, *, pools: Sequence[Pool] = ()
) -> tuple[ModelCard, dict[str, Any]]:
    """Choose on the validation films, and measure on the test films.

    Args:
        card: Its temperature is fitted on the same validation films.
        test: None where there are none.

    Returns:
        The card with its operating points, sensitivity points, conformal scores and
        figures, and the long evaluation on the test films; empty without any.
    """
    temperature = card.temperature
    shares = probabilities(val.logits, temperature)
    conformal = fit_conformal(val.truth, shares, val.labels, chosen_on=CHOSEN_ON)
    points = choose_sensitivity_points(val, temperature, chosen_on=CHOSEN_ON)
    metrics = {"val": evaluate(val, temperature, pools=pools)}
    on_test: dict[str, Any] = {}
    if test is not None:
        on_test = evaluate(
            test,
            temperature,
            pools=pools,
            details=True,
            conformal=conformal,
            points=points,
        )
        metrics["test"] = without_details(on_test)
    chosen = choose_operating_points(val, temperature, chosen_on=CHOSEN_ON)
    stated = msgspec.structs.replace(
        card,
        operating_points=chosen,
        sensitivity_points=points,
        conformal=conformal,
        metrics=metrics,
    )
    return stated, on_test
