"""Every setting of a training job, in groups."""

from __future__ import annotations

from typing import Any, Final

from core.job import TrainingConfig, config_from_json, config_to_json
from desktop.setting_field import (
    AUGMENTATION,
    DATA,
    Field,
    Group,
    percent,
    varied,
    whole,
)
from desktop.training_fields import END, FINE_TUNING, HEAD, LOSS, NETWORK

#: Decides what computes, not what is made: the one setting outside the job.
BACKEND: Final = "backend"

_FILMS: Final = Group(
    "data",
    "Films",
    (
        Field(
            "labels",
            "Labels",
            "The model tells these labels apart; films of others are left out.",
            "list",
        ),
        Field(
            "patient_pattern",
            "Patient in the file name",
            "A regular expression whose first group is the patient, so that no "
            "patient is in two splits.",
            "text",
        ),
        percent(
            "validation",
            "Validation",
            "Share of the films on which the best epoch and the thresholds are chosen.",
            49,
            low=1,
        ),
        percent(
            "test",
            "Test",
            "Share of the films that are kept for the final figures alone.",
            49,
            low=1,
        ),
        Field(
            "accept_leaks",
            "Why leaks are accepted",
            "Goes into the record of the run, in your words.",
            "text",
        ),
    ),
    place=DATA,
)

_BASICS: Final = Group(
    "basics",
    "Basics",
    (
        Field("name", "Name", "What the new model is called.", "text"),
        Field(
            "weights",
            "Start from",
            "What the network knows before it sees your films.",
            "weights",
        ),
    ),
    is_open=True,
)

_VARIATION: Final = Group(
    "films",
    "Variation of the films",
    (
        Field(
            AUGMENTATION + "rotation_deg",
            "Rotation",
            "Largest turn either way; real films are seldom off by more than 15.",
            "number",
            unit="°",
            high=45,
            decimals=1,
            zero="off",
            has_slider=True,
        ),
        varied("zoom", "Zoom", "Largest change of scale; each axis on its own.", 50),
        varied("shift", "Shift", "Largest shift, of the film's side.", 50),
        Field(
            AUGMENTATION + "flip",
            "Mirror left and right",
            "Mirrors half of the films; the heart is then on the wrong side.",
            "flag",
        ),
        varied(
            "brightness",
            "Brightness",
            "Largest change of the level, of the range from black to white.",
            80,
        ),
        varied("gamma", "Contrast", "Largest change of the gamma exponent.", 80),
        varied(
            "blur",
            "Blur",
            "Probability that a film is blurred or coarsened, as other scanners would.",
            100,
        ),
        varied(
            "erase",
            "Blanking",
            "Probability that a patch, or the border with its letters, is blanked.",
            100,
        ),
    ),
)

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
        whole(
            "batch",
            "Films per step",
            "More is faster on a large GPU; it is halved by itself when memory "
            "runs out.",
            1,
            1024,
        ),
        Field(
            "mixed_precision",
            "Mixed precision",
            "Computes in bfloat16: about twice as fast on recent GPUs, slower on "
            "most processors.",
            "flag",
        ),
        whole(
            "seed",
            "Seed",
            "The same seed gives the same model on the same machine.",
            0,
            2**31 - 1,
        ),
    ),
)

GROUPS: Final = (
    _FILMS,
    _BASICS,
    NETWORK,
    HEAD,
    FINE_TUNING,
    LOSS,
    _VARIATION,
    END,
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


def flat_settings(config: TrainingConfig) -> dict[str, Any]:
    """All settings by the names of `Field`, as plain JSON values."""
    settings = config_to_json(config)
    nested = settings.pop("augmentation")
    settings.update({AUGMENTATION + name: value for name, value in nested.items()})
    return settings
