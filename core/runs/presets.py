"""Named starting points of a training job, and what each stands for."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import msgspec

from core.errors import TrainingError
from core.paths import command_name
from core.records import to_json
from core.runs.config import TrainingConfig, config_from_json
from core.runs.model_settings import Augmentation
from core.runs.settings import SETTINGS


class Preset(msgspec.Struct, frozen=True):
    """A recipe.

    Attributes:
        name: As `--preset` takes it.
        settings: Fields of `TrainingConfig` that differ from its defaults.
        departures: Setting -> where it is not that of the published project which
            the recipe follows, and why. Empty for recipes of our own, and for what
            is as it was published.
        corrections: What the projects got wrong that is no setting, and what is done
            instead; one text each.
    """

    name: str
    title: str
    summary: str
    settings: Mapping[str, Any]
    departures: Mapping[str, str] = {}
    corrections: tuple[str, ...] = ()

    @property
    def points(self) -> tuple[str, ...]:
        """Its departures and corrections as people read them."""
        departures = (
            f"{SETTINGS[name].title} ({name}): {text}"
            for name, text in self.departures.items()
        )
        return (*departures, *self.corrections)


_NO_AUGMENTATION = {
    name: type(value)() for name, value in to_json(Augmentation()).items()
}
#: None of the published projects averaged or decayed weights, smoothed labels,
#: or weighed sources.
_PLAIN: dict[str, Any] = {
    "weights": "imagenet",
    "average": 0.0,
    "weight_decay": 0.0,
    "label_smoothing": 0.0,
    "balance": "none",
    "schedule": "constant",
    "dropout": 0.0,
    "patience": 0,
    "augmentation": _NO_AUGMENTATION,
}
#: A head on a frozen backbone that sees every film turned anew in each epoch.
_FROZEN: dict[str, Any] = {
    **_PLAIN,
    "epochs": 0,
    "dropout_at": "hidden",
    "head_varied": True,
    "augmentation": {**_NO_AUGMENTATION, "rotation_deg": 15.0},
}
_MUMTAZ: dict[str, Any] = {
    **_PLAIN,
    "dropout": 0.2,
    "head_epochs": 4,
    "head_rate": 1e-4,
    "head_varied": True,
    "validation": 0.1,
    "test": 0.1,
    "augmentation": {**_NO_AUGMENTATION, "rotation_deg": 10.0, "flip": True},
}
_SPLIT = (
    "Films that look alike, and those of one patient where patients are known, stay "
    "in one part of the split, which is written down once, and the test films serve "
    "for the final figures alone. Among the published projects were some "
    "that tested on films they had trained on."
)
_SCORES = (
    "One softmax gives the probabilities, calibrated on validation films, and the "
    "figures are over all test films, with intervals. Elsewhere the softmax was "
    "applied twice, or the figures were those of one batch of 32."
)
_INPUT = (
    "Films are standardised one by one inside the network, so that training and use "
    "cannot differ in how they prepare a film."
)
_BEST = (
    "The weights of the epoch with the lowest validation loss are kept, whether or not "
    "it is the last."
)
_POOLING = (
    "The whole feature map is pooled. Pooling 4 x 4 of a 7 x 7 map let the head see "
    "the upper left part of the film alone."
)
_CAM = (
    "Grad-CAM explains the score of a class; a slice of the feature channels does not."
)
_ROTATED = {
    "augmentation.rotation_deg": "Films are turned by at most 10 degrees, as patients "
    "are; up to 72 were used."
}
_TWO = {
    "labels": "The head has as many outputs as the data has labels; choose two labels "
    "to repeat the original's two classes."
}


def _delft(
    start: str, weights: str, epochs: int, rate: float, batch: int, dropout: float
) -> Preset:
    dropped = f"dropout {dropout:g} after it" if dropout else "no dropout"
    return Preset(
        f"delft-{weights}",
        f"Head of 64 units, from {start} weights",
        f"DenseNet121 frozen at {start} weights, with a head of 64 units, {dropped} "
        f"and balanced classes: Adam {rate:g}, {epochs} epochs, batch {batch}. The "
        "best of the 72 settings that the project tried from there.",
        {
            **_FROZEN,
            "weights": weights,
            "head": "64",
            "dropout": dropout,
            "balance": "labels",
            "head_epochs": epochs,
            "head_rate": rate,
            "batch": batch,
        },
        _TWO,
        (
            _SPLIT,
            _POOLING,
            _SCORES,
            _INPUT,
            _BEST,
            "The settings are compared on validation films; the test films "
            "choose nothing.",
        ),
    )


def _vgg(backbone: str) -> Preset:
    return Preset(
        f"{backbone}-ryan",
        f"Head of 64 units on {backbone.upper()}",
        f"{backbone.upper()} frozen, with a head of 64 units and dropout 0.5 after "
        "them: Adam 0.001, 25 epochs.",
        {
            **_FROZEN,
            "backbone": backbone,
            "head": "64",
            "dropout": 0.5,
            "head_epochs": 25,
        },
        {
            "schedule": "The rate stays as it is. Theirs fell a little at every step, "
            "by a decay that optimisers of Keras no longer have.",
        },
        (_SPLIT, _POOLING, _SCORES, _INPUT, _BEST),
    )


_ALL = (
    Preset(
        "default",
        "Recommended: head, then upper layers",
        "A linear head on frozen features, then fine-tuning from layer 100 on, "
        "with varied films, early stopping and averaged weights.",
        {},
    ),
    Preset(
        "feature-extraction",
        "Head only, fast",
        "A head on features computed once per film: minutes, not hours.",
        {"epochs": 0},
    ),
    Preset(
        "mumtaz-feature-extraction",
        "Head only, films varied in each epoch",
        "DenseNet121 frozen with a linear head, on films varied anew in each epoch: "
        "Adam 1e-4, 4 epochs.",
        {**_MUMTAZ, "epochs": 0},
        _ROTATED,
        (_SPLIT, _SCORES, _INPUT, _BEST),
    ),
    Preset(
        "mumtaz-fine-tuning",
        "Head, then upper layers, without early stopping",
        "The same head, then layers from 100 on: RMSprop 1e-5, 4 more epochs.",
        {
            **_MUMTAZ,
            "epochs": 4,
            "optimiser": "rmsprop",
            "rate": 1e-5,
            "unfreeze_from": 100,
        },
        {
            **_ROTATED,
            "statistics": "Batch normalisation keeps its statistics, scales and "
            "offsets from layer 100 on too; few films would spoil them.",
        },
        (_SPLIT, _SCORES, _INPUT, _BEST, _CAM),
    ),
    Preset(
        "resnet152-cs6005",
        "Large network (ResNet152V2)",
        "ResNet152V2 with a head of 512, 256 and 64 units, each followed by dropout "
        "0.3 and then batch normalisation; one phase, the layers from 300 on learning "
        "from the start: Adam 0.01, 10 epochs, the best of them kept.",
        {
            **_PLAIN,
            "backbone": "resnet152v2",
            "head": "512-256-64",
            "head_norm": True,
            "dropout": 0.3,
            "dropout_at": "hidden",
            "head_epochs": 0,
            "epochs": 10,
            "optimiser": "adam",
            "rate": 0.01,
            "unfreeze_from": 300,
            "validation": 0.1,
            "test": 0.1,
            "augmentation": {**_NO_AUGMENTATION, "zoom": 0.07},
        },
        {
            "labels": "The head has as many outputs as the data has labels; theirs had "
            "two for three classes.",
            "statistics": "Batch normalisation of the backbone keeps its statistics, "
            "scales and offsets from layer 300 on too; few films would spoil them.",
        },
        (
            _SPLIT,
            "The best epoch is chosen on validation films, not on test films.",
            _SCORES,
            _INPUT,
        ),
    ),
    _delft("ImageNet", "imagenet", 25, 1e-3, 64, 0.0),
    _delft("CheXNet", "chexnet", 50, 1e-4, 16, 0.5),
    _vgg("vgg16"),
    _vgg("vgg19"),
    Preset(
        "resnet50-codeproject",
        "Three dense layers on ResNet50",
        "ResNet50 frozen under three dense layers: SGD 1e-4, batch 64, 3 epochs, and "
        "the end at the first that is no better.",
        {
            **_PLAIN,
            "backbone": "resnet50",
            "head": "512-256",
            "head_epochs": 3,
            "head_optimiser": "sgd",
            "head_rate": 1e-4,
            "epochs": 0,
            "batch": 64,
            "schedule": "plateau",
            "plateau_patience": 1,
            "plateau_factor": 0.1,
            "patience": 1,
            "validation": 0.1,
            "test": 0.36,
        },
        {
            **_TWO,
            "head": "Of the three dense layers the last gives the outputs; the others "
            "have 512 and 256 units, as it is not on record how many theirs had.",
            "head_optimiser": "SGD has a momentum of 0.9 here, without which a rate of "
            "1e-4 would hardly move the head in 3 epochs.",
            "plateau_factor": "The project names a factor of 0.1 for the new layers "
            "and not when it applies; here the rate is multiplied by it after an epoch "
            "that is no better.",
            "patience": "1 ends a phase at the first epoch that is no better, as 0 "
            "does in Keras; here 0 means never.",
            "validation": "A tenth of the films, none of them a test film, tells when "
            "to stop.",
        },
        (_SPLIT, _SCORES, _INPUT, _BEST),
    ),
)

#: By name, in the order to show them. `default` made the model that comes with
#: the program.
PRESETS: dict[str, Preset] = {preset.name: preset for preset in _ALL}


@functools.cache
def config_from_preset(name: str) -> TrainingConfig:
    """The job a preset stands for.

    Raises:
        TrainingError: There is no such preset.
    """
    if name not in PRESETS:
        raise TrainingError(
            f"There is no preset called {name}.",
            hint=f"Choose one of: {', '.join(PRESETS)}. `{command_name()} train "
            "--list-presets` explains each.",
        )
    return config_from_json(dict(PRESETS[name].settings))
