"""A local card for people."""

from __future__ import annotations

import msgspec

from core.model.card import ModelCard
from core.model.local_card import LocalCard
from core.reports.tables import rate
from core.terminal import columns

_RATES = ("threshold", "sensitivity", "specificity", "precision")
HEAD = ("Finding", "Films", "Stated from", "Sensitivity", "Specificity", "Precision")


def local_card_rows(card: LocalCard, model: ModelCard) -> list[tuple[str, ...]]:
    """A row per finding, under `HEAD`: figures with their 95 % intervals."""
    return [
        (
            model.display_name(point.label),
            str(point.films),
            *(rate(msgspec.structs.asdict(point), name) for name in _RATES),
        )
        for point in card.points
    ]


def local_card_notes(card: LocalCard, model: ModelCard) -> list[str]:
    """How the thresholds were chosen, and whether scores have drifted, in sentences."""
    patients = f", {card.groups} patients or groups" if card.groups < card.films else ""
    said = [f"{card.films} films of your own{patients}; 95 % intervals in brackets."]
    said += [
        f"{model.display_name(point.label)}: {point.criterion}."
        for point in card.points
    ]
    if not card.drift:
        said.append(
            "Whether scores have drifted from training cannot be told: the model keeps "
            "no scores to compare with, or no finding has enough films."
        )
    for drift in card.drift:
        name = model.display_name(drift.label)
        what = "have drifted from" if drift.has_drifted else "are those of"
        p = "< 0.001" if drift.p_value < 0.001 else f"= {drift.p_value:.3f}"
        said.append(
            f"The scores of {name} films {what} training (Kolmogorov-Smirnov distance "
            f"{drift.statistic:.2f}, p {p}, {drift.films} films)."
        )
    if any(drift.has_drifted for drift in card.drift):
        said.append(
            "Where scores have drifted, neither the model's calibration nor its sets "
            "of findings can be relied on here."
        )
    return said


def local_card_text(card: LocalCard, model: ModelCard) -> str:
    """The card for the terminal."""
    table = columns([HEAD, *local_card_rows(card, model)])
    return "\n".join([*table, "", *local_card_notes(card, model)])
