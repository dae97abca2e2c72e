"""Every setting of a training job, as people read and change it."""

from __future__ import annotations

import dataclasses
from typing import Any, Final

from core.job import TrainingConfig, config_from_json, config_to_json

#: Where a setting is changed: with the films, or in the form.
DATA, FORM = "data", "form"

AUGMENTATION: Final = "augmentation."
#: Decides what computes, not what is made: the one setting outside the job.
BACKEND: Final = "backend"


@dataclasses.dataclass(frozen=True)
class Field:
    """One setting.

    Attributes:
        name: Of `TrainingConfig`, or "augmentation." and one of `Augmentation`.
        title: As people read it.
        help: One sentence.
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


def _whole(name: str, title: str, help: str, low: int, high: int, **more: Any) -> Field:
    return Field(name, title, help, "whole", low=low, high=high, **more)


def _percent(name: str, title: str, help: str, high: float, **more: Any) -> Field:
    return Field(name, title, help, "number", unit=" %", high=high, scale=100, **more)


def _number(name: str, title: str, help: str, high: float, **more: Any) -> Field:
    values: dict[str, Any] = {"step": 0.01, "decimals": 4, **more}
    return Field(name, title, help, "number", high=high, **values)


def _varied(name: str, title: str, help: str, high: float, **more: Any) -> Field:
    values = {"zero": "off", "has_slider": True, **more}
    return _percent(AUGMENTATION + name, title, help, high, **values)


_OPTIMISERS: Final = (
    ("adam", "Adam"),
    ("adamw", "AdamW"),
    ("sgd", "SGD"),
    ("rmsprop", "RMSprop"),
)

GROUPS: Final = (
    Group(
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
            _percent(
                "validation",
                "Validation",
                "Share of the films on which the best epoch and the thresholds are "
                "chosen.",
                49,
                low=1,
            ),
            _percent(
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
    ),
    Group(
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
    ),
    Group(
        "network",
        "Network",
        (
            Field(
                "backbone",
                "Backbone",
                "The network that turns a film into features.",
                "choice",
                choices=(
                    ("densenet121", "DenseNet121"),
                    ("resnet50", "ResNet50"),
                    ("resnet152v2", "ResNet152V2"),
                    ("vgg16", "VGG16"),
                    ("vgg19", "VGG19"),
                ),
            ),
            Field(
                "head",
                "Head",
                "What turns the features into labels: linear, or the units of its "
                "hidden layers, such as 512-256-64.",
                "head",
                choices=(
                    ("linear", "linear"),
                    ("64", "64"),
                    ("512-256-64", "512-256-64"),
                ),
            ),
            Field(
                "head_norm",
                "Batch normalisation in the head",
                "Evens out the values after each hidden layer of the head.",
                "flag",
            ),
            _percent(
                "dropout",
                "Dropout",
                "Share of the features that is left out at random while training, "
                "against learning by heart.",
                99,
                step=5,
                zero="off",
            ),
            _whole(
                "size",
                "Film size",
                "Side of the square to which every film is brought; larger shows "
                "more and takes longer.",
                32,
                1024,
                unit=" pixels",
                step=32,
            ),
        ),
    ),
    Group(
        "head",
        "First phase: the head alone",
        (
            _whole(
                "head_epochs",
                "Epochs",
                "Most passes over the features, which are computed once; early "
                "stopping may end sooner.",
                1,
                1000,
            ),
            Field(
                "head_rate",
                "Learning rate",
                "How far one step goes.",
                "rate",
                high=1,
            ),
            Field(
                "head_optimiser",
                "Optimiser",
                "The rule by which a step is made.",
                "choice",
                choices=_OPTIMISERS,
            ),
            _whole(
                "feature_copies",
                "Varied copies",
                "Varied copies of each film that the head sees besides the film "
                "itself.",
                0,
                50,
                zero="none",
            ),
        ),
    ),
    Group(
        "fine-tuning",
        "Second phase: fine-tuning",
        (
            _whole(
                "epochs",
                "Epochs",
                "Most passes over all films; this is what takes the time.",
                0,
                1000,
                zero="leave this phase out",
            ),
            Field(
                "rate",
                "Learning rate",
                "The highest of the phase; too high spoils what the network knows.",
                "rate",
                high=1,
            ),
            Field(
                "optimiser",
                "Optimiser",
                "The rule by which a step is made.",
                "choice",
                choices=_OPTIMISERS,
            ),
            Field(
                "schedule",
                "Schedule",
                "How the learning rate changes from epoch to epoch.",
                "choice",
                choices=(
                    ("cosine", "falls evenly to a hundredth"),
                    ("constant", "stays as it is"),
                    ("plateau", "falls when nothing gets better"),
                ),
            ),
            _whole(
                "plateau_patience",
                "Plateau: epochs to wait",
                "Epochs without a better validation loss before the rate falls; for "
                "the third schedule only.",
                1,
                1000,
            ),
            _number(
                "plateau_factor",
                "Plateau: factor",
                "What the rate is multiplied by when it falls; for the third "
                "schedule only.",
                0.99,
                low=0.01,
                step=0.05,
                decimals=2,
            ),
            _whole(
                "unfreeze_from",
                "Train from layer",
                "Layers of the backbone before this number stay as they are; 0 "
                "trains them all.",
                0,
                10_000,
                step=10,
            ),
            Field(
                "statistics",
                "Batch statistics",
                "Whether batch normalisation in the backbone keeps its statistics; "
                "a few hundred films are too few to learn them.",
                "choice",
                choices=(
                    ("auto", "kept, unless started from nothing"),
                    ("frozen", "kept"),
                    ("learned", "learned"),
                ),
            ),
            Field(
                "weight_decay",
                "Weight decay",
                "How strongly weights are drawn towards zero at each step.",
                "rate",
                high=0.99,
                zero="off",
            ),
            _number(
                "average",
                "Average of the weights",
                "Decay per step of a running average of the weights, which takes "
                "their place after each epoch.",
                0.9999,
                zero="off",
            ),
        ),
    ),
    Group(
        "loss",
        "Loss and balance",
        (
            Field(
                "loss",
                "Loss",
                "What training makes small; the focal loss cares less about films "
                "that are called rightly already.",
                "choice",
                choices=(("cross-entropy", "cross-entropy"), ("focal", "focal")),
            ),
            _number(
                "label_smoothing",
                "Label smoothing",
                "How much doubt is added to every label, against overconfidence.",
                0.99,
                decimals=3,
                zero="off",
            ),
            Field(
                "balance",
                "What weighs the same",
                "Keeps frequent labels, or sources with many films, from deciding "
                "everything.",
                "choice",
                choices=(
                    ("none", "every film"),
                    ("labels", "every label"),
                    ("labels-and-sources", "every label, and source within it"),
                ),
            ),
            _number(
                "heaviest",
                "Heaviest film",
                "Most that one film may weigh, compared with the mean of its label.",
                1000,
                low=1,
                step=0.5,
                decimals=1,
                unit=" times",
            ),
            Field(
                "pools",
                "Places with several sources",
                "For the report by source, with semicolons between: "
                "NAME=source+source, or NAME=source:label+label where only some "
                "labels come from there.",
                "list",
            ),
        ),
    ),
    Group(
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
            _varied(
                "zoom", "Zoom", "Largest change of scale; each axis on its own.", 50
            ),
            _varied("shift", "Shift", "Largest shift, of the film's side.", 50),
            Field(
                AUGMENTATION + "flip",
                "Mirror left and right",
                "Mirrors half of the films; the heart is then on the wrong side.",
                "flag",
            ),
            _varied(
                "brightness",
                "Brightness",
                "Largest change of the level, of the range from black to white.",
                80,
            ),
            _varied("gamma", "Contrast", "Largest change of the gamma exponent.", 80),
            _varied(
                "blur",
                "Blur",
                "Probability that a film is blurred or coarsened, as other scanners "
                "would.",
                100,
            ),
            _varied(
                "erase",
                "Blanking",
                "Probability that a patch, or the border with its letters, is blanked.",
                100,
            ),
        ),
    ),
    Group(
        "end",
        "When to stop",
        (
            _whole(
                "patience",
                "Patience",
                "Epochs without a better validation loss before a phase ends; the "
                "best epoch is kept in any case.",
                0,
                1000,
                zero="never stop early",
            ),
        ),
    ),
    Group(
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
            _whole(
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
            _whole(
                "seed",
                "Seed",
                "The same seed gives the same model on the same machine.",
                0,
                2**31 - 1,
            ),
        ),
    ),
)


def all_fields() -> dict[str, Field]:
    """Every setting by name."""
    return {field.name: field for group in GROUPS for field in group.fields}


def value_of(config: TrainingConfig, name: str) -> Any:
    """One setting of a job; `name` as in `Field`."""
    if name.startswith(AUGMENTATION):
        return getattr(config.augmentation, name.removeprefix(AUGMENTATION))
    return getattr(config, name)


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
