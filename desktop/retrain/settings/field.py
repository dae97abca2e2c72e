"""A setting of a training job, as people read and change it."""

from __future__ import annotations

import dataclasses
from typing import Any

from core.runs.settings import AUGMENTATION, setting_of

#: Where a setting is changed: with the films, or in the form.
DATA, FORM = "data", "form"


@dataclasses.dataclass(frozen=True)
class Field:
    """One setting.

    Attributes:
        name: Of `core.runs.settings.setting_of`.
        title: As people read it.
        help: What it does.
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


def field(name: str, kind: str, *, how: str = "", **shown: Any) -> Field:
    """A setting as the core describes it.

    Args:
        kind: As in `Field`.
        how: How it is written here, to follow what it does.
        shown: Fields of `Field` that are not as the core has them: a box has no
            end that it leaves out, and may offer less than can be set.
    """
    setting = setting_of(name)
    scale = shown.get("scale", 1)
    values: dict[str, Any] = {
        "low": (setting.low or 0) * scale,
        "high": (setting.high or 0) * scale,
        "choices": tuple(setting.choices.items()),
        "zero": setting.zero,
    }
    text = f"{setting.help} {how}".rstrip()
    return Field(name, setting.title, text, kind, **{**values, **shown})


def whole(name: str, **shown: Any) -> Field:
    """A whole number."""
    return field(name, "whole", **shown)


def percent(name: str, **shown: Any) -> Field:
    """A share, shown in percent."""
    return field(name, "number", unit=" %", scale=100, **shown)


def number(name: str, **shown: Any) -> Field:
    """A number with decimals."""
    return field(name, "number", **{"step": 0.01, "decimals": 4, **shown})


def varied(name: str, **shown: Any) -> Field:
    """How strongly films are varied, in percent."""
    return percent(AUGMENTATION + name, has_slider=True, **shown)


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
