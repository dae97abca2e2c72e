"""Named starting points of a training job, and what each stands for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from core.errors import TrainingError
from core.paths import command_name
from core.records import to_json
from core.runs.config import TrainingConfig, config_from_json
from core.runs.variations import Augmentation


class Preset(msgspec.Struct, frozen=True):
    """A recipe.

    Attributes:
        name: As `--preset` takes it.
        corrections: What the published projects that Hilum grew from got wrong
            where this recipe stands, and what is done instead; one text each.
            Empty for recipes of our own.
        settings: Fields of `TrainingConfig` that differ from its defaults.
    """

    name: str
    title: str
    summary: str
    settings: Mapping[str, Any]
    corrections: tuple[str, ...] = ()


_NO_AUGMENTATION = {
    name: type(value)() for name, value in to_json(Augmentation()).items()
}
#: None of the published projects averaged or decayed weights, smoothed labels,
#: or weighed sources.
_PLAIN: dict[str, Any] = {
    "average": 0.0,
    "weight_decay": 0.0,
    "label_smoothing": 0.0,
    "balance": "none",
    "schedule": "constant",
    "dropout": 0.0,
    "patience": 0,
}
_MUMTAZ: dict[str, Any] = {
    **_PLAIN,
    "weights": "imagenet",
    "dropout": 0.2,
    "head_epochs": 4,
    "head_rate": 1e-4,
    "feature_copies": 3,
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
    "Films are standardised inside the network, so that training and use cannot "
    "differ in how they prepare a film."
)
_ROTATION = (
    "Films are turned by at most 10 degrees, as patients are; up to 72 were used."
)
_POOLING = (
    "The whole feature map is pooled. Pooling 4 x 4 of a 7 x 7 map let the head see "
    "the upper left part of the film alone."
)
_CAM = (
    "Grad-CAM explains the score of a class; a slice of the feature channels does not."
)


def _delft(name: str, title: str, weights: str, epochs: int) -> Preset:
    return Preset(
        name,
        title,
        "DenseNet121 with a 64-unit head and balanced class weights, all layers "
        f"trained for {epochs} epochs, from {title.split()[-2]} weights.",
        {
            **_PLAIN,
            "weights": weights,
            "head": "64",
            "head_epochs": 5,
            "balance": "labels",
            "epochs": epochs,
            "optimiser": "adam",
            "rate": 1e-4,
            "unfreeze_from": 0,
            "validation": 0.2,
            "test": 0.2,
            "augmentation": {**_NO_AUGMENTATION, "rotation_deg": 15.0},
        },
        (
            _SPLIT,
            _SCORES,
            _INPUT,
            "The settings are compared on validation films; the test films "
            "choose nothing.",
            "The head is trained on the frozen backbone first, so that its random "
            "weights do not spoil the backbone.",
        ),
    )


def _vgg(backbone: str) -> Preset:
    return Preset(
        f"{backbone}-ryan",
        backbone.upper(),
        f"{backbone.upper()} frozen, with a 64-unit head and dropout 0.5.",
        {
            **_PLAIN,
            "backbone": backbone,
            "weights": "imagenet",
            "head": "64",
            "dropout": 0.5,
            "head_epochs": 25,
            "epochs": 0,
        },
        (_SPLIT, _POOLING, _SCORES),
    )


_ALL = (
    Preset(
        "default",
        "Recommended",
        "A linear head on frozen features, then fine-tuning from layer 100 on, "
        "with varied films, early stopping and averaged weights.",
        {},
    ),
    Preset(
        "feature-extraction",
        "Quick: feature extraction",
        "A head on features computed once per film: minutes, not hours.",
        {"epochs": 0},
    ),
    Preset(
        "mumtaz-feature-extraction",
        "DenseNet121, feature extraction",
        "DenseNet121 frozen with a linear head: Adam 1e-4, 4 epochs.",
        {**_MUMTAZ, "epochs": 0},
        (_SPLIT, _ROTATION, _SCORES, _INPUT),
    ),
    Preset(
        "mumtaz-fine-tuning",
        "DenseNet121, fine-tuning",
        "The same head, then layers from 100 on: RMSprop 1e-5, 4 more epochs.",
        {
            **_MUMTAZ,
            "epochs": 4,
            "optimiser": "rmsprop",
            "rate": 1e-5,
            "unfreeze_from": 100,
        },
        (_SPLIT, _ROTATION, _SCORES, _INPUT, _CAM),
    ),
    Preset(
        "resnet152-cs6005",
        "ResNet152V2",
        "ResNet152V2 with a 512-256-64 head, dropout 0.3 and batch normalisation, "
        "trained from layer 300 on: Adam 0.01, 10 epochs, best checkpoint.",
        {
            **_PLAIN,
            "backbone": "resnet152v2",
            "weights": "imagenet",
            "head": "512-256-64",
            "head_norm": True,
            "dropout": 0.3,
            "head_epochs": 5,
            "epochs": 10,
            "optimiser": "adam",
            "rate": 0.01,
            "unfreeze_from": 300,
            "augmentation": {**_NO_AUGMENTATION, "zoom": 0.07},
        },
        (
            _SPLIT,
            "The best epoch is chosen on validation films, not on test films.",
            "The statistics of batch normalisation in the backbone stay as they "
            "were: few films would spoil them.",
            _SCORES,
            _INPUT,
        ),
    ),
    _delft("delft-imagenet", "DenseNet121 from ImageNet weights", "imagenet", 50),
    _delft("delft-chexnet", "DenseNet121 from CheXNet weights", "chexnet", 25),
    _vgg("vgg16"),
    _vgg("vgg19"),
    Preset(
        "resnet50-codeproject",
        "ResNet50",
        "ResNet50 with a linear head, all layers trained by SGD, batch 64, with "
        "early stopping.",
        {
            **_PLAIN,
            "backbone": "resnet50",
            "weights": "imagenet",
            "head_epochs": 5,
            "epochs": 50,
            "optimiser": "sgd",
            "rate": 1e-3,
            "unfreeze_from": 0,
            "batch": 64,
            "patience": 5,
            "augmentation": _NO_AUGMENTATION,
        },
        (
            _SPLIT,
            "The head has as many outputs as the data has labels; choose two labels "
            "to repeat the original's two classes.",
            _CAM,
            _SCORES,
        ),
    ),
)

#: By name, in the order to show them. `default` made the model that comes with
#: the program.
PRESETS: dict[str, Preset] = {preset.name: preset for preset in _ALL}


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
