"""What a search may vary: a JSON file, setting by setting."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from core.errors import TrainingError
from core.json_file import read_json
from core.records import Number, RecordError, convert
from core.runs.config import TrainingConfig, config_from_json, flat_settings
from core.runs.setting import explained
from core.runs.settings import AUGMENTATION

Value = bool | int | float | str
#: Settings that no trial has of its own: all are measured on the same films.
FIXED: Final = frozenset(
    "name labels pools validation test patient_pattern accept_leaks seed "
    "leave_one_source_out".split()
)
#: Most combinations that a grid may have.
_LARGEST_GRID: Final = 10_000
_SHAPE: Final = (
    'Write each setting as a list of values, "batch": [16, 32], or as a range, '
    '"head_rate": {"low": 0.0001, "high": 0.01, "log": true}.'
)


class _Given(msgspec.Struct, forbid_unknown_fields=True):
    """A range as a file has it."""

    low: Number
    high: Number
    step: Number | None = None
    log: bool = False


@dataclasses.dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, both among them.

    Attributes:
        step: Between two of them; None for any number.
        log: Whether small ones are tried as often as large ones, by their size.
        is_whole: Whether they are whole numbers.
    """

    low: float
    high: float
    step: float | None
    log: bool
    is_whole: bool

    @property
    def values(self) -> tuple[float, ...]:
        """All of them; none where there is no step."""
        if self.step is None:
            return ()
        return tuple(self._value(place) for place in range(self._steps(self.step) + 1))

    def ended(self) -> Range:
        """The same, but that its steps end at `high`."""
        if self.step is None:
            return self
        return dataclasses.replace(self, high=self._value(self._steps(self.step)))

    def _steps(self, step: float) -> int:
        return math.floor((self.high - self.low) / step + 1e-9)

    def _value(self, place: int) -> float:
        # As it would be written down: 0.1 + 2 * 0.1 is not 0.3.
        value = float(f"{self.low + place * (self.step or 0):.12g}")
        return int(value) if self.is_whole else value


#: Setting, as `train --list-settings` names it -> what it may be.
Space = Mapping[str, tuple[Value, ...] | Range]


def read_space(path: Path, base: TrainingConfig) -> tuple[Space, dict[str, Any]]:
    """Read a space from a file.

    Args:
        base: What a trial has of all other settings.

    Returns:
        The space, and the JSON fields that it is made of.

    Raises:
        TrainingError: It cannot be read, or says what no training can be.
    """
    try:
        fields = read_json(path)
    except (OSError, ValueError) as error:
        raise TrainingError(
            f"The space file {path.name} cannot be read: {error}.", hint=_SHAPE
        ) from error
    return space_from_json(fields, base), fields


def space_from_json(fields: Any, base: TrainingConfig) -> Space:
    """Build a space from JSON fields, checking each value by its setting.

    Raises:
        TrainingError: As `read_space`.
    """
    if not isinstance(fields, dict) or not fields:
        raise TrainingError("The space names no setting to vary.", hint=_SHAPE)
    settings = flat_settings(base)
    if unknown := sorted(set(fields) - set(settings)):
        raise TrainingError(
            f"A training job has no setting called {unknown[0]}.", hint=explained()
        )
    if fixed := sorted(FIXED & set(fields)):
        raise TrainingError(
            f"A search cannot vary {', '.join(fixed)}: all its trials are measured on "
            "the same films in the same way.",
            hint="Take it out of the space, and set it for all trials with --set.",
        )
    space = {}
    for name, given in fields.items():
        space[name] = part = _part(name, given, settings[name])
        for value in part if isinstance(part, tuple) else (part.low, part.high):
            config_with(base, {name: value})
    return space


def config_with(base: TrainingConfig, values: Mapping[str, Any]) -> TrainingConfig:
    """The job of a trial: `base`, with these settings.

    Raises:
        TrainingError: A setting cannot be so.
    """
    fields: dict[str, Any] = {}
    for name, value in values.items():
        if name.startswith(AUGMENTATION):
            nested = fields.setdefault(AUGMENTATION.removesuffix("."), {})
            nested[name.removeprefix(AUGMENTATION)] = value
        else:
            fields[name] = value
    return config_from_json(fields, base)


def grid_of(space: Space) -> list[dict[str, Value]]:
    """Every combination, in the order of the space.

    Raises:
        TrainingError: A range has no step, or there are too many.
    """
    axes = []
    for name, part in space.items():
        axes.append(part.values if isinstance(part, Range) else part)
        if not axes[-1]:
            raise TrainingError(
                f"A grid must know which values of {name} to try.",
                hint="Give its range a step, or list the values, as [0.001, 0.01].",
            )
    if (count := math.prod(map(len, axes))) > _LARGEST_GRID:
        raise TrainingError(
            f"The grid has {count:,} combinations; {_LARGEST_GRID:,} are the most.",
            hint="Try fewer values, or search with --sampler tpe.",
        )
    rows = itertools.product(*axes)
    return [dict(zip(space, values, strict=True)) for values in rows]


def _part(name: str, given: Any, usual: Any) -> tuple[Value, ...] | Range:
    """What a setting may be.

    Args:
        usual: What it is otherwise, which tells its kind.
    """
    try:
        if not isinstance(given, dict):
            choices = convert(given, tuple[Value, ...])
            if len(set(choices)) < max(1, len(choices)):
                raise RecordError("", "must be a list of different values")
            return choices
        found = convert(given, _Given)
    except RecordError as error:
        raise TrainingError(
            f"The space of {name} cannot be understood: {error}.", hint=_SHAPE
        ) from error
    if isinstance(usual, bool) or not isinstance(usual, int | float):
        raise TrainingError(
            f"{name} is no number, so it has no range.",
            hint="List the values to try, such as [true, false].",
        )
    is_whole, step = isinstance(usual, int), found.step
    said = ""
    if found.low >= found.high:
        said = "low must be less than high"
    elif found.log and (found.low <= 0 or step is not None):
        said = "with log, low must be more than 0, and there is no step"
    elif step is not None and not 0 < step <= found.high - found.low:
        said = "step must be more than 0, and no more than from low to high"
    elif is_whole and any(x % 1 for x in (found.low, found.high, step or 0)):
        said = "low, high and step must be whole numbers"
    if said:
        raise TrainingError(f"The range of {name} cannot be: {said}.", hint=_SHAPE)
    kind = int if is_whole else float
    if is_whole and not found.log:
        step = step or 1
    step = step if step is None else kind(step)
    return Range(kind(found.low), kind(found.high), step, found.log, is_whole).ended()
