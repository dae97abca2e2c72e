"""Every setting of a training job in groups, and how the window shows it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

from core.runs.config import TrainingConfig, config_from_json, flat_settings
from core.runs.setting import Setting
from core.runs.settings import AUGMENTATION, SETTINGS

#: Decides what computes, not what is made: the one setting outside the job.
BACKEND: Final = "backend"
#: Keras's backend -> as people write it.
BACKENDS: Final = {"tensorflow": "TensorFlow", "torch": "PyTorch", "jax": "JAX"}
_BACKEND: Final = Setting(
    "Keras backend",
    "What computes under Keras; on native Windows only PyTorch reaches the graphics "
    "card.",
    choices={"": "automatic", **BACKENDS},
)
_DEFAULTS: Final = flat_settings(TrainingConfig())
#: Type of a setting's values -> how they are changed.
_KINDS: Final[Mapping[type, str]] = {
    bool: "flag",
    int: "whole",
    float: "number",
    str: "text",
    tuple: "list",
}
#: Smallest step of a rate's ends, over whose orders of magnitude none is fitting.
_RATE_STEP: Final = 0.01
#: What `Field` cannot tell of a setting by its values.
_SHOWN: Final[Mapping[str, Mapping[str, Any]]] = {
    "weights": {"kind": "weights"},
    "head": {"kind": "head"},
    "dropout": {"step": 5},
    "size": {"step": 32},
    "head_rate": {"kind": "rate"},
    "rate": {"kind": "rate"},
    "plateau_factor": {"step": 0.05, "decimals": 2},
    "unfreeze_from": {"step": 10},
    "weight_decay": {"kind": "rate"},
    "clip_norm": {"step": 0.5, "decimals": 2},
    "average": {"step": 0.01, "decimals": 4},
    "label_smoothing": {"step": 0.01, "decimals": 3},
    "heaviest": {"step": 0.5, "decimals": 1},
    "augmentation.rotation_deg": {"decimals": 1},
}


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
    """

    name: str
    setting: Setting
    kind: str
    step: float = 1
    decimals: int = 0

    @property
    def has_slider(self) -> bool:
        """Whether it is set by a slider too."""
        return self.kind == "number" and self.name.startswith(AUGMENTATION)

    @property
    def low(self) -> float:
        """Smallest number of a box, which has no end that it leaves out."""
        low = (self.setting.low or 0) * self.setting.scale
        return low + self._least if self.setting.is_open[0] else low

    @property
    def high(self) -> float:
        """Largest number of a box; may be less than can be set elsewhere."""
        setting = self.setting
        if setting.offered is not None:
            return setting.offered * setting.scale
        high = (setting.high or 0) * setting.scale
        return high - self._least if setting.is_open[1] else high

    @property
    def _least(self) -> float:
        return _RATE_STEP if self.kind == "rate" else 10.0**-self.decimals


@dataclasses.dataclass(frozen=True)
class Group:
    """Settings that belong together.

    Attributes:
        name: Short, for tests and the like.
        title: As people read it.
        names: Of its settings, in the order to show them.
        is_open: Whether it is unfolded from the start.
    """

    name: str
    title: str
    names: tuple[str, ...]
    is_open: bool = False

    @property
    def fields(self) -> tuple[Field, ...]:
        """Its settings."""
        return tuple(field(name) for name in self.names)


#: What is set with the films; the form has all the rest.
OF_FILMS: Final = ("labels", "patient_pattern", "validation", "test", "accept_leaks")
GROUPS: Final = (
    Group("basics", "Basics", ("name", "weights"), is_open=True),
    Group(
        "network",
        "Network",
        ("backbone", "head", "head_norm", "dropout", "dropout_at", "size"),
    ),
    Group(
        "head",
        "First phase: the head alone",
        (
            *("head_epochs", "head_rate", "head_optimiser", "feature_copies"),
            "head_varied",
        ),
    ),
    Group(
        "fine-tuning",
        "Second phase: fine-tuning",
        (
            *("epochs", "rate", "optimiser", "unfreeze_from", "statistics"),
            *("weight_decay", "average"),
        ),
    ),
    Group(
        "both",
        "Both phases",
        ("schedule", "plateau_patience", "plateau_factor", "clip_norm"),
    ),
    Group(
        "loss",
        "Loss and balance",
        (
            *("loss", "label_smoothing", "balance", "balance_by", "heaviest", "pools"),
            "leave_one_source_out",
        ),
    ),
    Group(
        "films",
        "Variation of the films",
        tuple(
            AUGMENTATION + name
            for name in (
                *("rotation_deg", "zoom", "shift", "flip"),
                *("brightness", "gamma", "local_contrast", "uneven"),
                *("blur", "noise", "compression", "erase"),
            )
        ),
    ),
    Group("end", "When to stop", ("patience",)),
    Group("machine", "Machine", (BACKEND, "batch", "mixed_precision", "seed")),
)


def field(name: str) -> Field:
    """A setting by name."""
    if name == BACKEND:
        return Field(BACKEND, _BACKEND, "choice")
    setting, shown = SETTINGS[name], {**_SHOWN.get(name, {})}
    usual = "choice" if setting.choices else _KINDS[type(_DEFAULTS[name])]
    return Field(name, setting, shown.pop("kind", usual), **shown)


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
