"""Every setting of a training job, in groups."""

from __future__ import annotations

from typing import Any, Final

from core.runs.config import TrainingConfig, config_from_json
from core.runs.settings import AUGMENTATION
from desktop.retrain.settings.field import (
    DATA,
    Field,
    Group,
    field,
    number,
    percent,
    varied,
    whole,
)

#: Decides what computes, not what is made: the one setting outside the job.
BACKEND: Final = "backend"

_FILMS: Final = Group(
    "data",
    "Films",
    (
        field("labels", "list"),
        field(
            "patient_pattern",
            "text",
            how="A regular expression whose first group is the patient.",
        ),
        percent("validation", low=1, high=49),
        percent("test", low=1, high=49),
        field("accept_leaks", "text"),
    ),
    place=DATA,
)

_BASICS: Final = Group(
    "basics",
    "Basics",
    (field("name", "text"), field("weights", "weights")),
    is_open=True,
)

_NETWORK: Final = Group(
    "network",
    "Network",
    (
        field("backbone", "choice"),
        field(
            "head",
            "head",
            choices=(
                ("linear", "linear"),
                ("64", "64"),
                ("512-256-64", "512-256-64"),
            ),
        ),
        field("head_norm", "flag"),
        percent("dropout", high=99, step=5),
        whole("size", unit=" pixels", step=32),
    ),
)

_HEAD: Final = Group(
    "head",
    "First phase: the head alone",
    (
        whole("head_epochs"),
        field("head_rate", "rate"),
        field("head_optimiser", "choice"),
        whole("feature_copies"),
    ),
)

_FINE_TUNING: Final = Group(
    "fine-tuning",
    "Second phase: fine-tuning",
    (
        whole("epochs"),
        field("rate", "rate"),
        field("optimiser", "choice"),
        field("schedule", "choice"),
        whole("plateau_patience"),
        number("plateau_factor", low=0.01, high=0.99, step=0.05, decimals=2),
        whole("unfreeze_from", step=10),
        field("statistics", "choice"),
        field("weight_decay", "rate", high=0.99),
        number("average", high=0.9999),
    ),
)

_LOSS: Final = Group(
    "loss",
    "Loss and balance",
    (
        field("loss", "choice"),
        number("label_smoothing", high=0.99, decimals=3),
        field("balance", "choice"),
        number("heaviest", step=0.5, decimals=1, unit=" times"),
        field(
            "pools",
            "list",
            how="With semicolons between: NAME=source+source, or "
            "NAME=source:label+label where only some labels come from there.",
        ),
    ),
)

_VARIATION: Final = Group(
    "films",
    "Variation of the films",
    (
        field(
            AUGMENTATION + "rotation_deg",
            "number",
            unit="°",
            decimals=1,
            has_slider=True,
        ),
        varied("zoom", high=50),
        varied("shift", high=50),
        field(AUGMENTATION + "flip", "flag"),
        varied("brightness", high=80),
        varied("gamma", high=80),
        varied("blur"),
        varied("erase"),
    ),
)

_END: Final = Group("end", "When to stop", (whole("patience"),))

_MACHINE: Final = Group(
    "machine",
    "Machine",
    (
        Field(
            BACKEND,
            "Keras backend",
            "What computes under Keras; on native Windows only PyTorch reaches "
            "the graphics card.",
            "choice",
            choices=(
                ("", "automatic"),
                ("tensorflow", "TensorFlow"),
                ("torch", "PyTorch"),
                ("jax", "JAX"),
            ),
        ),
        whole("batch"),
        field("mixed_precision", "flag"),
        whole("seed"),
    ),
)

GROUPS: Final = (
    _FILMS,
    _BASICS,
    _NETWORK,
    _HEAD,
    _FINE_TUNING,
    _LOSS,
    _VARIATION,
    _END,
    _MACHINE,
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
