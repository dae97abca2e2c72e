"""What a training job is: everything that decides what it makes, from and to JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from core.errors import TrainingError
from core.records import RecordError, convert, to_json
from core.runs.model_settings import Augmentation
from core.runs.setting import bad_field, explained
from core.runs.settings import AUGMENTATION, SETTINGS, TrainingConfig, flat

__all__ = [
    "TITLES",
    "USUAL_LAYERS",
    "Augmentation",
    "TrainingConfig",
    "config_from_json",
    "config_to_json",
    "convert_with_config",
    "flat_settings",
]

#: Backbone -> the layer from which it is usually unfrozen.
USUAL_LAYERS = {
    "densenet121": 100,
    "resnet50": 143,
    "resnet152v2": 300,
    "vgg16": 15,
    "vgg19": 17,
}
#: Backbone -> as people write it, and as Keras names its function.
TITLES = SETTINGS["backbone"].choices
_NESTED = AUGMENTATION.removesuffix(".")

T = TypeVar("T")


def flat_settings(config: TrainingConfig) -> dict[str, Any]:
    """Fields of a job as plain JSON values, those of its variations among them."""
    return flat(config_to_json(config))


def config_to_json(config: TrainingConfig) -> dict[str, Any]:
    """Fields of a job as plain JSON values."""
    fields: dict[str, Any] = to_json(config)
    return fields


def config_from_json(
    fields: Mapping[str, Any], base: TrainingConfig | None = None
) -> TrainingConfig:
    """Build a job from JSON fields over `base`, checking each one.

    Where another backbone is chosen and no layer to unfreeze it from, it is the
    one that is usual for it.

    Raises:
        TrainingError: A field is unknown, of the wrong kind, or out of range.
    """
    start = config_to_json(base or TrainingConfig())
    whole = {**start, **fields}
    if isinstance(whole[_NESTED], dict):
        whole[_NESTED] = {**start[_NESTED], **whole[_NESTED]}
    if "backbone" in fields and "unfreeze_from" not in fields:
        usual = USUAL_LAYERS.get(str(fields["backbone"]), start["unfreeze_from"])
        whole["unfreeze_from"] = usual
    try:
        config = convert(whole, TrainingConfig)
    except RecordError as error:
        raise _refused(error, whole) from error
    if len(set(config.labels)) < len(config.labels):
        raise SETTINGS["labels"].refused("labels", config.labels, is_kind=True)
    if not config.head_epochs and not config.epochs:
        raise TrainingError(
            "A training job needs epochs in one of its phases.",
            hint="Set head_epochs or epochs to 1 or more.",
        )
    return config


class _WithConfig(msgspec.Struct):
    config: dict[str, Any]


def convert_with_config(fields: Any, kind: type[T]) -> T:
    """Make a record that has a job as its `config`, checking each field.

    Raises:
        TrainingError: The job in it is none.
        RecordError: Another field is missing or wrong.
    """
    config = config_from_json(convert(fields, _WithConfig).config)
    return convert({**fields, "config": config}, kind)


def _refused(error: RecordError, fields: Mapping[str, Any]) -> TrainingError:
    """What is raised for a field, in the words of its setting."""
    name = re.sub(r"\[.*", "", error.field)
    if error.is_unknown:
        return TrainingError(
            f"A training job has no setting called {name}.",
            hint=f"Known settings: {', '.join(sorted(SETTINGS))}. {explained()}",
        )
    outer, _, inner = name.partition(".")
    value = fields[outer][inner] if inner else fields.get(outer)
    if name not in SETTINGS:
        return bad_field(name, value)
    return SETTINGS[name].refused(name, value, is_kind=error.is_kind)
