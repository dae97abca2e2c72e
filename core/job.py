"""What a training job is: everything that decides what it makes."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

from core.errors import TrainingError
from core.paths import command_name

#: Backbone -> the layer from which it is usually unfrozen.
USUAL_LAYERS = {
    "densenet121": 100,
    "resnet50": 143,
    "resnet152v2": 300,
    "vgg16": 15,
    "vgg19": 17,
}
BACKBONES = tuple(USUAL_LAYERS)
BALANCES = ("none", "labels", "labels-and-sources")
STATISTICS = ("auto", "frozen", "learned")
OPTIMISERS = ("adam", "adamw", "sgd", "rmsprop")
SCHEDULES = ("cosine", "constant", "plateau")
LOSSES = ("cross-entropy", "focal")
LINEAR = "linear"


#: Setting -> its values.
_CHOICES = {
    "backbone": BACKBONES,
    "head_optimiser": OPTIMISERS,
    "optimiser": OPTIMISERS,
    "schedule": SCHEDULES,
    "statistics": STATISTICS,
    "loss": LOSSES,
    "balance": BALANCES,
}
#: Setting -> its smallest and largest value.
_WHOLE_NUMBERS = {
    "size": (32, 1024),
    "head_epochs": (1, 1000),
    "feature_copies": (0, 50),
    "epochs": (0, 1000),
    "plateau_patience": (1, 1000),
    "unfreeze_from": (0, 10_000),
    "batch": (1, 1024),
    "patience": (0, 1000),
    "seed": (0, 2**32 - 2),
}
_HEAD = r"linear|[1-9]\d{0,3}(-[1-9]\d{0,3}){0,3}"


def _require(condition: bool, rule: str, record: Any) -> None:
    if not condition:
        name = rule.split(" ", 1)[0]
        value = getattr(record, name, "")
        raise TrainingError(
            f"In a training job {rule}.", hint=f"It was given as {value!r}."
        )


@dataclasses.dataclass(frozen=True)
class Augmentation:
    """How far training films are varied; 0 turns a variation off.

    Attributes:
        rotation_deg: Largest rotation either way, degrees.
        zoom: Largest change of scale, as a fraction; each axis on its own.
        shift: Largest shift, as a fraction of the side.
        flip: Whether half of the films are mirrored left to right.
        gamma: Largest change of the exponent, as a fraction.
        brightness: Largest change of the level, as a fraction of the range.
        blur: Probability that a film is blurred or coarsened.
        erase: Probability that a patch, or the film's border, is blanked.
    """

    rotation_deg: float = 10.0
    zoom: float = 0.12
    shift: float = 0.06
    flip: bool = True
    gamma: float = 0.3
    brightness: float = 0.0
    blur: float = 0.3
    erase: float = 0.3

    def __post_init__(self) -> None:
        _require(0 <= self.rotation_deg <= 45, "rotation_deg must be 0 to 45", self)
        for name in ("zoom", "shift", "gamma", "brightness"):
            _require(0 <= getattr(self, name) < 0.9, f"{name} must be 0 to 0.9", self)
        for name in ("blur", "erase"):
            _require(0 <= getattr(self, name) <= 1, f"{name} must be 0 to 1", self)


@dataclasses.dataclass(frozen=True)
class TrainingConfig:
    """Everything that decides what a training job makes.

    Attributes:
        name: Name of the model, for people.
        labels: Labels in output order; empty means all that the data has,
            sorted.
        backbone: One of `BACKBONES`.
        weights: Starting weights of the backbone: "default" for those of the
            model that comes with the program, "imagenet", which Keras may have
            to download, "chexnet" for the file that the user keeps in the
            program's folder, "none", a weights file, or the folder of a bundle.
        size: Side of the network's input, pixels.
        head: "linear", or the units of its hidden layers: "512-256-64".
        head_norm: Whether batch normalisation follows each hidden layer.
        dropout: Share of the pooled features, and of each hidden layer,
            dropped while training.
        head_epochs: Most epochs of the first phase, on the frozen backbone.
        head_optimiser: One of `OPTIMISERS`.
        head_rate: Its learning rate.
        feature_copies: Varied copies of each training film whose features the
            first phase sees besides the film's own.
        epochs: Most epochs of the second phase; 0 leaves it out.
        optimiser: One of `OPTIMISERS`.
        rate: Its highest learning rate.
        schedule: Of the second phase: "cosine" falls to a hundredth,
            "constant" stays, "plateau" falls when the validation loss has not
            got better for `plateau_patience` epochs, by `plateau_factor`.
        plateau_patience: Epochs.
        plateau_factor: In (0, 1).
        unfreeze_from: First layer of the backbone that the second phase
            trains, by number.
        statistics: Whether batch normalisation in these layers keeps its
            statistics ("frozen") or learns ("learned"), for which a few
            hundred films are too few. "auto" freezes them unless the starting
            weights are "none".
        batch: Films per step. Halved by the job itself when memory runs out.
        patience: Epochs without a better validation loss before a phase ends;
            0 never ends one early.
        weight_decay: Decoupled weight decay of the second phase.
        loss: "cross-entropy", or "focal", which weighs films down that are
            called rightly already (Lin et al. 2017, arXiv:1708.02002).
        label_smoothing: In [0, 1).
        average: Decay per step of the running average of the weights, which
            takes their place at the end of each epoch; 0 turns it off.
        balance: What weighs the same in the loss: films ("none"), labels, or
            labels and the sources within each.
        heaviest: Most that one film may weigh compared with the mean of its
            label, so that a handful of films of a rare source is not learned
            by heart.
        pools: "NAME=source+source", or "NAME=source:label+label" where only
            some labels come from there: films of one place, for the report.
        mixed_precision: Compute in bfloat16, keep weights in float32.
        validation, test: Shares of the films, where the data has no splits.
        patient_pattern: Regular expression whose first group is the patient in
            a film's file name, where the data does not say; may be empty.
        accept_leaks: Why films of one patient, or that look alike, may be in
            two splits, in the user's words. Empty refuses such data.
        seed: Of everything random.
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
        for name, choices in _CHOICES.items():
            rule = f"{name} must be one of {', '.join(choices)}"
            _require(getattr(self, name) in choices, rule, self)
        for name, (low, high) in _WHOLE_NUMBERS.items():
            rule = f"{name} must be {low} to {high}"
            _require(low <= getattr(self, name) <= high, rule, self)
        for name in ("head_rate", "rate"):
            _require(0 < getattr(self, name) <= 1, f"{name} must be 0 to 1", self)
        for name in ("dropout", "weight_decay", "label_smoothing", "average"):
            _require(0 <= getattr(self, name) < 1, f"{name} must be 0 to 1", self)
        _require(0 < self.plateau_factor < 1, "plateau_factor must be 0 to 1", self)
        _require(self.heaviest >= 1, "heaviest must be at least 1", self)
        _require(
            re.fullmatch(_HEAD, self.head, re.ASCII) is not None,
            'head must be "linear" or at most four numbers of units such as "512-64"',
            self,
        )
        _require(
            0 < self.validation < 0.5 and 0 < self.test < 0.5,
            "validation and test must be 0 to 0.5",
            self,
        )
        _require(len(set(self.labels)) == len(self.labels), "labels must differ", self)

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
                raise _bad_field(name, value)
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
                hint=f"Known settings: {', '.join(sorted(known))}.",
            )
        changes[name] = _coerce(name, value, getattr(start, name))
    return dataclasses.replace(start, **changes)


def _coerce(name: str, value: Any, like: Any) -> Any:
    """Check a JSON value against the kind of the default it replaces."""
    kind_fits = {
        bool: isinstance(value, bool),
        int: isinstance(value, int) and not isinstance(value, bool),
        float: isinstance(value, int | float) and not isinstance(value, bool),
        str: isinstance(value, str),
        tuple: isinstance(value, list | tuple)
        and all(isinstance(item, str) for item in value),
    }
    if type(like) not in kind_fits:  # a record, already checked
        return value
    if not kind_fits[type(like)]:
        raise _bad_field(name, value)
    return type(like)(value)


def _bad_field(name: str, value: Any) -> TrainingError:
    return TrainingError(
        f"The setting {name} of a training job cannot be {value!r}.",
        hint=f"`{command_name()} train --help` lists the settings.",
    )
