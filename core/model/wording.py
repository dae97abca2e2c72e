"""What a verdict says in words, and what a normal one does not say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from core.model.card import HEALTHY, ModelCard
from core.words import any_of

if TYPE_CHECKING:
    from core.model.classifier import Verdict

#: Beside the numbers of a film that is in doubt.
DOUBT = (
    "Because of what is warned of, no finding is stated: numbers and sets are what "
    "the model computes for the film as it is."
)
_NUMBERS = {2: "Two", 3: "Three", 4: "Four", 5: "Five"}


def no_sign(names: Mapping[str, str]) -> str:
    """What a normal verdict says: it speaks of the model's other labels alone.

    Args:
        names: As `ModelCard` has them.
    """
    others = [name for label, name in names.items() if label != HEALTHY]
    return f"No sign of {any_of(others)}. Nothing else was looked for."


def scope_note(names: Mapping[str, str]) -> str:
    """Which answers a model can give at all: "Three answers only: ..."

    Args:
        names: As `ModelCard` has them.
    """
    count = _NUMBERS.get(len(names), str(len(names)))
    return f"{count} answers only: {any_of(list(names.values()))}."


def normal_note(names: Mapping[str, str]) -> str:
    """What is meant where a film is called normal; empty without such a label.

    Args:
        names: As `ModelCard` has them.
    """
    if HEALTHY not in names:
        return ""
    return f"“{names[HEALTHY]}” means: {no_sign(names)}"


def headline(verdict: Verdict, card: ModelCard) -> str:
    """The verdict in large letters: without numbers, which stand beside it."""
    if verdict.refused is not None:
        return "No verdict"
    if verdict.finding is None:
        return "In doubt" if verdict.is_doubtful else "Uncertain"
    if verdict.finding == HEALTHY:
        return no_sign(card.names)
    return f"Looks like {card.display_name(verdict.finding)}."


def sentence(verdict: Verdict, card: ModelCard) -> str:
    """The verdict on one line, with its numbers."""
    if verdict.refused is not None:
        return f"No verdict. {verdict.refused}"
    shares = {name: card.percent(name, p) for name, p in verdict.probabilities.items()}
    if verdict.finding is not None:
        said = headline(verdict, card)
        if verdict.finding == HEALTHY:
            return said
        return f"{said.removesuffix('.')}, {shares[verdict.finding]}."
    known = verdict.probabilities
    likeliest = sorted(known, key=known.__getitem__, reverse=True)[:2]
    parts = [f"{card.display_name(name)} {shares[name]}" for name in likeliest]
    kind = "In doubt" if verdict.is_doubtful else "Uncertain"
    return f"{kind}: {', '.join(parts)}."
