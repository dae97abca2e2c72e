"""A setting of a training job, as people read and change it."""

from __future__ import annotations

import dataclasses
from typing import Any, Final

#: Where a setting is changed: with the films, or in the form.
DATA, FORM = "data", "form"

AUGMENTATION: Final = "augmentation."


@dataclasses.dataclass(frozen=True)
class Field:
    """One setting.

    Attributes:
        name: Of `TrainingConfig`, or "augmentation." and one of `Augmentation`.
        title: As people read it.
        help: One sentence.
        kind: "whole", "number", "rate", "choice", "flag", "text", "list",
            "head" or "weights".
        unit: After the number; may be empty.
        low, high: Of the number as it is shown.
        step: Of one key press, as it is shown.
        decimals: Of a "number".
        scale: What the setting is multiplied by to be shown; 100 for percent.
        choices: (value, title) of a "choice".
        zero: What 0 means, where it means something of its own.
        has_slider: Whether it is set by a slider too.
    """

    name: str
    title: str
    help: str
    kind: str
    unit: str = ""
    low: float = 0
    high: float = 1
    step: float = 1
    decimals: int = 0
    scale: float = 1
    choices: tuple[tuple[str, str], ...] = ()
    zero: str = ""
    has_slider: bool = False


@dataclasses.dataclass(frozen=True)
class Group:
    """Settings that belong together.

    Attributes:
        name: Short, for tests and the like.
        title: As people read it.
        fields: In the order to show them.
        is_open: Whether it is unfolded from the start.
        place: `DATA` or `FORM`.
    """

    name: str
    title: str
    fields: tuple[Field, ...]
    is_open: bool = False
    place: str = FORM


def whole(name: str, title: str, help: str, low: int, high: int, **more: Any) -> Field:
    """A whole number."""
    return Field(name, title, help, "whole", low=low, high=high, **more)


def percent(name: str, title: str, help: str, high: float, **more: Any) -> Field:
    """A share, shown in percent."""
    return Field(name, title, help, "number", unit=" %", high=high, scale=100, **more)


def number(name: str, title: str, help: str, high: float, **more: Any) -> Field:
    """A number with decimals."""
    values: dict[str, Any] = {"step": 0.01, "decimals": 4, **more}
    return Field(name, title, help, "number", high=high, **values)


def varied(name: str, title: str, help: str, high: float, **more: Any) -> Field:
    """How strongly films are varied, in percent."""
    values = {"zero": "off", "has_slider": True, **more}
    return percent(AUGMENTATION + name, title, help, high, **values)


def in_words(field: Field, value: Any) -> str:
    """A setting's value as it is shown."""
    if field.kind == "flag":
        return "yes" if value else "no"
    if field.kind == "list":
        return ", ".join(value) or "none"
    if field.kind == "choice":
        return dict(field.choices).get(value, str(value))
    if isinstance(value, str):
        return value
    if field.zero and value == 0:
        return field.zero
    return f"{value * field.scale:.10g}{field.unit}"
