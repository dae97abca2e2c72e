"""Every setting of a training job, in groups."""

from __future__ import annotations

from typing import Any, Final

from core.runs.config import TrainingConfig, config_from_json
from core.runs.setting import Setting
from core.runs.settings import AUGMENTATION
from desktop.retrain.settings.field import DATA, Field, Group, field

#: Decides what computes, not what is made: the one setting outside the job.
BACKEND: Final = "backend"
_BACKEND: Final = Setting(
    "Keras backend",
    "What computes under Keras; on native Windows only PyTorch reaches the graphics "
    "card.",
    choices={
        "": "automatic",
        "tensorflow": "TensorFlow",
        "torch": "PyTorch",
        "jax": "JAX",
    },
)


def _varied(name: str, **shown: Any) -> Field:
    return field(AUGMENTATION + name, has_slider=True, **shown)


GROUPS: Final = (
    Group(
        "data",
        "Films",
        (
            field("labels"),
            field("patient_pattern"),
            field("validation"),
            field("test"),
            field("accept_leaks"),
        ),
        place=DATA,
    ),
    Group(
        "basics", "Basics", (field("name"), field("weights", "weights")), is_open=True
    ),
    Group(
        "network",
        "Network",
        (
            field("backbone"),
            field("head", "head"),
            field("head_norm"),
            field("dropout", step=5),
            field("size", step=32),
        ),
    ),
    Group(
        "head",
        "First phase: the head alone",
        (
            field("head_epochs"),
            field("head_rate", "rate"),
            field("head_optimiser"),
            field("feature_copies"),
        ),
    ),
    Group(
        "fine-tuning",
        "Second phase: fine-tuning",
        (
            field("epochs"),
            field("rate", "rate"),
            field("optimiser"),
            field("schedule"),
            field("plateau_patience"),
            field("plateau_factor", step=0.05, decimals=2),
            field("unfreeze_from", step=10),
            field("statistics"),
            field("weight_decay", "rate"),
            field("average", step=0.01, decimals=4),
        ),
    ),
    Group(
        "loss",
        "Loss and balance",
        (
            field("loss"),
            field("label_smoothing", step=0.01, decimals=3),
            field("balance"),
            field("heaviest", step=0.5, decimals=1),
            field("pools"),
            field("leave_one_source_out"),
        ),
    ),
    Group(
        "films",
        "Variation of the films",
        (
            _varied("rotation_deg", decimals=1),
            _varied("zoom"),
            _varied("shift"),
            field(AUGMENTATION + "flip"),
            _varied("brightness"),
            _varied("gamma"),
            _varied("blur"),
            _varied("erase"),
        ),
    ),
    Group("end", "When to stop", (field("patience"),)),
    Group(
        "machine",
        "Machine",
        (
            Field(BACKEND, _BACKEND, "choice"),
            field("batch"),
            field("mixed_precision"),
            field("seed"),
        ),
    ),
)


def all_fields() -> dict[str, Field]:
    """Every setting by name."""
    return {field.name: field for group in GROUPS for field in group.fields}


def config_of(settings: dict[str, Any]) -> TrainingConfig:
    """The job with these settings, by the names of `Field`.

    Raises:
        TrainingError: One of them cannot be.
    """
    fields: dict[str, Any] = {"augmentation": {}}
    for name, value in settings.items():
        if name.startswith(AUGMENTATION):
            fields["augmentation"][name.removeprefix(AUGMENTATION)] = value
        elif name != BACKEND:
            fields[name] = value
    return config_from_json(fields)
