"""Recipes of training jobs."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import TrainingError
from core.records import to_json
from core.runs.config import TrainingConfig, config_from_json, flat_settings
from core.runs.presets import PRESETS, config_from_preset
from core.runs.settings import AUGMENTATION, SETTINGS

PUBLISHED = [name for name, preset in PRESETS.items() if preset.corrections]


@pytest.mark.parametrize("name", PRESETS)
def test_preset_is_a_job(name: str) -> None:
    assert config_from_preset(name) == config_from_json(dict(PRESETS[name].settings))


@pytest.mark.parametrize("name", PRESETS)
def test_preset_says_what_it_is(name: str) -> None:
    preset = PRESETS[name]
    assert preset.name == name
    assert preset.title
    assert preset.summary.endswith(".")


def test_own_presets_differ_in_their_phases() -> None:
    assert config_from_preset("default") == TrainingConfig()
    assert config_from_preset("feature-extraction").epochs == 0


def test_published_recipes_are_there_with_what_was_corrected() -> None:
    assert PUBLISHED == [
        "mumtaz-feature-extraction",
        "mumtaz-fine-tuning",
        "resnet152-cs6005",
        "delft-imagenet",
        "delft-chexnet",
        "vgg16-ryan",
        "vgg19-ryan",
        "resnet50-codeproject",
    ]
    for name in PUBLISHED:
        assert all(text.endswith(".") for text in PRESETS[name].corrections)


#: Preset -> what its project did, as far as that is a setting.
FROZEN: dict[str, Any] = {
    "epochs": 0,
    "size": 224,
    "dropout_at": "hidden",
    "head_varied": True,
    "augmentation.rotation_deg": 15.0,
    "schedule": "constant",
    "patience": 0,
}
DELFT = {
    **FROZEN,
    "backbone": "densenet121",
    "head": "64",
    "head_optimiser": "adam",
    "balance": "labels",
    "validation": 0.2,
    "test": 0.2,
    "labels": ("covid", "not"),
}
VGG = {
    **FROZEN,
    "weights": "imagenet",
    "head": "64",
    "dropout": 0.5,
    "head_optimiser": "adam",
    "head_rate": 1e-3,
    "schedule": "a decay",
}
MUMTAZ = {
    "backbone": "densenet121",
    "weights": "imagenet",
    "size": 224,
    "batch": 32,
    "head": "linear",
    "head_epochs": 4,
    "head_optimiser": "adam",
    "head_varied": True,
    "feature_copies": 0,
    "augmentation.rotation_deg": 72.0,
    "augmentation.flip": True,
    "validation": 0.1,
    "test": 0.1,
    "schedule": "constant",
    "patience": 0,
}
PROJECTS: dict[str, dict[str, Any]] = {
    "mumtaz-feature-extraction": {**MUMTAZ, "epochs": 0},
    "mumtaz-fine-tuning": {**MUMTAZ, "epochs": 4, "unfreeze_from": 100},
    "resnet152-cs6005": {
        "backbone": "resnet152v2",
        "weights": "imagenet",
        "size": 224,
        "batch": 32,
        "head": "512-256-64",
        "head_norm": True,
        "dropout": 0.3,
        "dropout_at": "hidden",
        "head_epochs": 0,
        "epochs": 10,
        "optimiser": "adam",
        "rate": 0.01,
        "unfreeze_from": 300,
        "statistics": "learned",
        "augmentation.zoom": 0.07,
        "validation": 0.1,
        "test": 0.1,
        "labels": ("two", "for three"),
    },
    "delft-imagenet": {
        **DELFT,
        "weights": "imagenet",
        "head_epochs": 25,
        "head_rate": 1e-3,
        "batch": 64,
        "dropout": 0.0,
    },
    "delft-chexnet": {
        **DELFT,
        "weights": "chexnet",
        "head_epochs": 50,
        "head_rate": 1e-4,
        "batch": 16,
        "dropout": 0.5,
    },
    "vgg16-ryan": {**VGG, "backbone": "vgg16"},
    "vgg19-ryan": {**VGG, "backbone": "vgg19"},
    "resnet50-codeproject": {
        "backbone": "resnet50",
        "weights": "imagenet",
        "epochs": 0,
        "head": "three dense layers",
        "head_epochs": 3,
        "head_optimiser": "plain SGD",
        "head_rate": 1e-4,
        "plateau_factor": "0.1 for the new layers",
        "batch": 64,
        "patience": 0,
        "test": 0.36,
        "labels": ("covid", "normal"),
    },
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_preset_follows_its_project_or_says_where_it_does_not(name: str) -> None:
    own, departures = flat_settings(config_from_preset(name)), PRESETS[name].departures
    differs = {key for key, value in PROJECTS[name].items() if own[key] != value}
    assert differs <= set(departures)
    assert set(departures) <= set(own)
    for setting, text in departures.items():
        said = f"{SETTINGS[setting].title} ({setting}): {text}"
        assert said in PRESETS[name].points
        assert text.endswith(".")


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_recipes_add_nothing_of_our_own(name: str) -> None:
    config = config_from_preset(name)
    assert (config.average, config.weight_decay, config.label_smoothing) == (0, 0, 0)
    assert (config.clip_norm, config.feature_copies) == (0, 0)
    varied = {key for key, value in to_json(config.augmentation).items() if value}
    of_project = {key for key in PROJECTS[name] if key.startswith(AUGMENTATION)}
    assert {AUGMENTATION + key for key in varied} == of_project


def test_mumtaz_fine_tunes_from_layer_100_at_a_tenth_of_the_rate() -> None:
    config = config_from_preset("mumtaz-fine-tuning")
    assert (config.epochs, config.optimiser) == (4, "rmsprop")
    assert (config.head_rate, config.rate) == (1e-4, 1e-5)
    assert config.augmentation.rotation_deg == 10


def test_codeproject_has_three_dense_layers_and_stops_at_once() -> None:
    config = config_from_preset("resnet50-codeproject")
    assert (len(config.hidden), config.head_optimiser) == (2, "sgd")
    assert (config.schedule, config.plateau_factor) == ("plateau", 0.1)
    assert config.patience == 1


def test_unknown_preset_is_refused_and_the_known_are_named() -> None:
    with pytest.raises(TrainingError, match="no preset called fast") as caught:
        config_from_preset("fast")
    assert "feature-extraction" in caught.value.hint
