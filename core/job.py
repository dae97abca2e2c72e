"""What a training job is, and what the child that runs it says: JSON lines."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from typing import Any, TextIO

from core.errors import TrainingError

STOP = "stop"

BALANCES = ("none", "labels", "labels-and-sources")
STATISTICS = ("auto", "frozen", "learned")


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
        blur: Probability that a film is blurred or coarsened.
        erase: Probability that a patch, or the film's border, is blanked.
    """

    rotation_deg: float = 10.0
    zoom: float = 0.12
    shift: float = 0.06
    flip: bool = True
    gamma: float = 0.3
    blur: float = 0.3
    erase: float = 0.3

    def __post_init__(self) -> None:
        _require(0 <= self.rotation_deg <= 45, "rotation_deg must be 0 to 45", self)
        for name in ("zoom", "shift", "gamma"):
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
        weights: Starting weights of the backbone: "default" for those of the
            model that comes with the program, "imagenet", which Keras may have
            to download, "none", a weights file, or the folder of a bundle.
        size: Side of the network's input, pixels.
        dropout: Share of the pooled features dropped while training.
        head_epochs: Most epochs of the first phase, on the frozen backbone.
        head_rate: Its learning rate.
        epochs: Most epochs of the second phase; 0 leaves it out.
        rate: Its highest learning rate; falls along a cosine to a hundredth.
        unfreeze_from: First layer of the backbone that the second phase
            trains, by number.
        statistics: Whether batch normalisation in these layers keeps its
            statistics ("frozen") or learns ("learned"), for which a few
            hundred films are too few. "auto" freezes them unless the starting
            weights are "none".
        batch: Films per step.
        patience: Epochs without a better validation loss before a phase ends.
        weight_decay: Decoupled weight decay of the second phase.
        label_smoothing: In [0, 1).
        average: Decay per step of the running average of the weights, which
            takes their place at the end of each epoch; 0 turns it off.
        balance: What weighs the same in the loss: films ("none"), labels, or
            labels and the sources within each.
        heaviest: Most that one film may weigh compared with the mean of its
            label, before what the cap took is spread over the label again, so
            that a handful of films of a rare source is not learned by heart.
        pools: "NAME=source+source", or "NAME=source:label+label" where only
            some labels come from there: films of one place, for the report.
        mixed_precision: Compute in bfloat16, keep weights in float32.
        validation, test: Shares of the films, where the data has no splits.
        seed: Of everything random.
    """

    name: str = "My model"
    labels: tuple[str, ...] = ()
    weights: str = "default"
    size: int = 224
    dropout: float = 0.3
    head_epochs: int = 40
    head_rate: float = 1e-3
    epochs: int = 8
    rate: float = 1e-4
    unfreeze_from: int = 100
    statistics: str = "auto"
    batch: int = 32
    patience: int = 4
    weight_decay: float = 1e-4
    label_smoothing: float = 0.05
    average: float = 0.95
    balance: str = "labels-and-sources"
    heaviest: float = 4.0
    pools: tuple[str, ...] = ()
    augmentation: Augmentation = Augmentation()
    mixed_precision: bool = False
    validation: float = 0.2
    test: float = 0.2
    seed: int = 2020

    def __post_init__(self) -> None:
        _require(32 <= self.size <= 1024, "size must be 32 to 1024", self)
        _require(0 <= self.dropout < 1, "dropout must be 0 to 1", self)
        _require(self.head_epochs >= 1, "head_epochs must be at least 1", self)
        _require(self.epochs >= 0, "epochs must not be negative", self)
        for name in ("head_rate", "rate"):
            _require(0 < getattr(self, name) <= 1, f"{name} must be 0 to 1", self)
        _require(self.unfreeze_from >= 0, "unfreeze_from must not be negative", self)
        _require(1 <= self.batch <= 1024, "batch must be 1 to 1024", self)
        _require(self.patience >= 1, "patience must be at least 1", self)
        _require(0 <= self.weight_decay < 1, "weight_decay must be 0 to 1", self)
        _require(0 <= self.label_smoothing < 1, "label_smoothing must be 0 to 1", self)
        _require(0 <= self.average < 1, "average must be 0 to 1", self)
        _require(self.balance in BALANCES, f"balance must be one of {BALANCES}", self)
        _require(
            self.statistics in STATISTICS,
            f"statistics must be one of {STATISTICS}",
            self,
        )
        _require(self.heaviest >= 1, "heaviest must be at least 1", self)
        _require(0 <= self.seed < 2**32 - 1, "seed must be 0 to 2**32 - 2", self)
        _require(
            0 < self.validation < 0.5 and 0 < self.test < 0.5,
            "validation and test must be 0 to 0.5",
            self,
        )
        _require(len(set(self.labels)) == len(self.labels), "labels must differ", self)

    @property
    def learns_statistics(self) -> bool:
        """Whether batch normalisation learns in the second phase."""
        if self.statistics == "auto":
            return self.weights == "none"
        return self.statistics == "learned"


#: Named starting points. `default` made the model that comes with the program.
PRESETS: dict[str, dict[str, Any]] = {
    "default": {},
    "feature-extraction": {"epochs": 0},
}


def config_to_json(config: TrainingConfig) -> dict[str, Any]:
    """Fields of a job as plain JSON values."""
    return dataclasses.asdict(config)


def config_from_json(
    fields: dict[str, Any], base: TrainingConfig | None = None
) -> TrainingConfig:
    """Build a job from JSON fields over `base`, checking each one.

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
    config: TrainingConfig = _replace(start, changes)
    return config


def config_from_preset(name: str) -> TrainingConfig:
    """The job a preset stands for.

    Raises:
        TrainingError: There is no such preset.
    """
    if name not in PRESETS:
        raise TrainingError(
            f"There is no preset called {name}.",
            hint=f"Choose one of: {', '.join(PRESETS)}.",
        )
    return config_from_json(PRESETS[name])


@dataclasses.dataclass(frozen=True)
class StageStarted:
    """A new part of the job began.

    Attributes:
        stage: "reading", "features", "head", "fine-tuning", "export",
            "evaluation" or "install".
        detail: One sentence for the user; may be empty.
    """

    stage: str
    detail: str = ""


@dataclasses.dataclass(frozen=True)
class Progressed:
    """Some of the films of a stage are done. At most a few times a second."""

    stage: str
    done: int
    total: int
    films_per_s: float = 0.0


@dataclasses.dataclass(frozen=True)
class EpochEnded:
    """One epoch finished.

    Attributes:
        phase: "head" or "fine-tuning".
        epoch: 1-based, within the phase.
        epochs: Upper bound; early stopping may end sooner.
        loss: Mean over the films as trained on, varied and weighted.
        val_loss: Weighted cross-entropy on the validation films.
        val_accuracy, val_macro_f1: In [0, 1], unweighted.
        best: Whether this epoch's weights are the best so far.
    """

    phase: str
    epoch: int
    epochs: int
    loss: float
    val_loss: float
    val_accuracy: float
    val_macro_f1: float
    best: bool


@dataclasses.dataclass(frozen=True)
class Noted:
    """Something the user should know that does not end the job."""

    message: str


@dataclasses.dataclass(frozen=True)
class JobSucceeded:
    bundle: str


@dataclasses.dataclass(frozen=True)
class JobStopped:
    pass


@dataclasses.dataclass(frozen=True)
class JobFailed:
    message: str
    hint: str = ""


TrainingEvent = (
    StageStarted
    | Progressed
    | EpochEnded
    | Noted
    | JobSucceeded
    | JobStopped
    | JobFailed
)
_KINDS: dict[str, type] = {
    kind.__name__: kind
    for kind in (
        StageStarted,
        Progressed,
        EpochEnded,
        Noted,
        JobSucceeded,
        JobStopped,
        JobFailed,
    )
}


def encode_event(event: TrainingEvent) -> str:
    """One line of JSON, without its end."""
    return json.dumps({"event": type(event).__name__, **dataclasses.asdict(event)})


def parse_event(line: str) -> TrainingEvent | None:
    """Decode one line; None for anything that is not an event we know."""
    try:
        fields = json.loads(line)
        event: TrainingEvent = _KINDS[fields.pop("event")](**fields)
        return event
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def claim_stdout() -> TextIO:
    """Reserve the real stdout for events; send every other print to stderr.

    Duplicating the descriptor (not just sys.stdout) also diverts what C++
    libraries print.
    """
    events = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return events


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
        hint="`python -m core train --help` lists the settings.",
    )
