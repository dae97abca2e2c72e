"""What a training job is: everything that decides what it makes."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

from core.errors import TrainingError
from core.runs.setting import bad_field, check_ranges, explained, is_text, out_of_range
from core.runs.settings import AUGMENTATION, SETTINGS, VARIATIONS

#: Backbone -> the layer from which it is usually unfrozen.
USUAL_LAYERS = {
    "densenet121": 100,
    "resnet50": 143,
    "resnet152v2": 300,
    "vgg16": 15,
    "vgg19": 17,
}
BACKBONES = tuple(USUAL_LAYERS)
LINEAR = "linear"
_HEAD = r"linear|[1-9]\d{0,3}(-[1-9]\d{0,3}){0,3}"


@dataclasses.dataclass(frozen=True)
class Augmentation:
    """How far training films are varied; `job_settings.VARIATIONS` explains each."""

    rotation_deg: float = 10.0
    zoom: float = 0.12
    shift: float = 0.06
    flip: bool = True
    gamma: float = 0.3
    brightness: float = 0.0
    blur: float = 0.3
    erase: float = 0.3

    def __post_init__(self) -> None:
        check_ranges(self, VARIATIONS)


@dataclasses.dataclass(frozen=True)
class TrainingConfig:
    """Everything that decides what a training job makes.

    `core.runs.settings.SETTINGS` explains each field.
    """

    name: str = "My model"
    labels: tuple[str, ...] = ()
    backbone: str = "densenet121"
    weights: str = "default"
    size: int = 224
    head: str = LINEAR
    head_norm: bool = False
    dropout: float = 0.3
    head_epochs: int = 40
    head_optimiser: str = "adam"
    head_rate: float = 1e-3
    feature_copies: int = 0
    epochs: int = 8
    optimiser: str = "adamw"
    rate: float = 1e-4
    schedule: str = "cosine"
    plateau_patience: int = 2
    plateau_factor: float = 0.3
    unfreeze_from: int = 100
    statistics: str = "auto"
    batch: int = 32
    patience: int = 4
    weight_decay: float = 1e-4
    loss: str = "cross-entropy"
    label_smoothing: float = 0.05
    average: float = 0.95
    balance: str = "labels-and-sources"
    heaviest: float = 4.0
    pools: tuple[str, ...] = ()
    augmentation: Augmentation = Augmentation()
    mixed_precision: bool = False
    validation: float = 0.2
    test: float = 0.2
    patient_pattern: str = ""
    accept_leaks: str = ""
    seed: int = 2020

    def __post_init__(self) -> None:
        check_ranges(self, SETTINGS)
        if re.fullmatch(_HEAD, self.head, re.ASCII) is None:
            raise out_of_range("head", SETTINGS["head"], self.head)
        if len(set(self.labels)) < len(self.labels):
            raise out_of_range("labels", SETTINGS["labels"], self.labels)

    @property
    def hidden(self) -> tuple[int, ...]:
        """Units of the head's hidden layers; empty for a linear head."""
        if self.head == LINEAR:
            return ()
        return tuple(int(units) for units in self.head.split("-"))

    @property
    def learns_statistics(self) -> bool:
        """Whether batch normalisation learns in the second phase."""
        if self.statistics == "auto":
            return self.weights == "none"
        return self.statistics == "learned"


def flat_settings(config: TrainingConfig) -> dict[str, Any]:
    """Fields of a job as plain JSON values, those of its variations among them."""
    settings = config_to_json(config)
    nested = settings.pop("augmentation")
    settings.update({AUGMENTATION + name: value for name, value in nested.items()})
    return settings


def config_to_json(config: TrainingConfig) -> dict[str, Any]:
    """Fields of a job as plain JSON values."""
    return dataclasses.asdict(config)


def config_from_json(
    fields: dict[str, Any], base: TrainingConfig | None = None
) -> TrainingConfig:
    """Build a job from JSON fields over `base`, checking each one.

    Where another backbone is chosen and no layer to unfreeze it from, it is the
    one that is usual for it.

    Raises:
        TrainingError: A field is unknown, of the wrong kind, or out of range.
    """
    start = base or TrainingConfig()
    changes: dict[str, Any] = {}
    for name, value in fields.items():
        if name == "augmentation":
            if not isinstance(value, dict):
                raise bad_field(name, value)
            changes[name] = _replace(start.augmentation, value)
        else:
            changes[name] = value
    if "backbone" in fields and "unfreeze_from" not in fields:
        usual = USUAL_LAYERS.get(str(fields["backbone"]), start.unfreeze_from)
        changes["unfreeze_from"] = usual
    config: TrainingConfig = _replace(start, changes)
    return config


def _replace(start: Any, fields: dict[str, Any]) -> Any:
    known = {field.name for field in dataclasses.fields(start)}
    changes = {}
    for name, value in fields.items():
        if name not in known:
            raise TrainingError(
                f"A training job has no setting called {name}.",
                hint=f"Known settings: {', '.join(sorted(known))}. {explained()}",
            )
        changes[name] = _coerce(name, value, getattr(start, name))
    return dataclasses.replace(start, **changes)


def _coerce(name: str, value: Any, like: Any) -> Any:
    """Check a JSON value against the kind of the default it replaces."""
    kind_fits = {
        bool: isinstance(value, bool),
        int: isinstance(value, int) and not isinstance(value, bool),
        float: isinstance(value, int | float) and not isinstance(value, bool),
        str: is_text(value),
        tuple: isinstance(value, list | tuple) and all(map(is_text, value)),
    }
    if type(like) not in kind_fits:  # a record, already checked
        return value
    if not kind_fits[type(like)]:
        raise bad_field(name, value)
    try:
        return type(like)(value)
    except OverflowError as error:  # a whole number of hundreds of digits
        raise bad_field(name, value) from error
