"""A setting of a training job, as people read and change it."""

from __future__ import annotations

import dataclasses
from typing import Any, Final

from core.runs.config import TrainingConfig, flat_settings
from core.runs.setting import Setting
from core.runs.settings import SETTINGS

#: Where a setting is changed: with the films, or in the form.
DATA, FORM = "data", "form"
_DEFAULTS: Final = flat_settings(TrainingConfig())
#: Smallest step of a rate's ends, over whose orders of magnitude none is fitting.
_RATE_STEP: Final = 0.01


@dataclasses.dataclass(frozen=True)
class Field:
    """One setting, and how the window shows it.

    Attributes:
        name: As `core.runs.settings.SETTINGS` has it.
        setting: What it means, and which values it takes.
        kind: "whole", "number", "rate", "choice", "flag", "text", "list",
            "head" or "weights".
        step: Of one key press, as it is shown.
        decimals: Of a "number".
        has_slider: Whether it is set by a slider too.
    """

    name: str
    setting: Setting
    kind: str
    step: float = 1
    decimals: int = 0
    has_slider: bool = False

    @property
    def title(self) -> str:
        """As people read it."""
        return self.setting.title

    @property
    def help(self) -> str:
        """What it does."""
        return self.setting.help

    @property
    def zero(self) -> str:
        """What 0 means, where it means something of its own."""
        return self.setting.zero

    @property
    def unit(self) -> str:
        """After the number; may be empty."""
        return self.setting.shown_unit

    @property
    def scale(self) -> float:
        """What the setting is multiplied by to be shown."""
        return self.setting.scale

    @property
    def low(self) -> float:
        """Smallest number of a box, which has no end that it leaves out."""
        low = (self.setting.low or 0) * self.scale
        return low + self._least if self.setting.is_open[0] else low

    @property
    def high(self) -> float:
        """Largest number of a box; may be less than can be set elsewhere."""
        if self.setting.offered is not None:
            return self.setting.offered * self.scale
        high = (self.setting.high or 0) * self.scale
        return high - self._least if self.setting.is_open[1] else high

    @property
    def _least(self) -> float:
        return _RATE_STEP if self.kind == "rate" else 10.0**-self.decimals


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


def field(name: str, kind: str = "", **shown: Any) -> Field:
    """A setting as the core describes it.

    Args:
        kind: As in `Field`, where the kind of its values does not tell.
        shown: Other fields of `Field`.
    """
    setting = SETTINGS[name]
    return Field(name, setting, kind or _kind(name, setting), **shown)


def _kind(name: str, setting: Setting) -> str:
    if setting.choices:
        return "choice"
    kinds = {bool: "flag", int: "whole", float: "number", str: "text", tuple: "list"}
    return kinds[type(_DEFAULTS[name])]
