"""What a normal verdict says, and what it does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.model.card import HEALTHY, ModelCard

_NUMBERS = {2: "Two", 3: "Three", 4: "Four", 5: "Five"}


def names_of(card: ModelCard) -> dict[str, str]:
    """Label -> as people read it, in output order."""
    return {label.name: label.display_name for label in card.labels}


def no_sign(names: Mapping[str, str]) -> str:
    """What a normal verdict says: it speaks of the model's other labels alone.

    Args:
        names: As `names_of`.
    """
    others = [name for label, name in names.items() if label != HEALTHY]
    return f"No sign of {_listed(others)}. Nothing else was looked for."


def scope_note(names: Mapping[str, str]) -> str:
    """Which answers a model can give at all: "Three answers only: ..."

    Args:
        names: As `names_of`.
    """
    count = _NUMBERS.get(len(names), str(len(names)))
    return f"{count} answers only: {_listed(list(names.values()))}."


def normal_note(names: Mapping[str, str]) -> str:
    """What is meant where a film is called normal; empty without such a label.

    Args:
        names: As `names_of`.
    """
    if HEALTHY not in names:
        return ""
    return f"“{names[HEALTHY]}” means: {no_sign(names)}"


def _listed(names: Sequence[str]) -> str:
    """Names within a sentence: "COVID-19, tuberculosis or pneumonia"."""
    small = [x[:1].lower() + x[1:] if x[1:].islower() else x for x in names]
    return " or ".join([", ".join(small[:-1]), small[-1]] if small[1:] else small)
