"""What a normal verdict says, and what it does not."""

from __future__ import annotations

from collections.abc import Mapping

from core.model.card import HEALTHY, ModelCard


def names_of(card: ModelCard) -> dict[str, str]:
    """Label -> as people read it, in output order."""
    return {label.name: label.display_name for label in card.labels}


def no_sign(names: Mapping[str, str]) -> str:
    """What a normal verdict says: it speaks of the model's other labels alone.

    Args:
        names: As `names_of`.
    """
    others = [
        name[:1].lower() + name[1:] if name[1:].islower() else name
        for label, name in names.items()
        if label != HEALTHY
    ]
    listed = " or ".join([", ".join(others[:-1]), others[-1]] if others[1:] else others)
    return f"No sign of {listed}. Nothing else was looked for."


def normal_note(names: Mapping[str, str]) -> str:
    """What is meant where a film is called normal; empty without such a label.

    Args:
        names: As `names_of`.
    """
    if HEALTHY not in names:
        return ""
    return f"“{names[HEALTHY]}” means: {no_sign(names)}"
