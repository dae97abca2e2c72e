"""Recipes of training jobs."""

from __future__ import annotations

import pytest

from core.errors import TrainingError
from core.runs.config import TrainingConfig, config_from_json
from core.runs.presets import PRESETS, config_from_preset

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


def test_mumtaz_fine_tunes_from_layer_100_at_a_lower_rate() -> None:
    config = config_from_preset("mumtaz-fine-tuning")
    assert (config.head_epochs, config.head_optimiser) == (4, "adam")
    assert (config.epochs, config.optimiser) == (4, "rmsprop")
    assert (config.head_rate, config.rate) == (1e-4, 1e-5)
    assert config.unfreeze_from == 100
    assert (config.validation, config.test) == (0.1, 0.1)


def test_cs6005_has_a_deep_head_with_normalisation() -> None:
    config = config_from_preset("resnet152-cs6005")
    assert config.backbone == "resnet152v2"
    assert config.hidden == (512, 256, 64)
    assert config.head_norm
    assert (config.dropout, config.unfreeze_from, config.rate) == (0.3, 300, 0.01)
    assert (config.epochs, config.augmentation.zoom) == (10, 0.07)


@pytest.mark.parametrize(
    ("name", "weights", "epochs"),
    [("delft-imagenet", "imagenet", 50), ("delft-chexnet", "chexnet", 25)],
)
def test_delft_balances_the_classes(name: str, weights: str, epochs: int) -> None:
    config = config_from_preset(name)
    assert (config.weights, config.epochs) == (weights, epochs)
    assert (config.hidden, config.balance) == ((64,), "labels")
    assert config.augmentation.rotation_deg == 15
    assert (config.validation, config.test) == (0.2, 0.2)


@pytest.mark.parametrize("backbone", ["vgg16", "vgg19"])
def test_vgg_has_a_hidden_layer_and_much_dropout(backbone: str) -> None:
    config = config_from_preset(f"{backbone}-ryan")
    assert (config.backbone, config.hidden) == (backbone, (64,))
    assert (config.dropout, config.epochs) == (0.5, 0)


def test_codeproject_stops_early_with_sgd() -> None:
    config = config_from_preset("resnet50-codeproject")
    assert (config.backbone, config.optimiser) == ("resnet50", "sgd")
    assert (config.batch, config.patience) == (64, 5)


def test_unknown_preset_is_refused_and_the_known_are_named() -> None:
    with pytest.raises(TrainingError, match="no preset called fast") as caught:
        config_from_preset("fast")
    assert "feature-extraction" in caught.value.hint
