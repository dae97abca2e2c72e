"""One setting of a job: what it means, and which values it takes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

from core.errors import TrainingError
from core.paths import command_name

#: Characters of a refused value that are repeated.
_LONGEST_SAID: Final = 80


@dataclasses.dataclass(frozen=True)
class Setting:
    """One setting.

    Attributes:
        title: As people read it.
        help: What it does.
        low, high: Of a number; None for anything else.
        is_open: Whether `low` and `high` themselves are too small and too large.
        choices: Value -> what people read, where it is one of a few.
        takes: What is taken, where that is neither a range nor a choice.
        zero: What 0 means, where it means something of its own.
    """

    title: str
    help: str
    low: float | None = None
    high: float | None = None
    is_open: tuple[bool, bool] = (False, False)
    choices: Mapping[str, str] = dataclasses.field(default_factory=dict)
    takes: str = ""
    zero: str = ""

    def allows(self, value: Any) -> bool:
        """Whether a value of the right kind is in the range, or a choice."""
        if self.choices:
            return value in self.choices
        if self.low is None or self.high is None:
            return True
        above = self.low < value if self.is_open[0] else self.low <= value
        below = value < self.high if self.is_open[1] else value <= self.high
        return above and below

    def values(self) -> str:
        """What it takes, in words that follow "must be"."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        if self.low is None or self.high is None:
            return self.takes
        low, high = f"{self.low:.10g}", f"{self.high:.10g}"
        if not any(self.is_open):
            return f"{low} to {high}"
        least = f"more than {low}" if self.is_open[0] else f"at least {low}"
        most = f"less than {high}" if self.is_open[1] else f"at most {high}"
        return f"{least} and {most}"


def number(
    title: str, help: str, low: float, high: float, *, ends: str = "[]", zero: str = ""
) -> Setting:
    """A setting with a range.

    Args:
        ends: As mathematicians write them: "[)" includes `low` and not `high`.
    """
    is_open = (ends[0] == "(", ends[1] == ")")
    return Setting(title, help, low, high, is_open, zero=zero)


def flag(title: str, help: str) -> Setting:
    """A setting that is on or off."""
    return Setting(title, help, takes="true or false")


def is_text(value: Any) -> bool:
    """Whether a value is text that can be written into a file."""
    if not isinstance(value, str):
        return False
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:  # of a file's name that is no text
        return False
    return True


def bad_field(name: str, value: Any) -> TrainingError:
    """What is raised where a setting has a value that is none of its kind."""
    return TrainingError(
        f"The setting {name} of a training job cannot be {_said(value)}.",
        hint=explained(),
    )


def check_ranges(record: Any, settings: Mapping[str, Setting]) -> None:
    """Refuse a record of which a field is out of its range.

    Raises:
        TrainingError: Names it, and says what it must be.
    """
    for name, setting in settings.items():
        value = getattr(record, name)
        if not setting.allows(value):
            raise out_of_range(name, setting, value)


def out_of_range(name: str, setting: Setting, value: Any) -> TrainingError:
    """What is raised where a value is of the right kind and yet cannot be."""
    return TrainingError(
        f"In a training job {name} must be {setting.values()}.",
        hint=f"It was given as {_said(value)}. {explained()}",
    )


def explained() -> str:
    """Where every setting is explained, for hints."""
    return f"`{command_name()} train --list-settings` explains each."


def _said(value: Any) -> str:
    said = repr(value)
    return said if len(said) <= _LONGEST_SAID else f"{said[:_LONGEST_SAID]}..."
