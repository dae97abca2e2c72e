"""One setting of a job, as it stands on its field: what it means, what it takes.

The one description of it: `core.runs.config` refuses values by it, `train
--list-settings` prints it, and the form of the window is made of it.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Meta

from core.errors import TrainingError
from core.json_file import parse_json
from core.paths import command_name
from core.records import TEXT, Number, fits

#: Characters of a refused value that are repeated.
_LONGEST_SAID: Final = 80
#: Unit of a number from 0 to 1 that people read in percent.
SHARE: Final = "share"
_UNITS: Final = {"": "", SHARE: " %", "degrees": "°"}


@dataclasses.dataclass(frozen=True)
class Setting:
    """One setting.

    Attributes:
        low, high: Of a number; None for anything else.
        is_open: Whether `low` and `high` themselves are too small and too large.
        choices: Value -> what people read, where it is one of a few.
        pattern: That a text must be like, where not any text will do.
        takes: What is taken, where that is neither a range nor a choice.
        examples: Texts that are often wanted.
        unit: What a number counts: "pixels", or `SHARE`; may be empty.
        offered: Most that the window offers, where more is seldom wanted.
        zero: What 0 means, where it means something of its own.
    """

    title: str
    help: str
    low: float | None = None
    high: float | None = None
    is_open: tuple[bool, bool] = (False, False)
    choices: Mapping[str, str] = dataclasses.field(default_factory=dict)
    pattern: str = ""
    takes: str = ""
    examples: tuple[str, ...] = ()
    unit: str = ""
    offered: float | None = None
    zero: str = ""

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

    @property
    def scale(self) -> float:
        """What a number is multiplied by to be shown."""
        return 100 if self.unit == SHARE else 1

    @property
    def shown_unit(self) -> str:
        """What stands after a number that is shown; may be empty."""
        return _UNITS.get(self.unit, f" {self.unit}")

    def in_words(self, value: Any) -> str:
        """A value as people read it; of a card by another hand, whatever it is."""
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, list | tuple):
            return ", ".join(map(str, value)) or "none"
        if isinstance(value, str):
            return self.choices.get(value, value) or "none"
        if not fits(value, Number):
            return "-"
        if self.zero and value == 0:
            return self.zero
        return f"{value * self.scale:.10g}{self.shown_unit}"

    def refused(self, name: str, value: Any, *, is_kind: bool) -> TrainingError:
        """What is raised where it cannot have a value.

        Args:
            is_kind: Whether the value is of the right kind, and out of range.
        """
        if not is_kind or not (self.choices or self.pattern or self.low is not None):
            return bad_field(name, value)
        return TrainingError(
            f"In a training job {name} must be {self.values()}.",
            hint=f"It was given as {_said(value)}. {explained()}",
        )


def number(title: str, help: str, range: str, **more: Any) -> Meta:
    """On the field of a number.

    Args:
        range: As mathematicians write it: "[0, 1)" includes 0 and not 1.
        more: `unit`, `offered` or `zero` of `Setting`.
    """
    low, high = parse_json(f"[{range[1:-1]}]")
    is_open = (range[0] == "(", range[-1] == ")")
    ranged = {"gt" if is_open[0] else "ge": low, "lt" if is_open[1] else "le": high}
    return _on_field(Setting(title, help, low, high, is_open, **more), **ranged)


def share(title: str, help: str, range: str, **more: Any) -> Meta:
    """On the field of a number that people read in percent; 0 turns it off."""
    zero = "off" if range[0] == "[" else ""
    return number(title, help, range, unit=SHARE, zero=zero, **more)


def choice(title: str, help: str, choices: Mapping[str, str]) -> Meta:
    """On the field of one of a few texts."""
    pattern = rf"\A({'|'.join(map(re.escape, choices))})\Z"
    return _on_field(Setting(title, help, choices=choices), pattern=pattern)


def text(title: str, help: str, takes: str, *, pattern: str = "", **more: Any) -> Meta:
    """On the field of a text."""
    setting = Setting(title, help, takes=takes, pattern=pattern, **more)
    return _on_field(setting, pattern=pattern or TEXT)


def texts(title: str, help: str, takes: str) -> Meta:
    """On the field of a list of texts."""
    return _on_field(Setting(title, help, takes=takes))


def flag(title: str, help: str) -> Meta:
    """On the field of what is on or off."""
    return _on_field(Setting(title, help, takes="true or false"))


def _on_field(setting: Setting, **checked: Any) -> Meta:
    return Meta(extra={"setting": setting}, **checked)


def settings_of(record: type[msgspec.Struct], prefix: str = "") -> dict[str, Setting]:
    """The settings that stand on the fields of a record, in their order."""
    return {
        prefix + field.name: field.type.__metadata__[-1].extra["setting"]
        for field in msgspec.structs.fields(record)
        if hasattr(field.type, "__metadata__")  # not where settings are nested
    }


def bad_field(name: str, value: Any) -> TrainingError:
    """What is raised where a setting has a value that is none of its kind."""
    return TrainingError(
        f"The setting {name} of a training job cannot be {_said(value)}.",
        hint=explained(),
    )


def explained() -> str:
    """Where every setting is explained, for hints."""
    return f"`{command_name()} train --list-settings` explains each."


def _said(value: Any) -> str:
    said = repr(value)
    return said if len(said) <= _LONGEST_SAID else f"{said[:_LONGEST_SAID]}..."
