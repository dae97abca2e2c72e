"""Training jobs as JSON, and the lines that the child says."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from core.__main__ import main
from core.commands.lists import (
    list_presets,
    list_settings,
    presets_text,
    settings_text,
)
from core.errors import TrainingError
from core.runs import config as job
from core.runs.config import (
    Augmentation,
    TrainingConfig,
    config_from_json,
    config_to_json,
    flat_settings,
)
from core.runs.presets import PRESETS, config_from_preset
from core.runs.settings import in_words

ROOT = Path(job.__file__).parents[2]

#: One setting -> values at the edge that are taken, and values that are not.
SETTINGS: dict[str, tuple[list[Any], list[Any]]] = {
    "name": (["", "Ward 3 ü"], [None, 3]),
    "labels": ([[], ["a", "b"]], ["covid", ["a", "a"], ["a", 1], None]),
    "backbone": (["vgg16", "resnet152v2"], ["vgg", "DenseNet121", None]),
    "weights": (["none", "/some/where.h5"], [None, 1]),
    "size": ([32, 1024], [31, 1025, 224.0, "224", True]),
    "head": (["linear", "64", "512-256-64"], ["", "0", "64-", "1-2-3-4-5", "٣", 64]),
    "head_norm": ([True, False], [0, None]),
    "dropout": ([0, 0.99], [-0.1, 1, "0.3", float("nan")]),
    "dropout_at": (["features-and-hidden", "hidden"], ["features", None]),
    "head_epochs": ([0, 1], [-1, 1.5]),
    "head_rate": ([1e-9, 1], [0, 1.1, -1, None]),
    "head_optimiser": (["adam", "sgd"], ["lion", None]),
    "feature_copies": ([0, 50], [-1, 51, 1.0]),
    "head_varied": ([True, False], [1, None]),
    "epochs": ([0], [-1, "8"]),
    "optimiser": (["adamw", "rmsprop"], ["AdamW", 1]),
    "schedule": (["cosine", "constant", "plateau"], ["step", None]),
    "plateau_patience": ([1], [0, 1.0]),
    "plateau_factor": ([0.01, 0.99], [0, 1, float("nan")]),
    "loss": (["cross-entropy", "focal"], ["mse", None]),
    "rate": ([1e-9, 1], [0, 1.1, float("nan"), float("inf")]),
    "unfreeze_from": ([0], [-1, False]),
    "statistics": (["auto", "frozen", "learned"], ["", "Auto", None]),
    "batch": ([1, 1024], [0, 1025, 8.0]),
    "patience": ([0, 1], [-1, None]),
    "weight_decay": ([0, 0.5], [-1e-9, 1]),
    "clip_norm": ([0, 0.5, 1000], [-0.1, 1001, "1"]),
    "label_smoothing": ([0, 0.99], [-0.1, 1]),
    "average": ([0, 0.999], [-0.1, 1]),
    "balance": (["none", "labels", "labels-and-sources"], ["sources", 1]),
    "balance_by": (["auto", "weights", "sampling"], ["none", 1]),
    "heaviest": ([1, 50], [0.99, "4"]),
    "pools": ([[], ["NIH=a+b"]], ["NIH=a+b", [1]]),
    "leave_one_source_out": ([True, False], [1, "yes"]),
    "mixed_precision": ([True, False], [0, "false", None]),
    "validation": ([0.01, 0.49], [0, 0.5, 1, -0.2]),
    "test": ([0.01, 0.49], [0, 0.5, 1, -0.2]),
    "patient_pattern": (["", r"(p\d+)_"], [None, 3]),
    "accept_leaks": (["", "One hospital's own split."], [None, True]),
    "seed": ([0, 2**32 - 2], [-1, 2**32 - 1, 1.0]),
}
VARIATIONS: dict[str, tuple[list[Any], list[Any]]] = {
    "rotation_deg": ([0, 45], [-1, 46, "10"]),
    "zoom": ([0, 0.89], [-0.1, 0.9]),
    "shift": ([0, 0.89], [-0.1, 0.9]),
    "flip": ([True, False], [1, None]),
    "gamma": ([0, 0.89], [-0.1, 0.9]),
    "brightness": ([0, 0.89], [-0.1, 0.9]),
    "blur": ([0, 1], [-0.1, 1.1]),
    "erase": ([0, 1], [-0.1, 1.1, float("nan")]),
    "local_contrast": ([0, 1], [-0.1, 1.1]),
    "uneven": ([0, 1], [-0.1, 1.1]),
    "noise": ([0, 1], [-0.1, 1.1]),
    "compression": ([0, 1], [-0.1, 1.1]),
}


def pairs(settings: dict[str, tuple[list[Any], list[Any]]], which: int) -> list[Any]:
    return [(name, value) for name, each in settings.items() for value in each[which]]


def test_every_setting_is_tried_here() -> None:
    fields = set(TrainingConfig.__struct_fields__)
    assert set(SETTINGS) == fields - {"augmentation"}
    assert set(VARIATIONS) == set(Augmentation.__struct_fields__)


@pytest.mark.parametrize(("name", "value"), pairs(SETTINGS, 0))
def test_setting_within_its_range_is_taken(name: str, value: Any) -> None:
    taken = getattr(config_from_json({name: value}), name)
    assert taken == (tuple(value) if isinstance(value, list) else value)
    assert type(taken) is type(getattr(TrainingConfig(), name))


@pytest.mark.parametrize(("name", "value"), pairs(SETTINGS, 1))
def test_setting_out_of_range_or_of_another_kind_is_refused(
    name: str, value: Any
) -> None:
    with pytest.raises(TrainingError, match=name) as caught:
        config_from_json({name: value})
    assert caught.value.hint


@pytest.mark.parametrize(("name", "value"), pairs(VARIATIONS, 0))
def test_variation_within_its_range_is_taken(name: str, value: Any) -> None:
    config = config_from_json({"augmentation": {name: value}})
    assert getattr(config.augmentation, name) == value


@pytest.mark.parametrize(("name", "value"), pairs(VARIATIONS, 1))
def test_variation_out_of_range_or_of_another_kind_is_refused(
    name: str, value: Any
) -> None:
    with pytest.raises(TrainingError, match=name):
        config_from_json({"augmentation": {name: value}})


@pytest.mark.parametrize(
    "fields", [{"epoch": 3}, {"augmentation": {"rotate": 3}}, {"Size": 224}]
)
def test_unknown_setting_is_refused_and_the_known_are_named(
    fields: dict[str, Any],
) -> None:
    with pytest.raises(TrainingError, match="no setting called") as caught:
        config_from_json(fields)
    assert "Known settings" in caught.value.hint


@pytest.mark.parametrize("value", [None, [], "none", 3])
def test_variations_that_are_no_record_are_refused(value: Any) -> None:
    with pytest.raises(TrainingError, match="augmentation"):
        config_from_json({"augmentation": value})


def test_job_comes_back_from_its_json() -> None:
    config = TrainingConfig(
        name="Größe",
        labels=("normal", "covid"),
        size=96,
        rate=3e-4,
        pools=("NIH=a+b",),
        augmentation=Augmentation(flip=False, zoom=0.0),
        mixed_precision=True,
        seed=7,
    )
    text = json.dumps(config_to_json(config))
    assert config_from_json(json.loads(text)) == config


def test_settings_not_given_are_those_of_the_base() -> None:
    base = TrainingConfig(size=96, augmentation=Augmentation(zoom=0.5))
    config = config_from_json({"batch": 4, "augmentation": {"blur": 0}}, base)
    assert (config.size, config.batch) == (96, 4)
    assert config.augmentation == Augmentation(zoom=0.5, blur=0.0)


@pytest.mark.parametrize(
    ("settings", "learns"),
    [
        ({"weights": "imagenet"}, False),
        ({"weights": "none"}, True),
        ({"weights": "imagenet", "statistics": "learned"}, True),
        ({"weights": "none", "statistics": "frozen"}, False),
    ],
)
def test_statistics_are_learned_only_from_nothing_unless_said(
    settings: dict[str, Any], learns: bool
) -> None:
    assert config_from_json(settings).learns_statistics is learns


# What --list-settings tells


LISTED = {setting["name"]: setting for setting in list_settings()}


def as_field(name: str, value: Any) -> dict[str, Any]:
    group, dot, inner = name.partition(".")
    return {group: {inner: value}} if dot else {name: value}


def test_every_field_is_listed_in_order_and_with_its_default() -> None:
    fields = list(TrainingConfig.__struct_fields__)
    fields.remove("augmentation")
    fields += [f"augmentation.{name}" for name in Augmentation.__struct_fields__]
    assert list(LISTED) == fields
    default = flat_settings(TrainingConfig())
    text = " ".join(settings_text().split())
    for name, setting in LISTED.items():
        assert setting["default"] == default[name]
        assert setting["title"]
        assert setting["help"].endswith(".")
        assert setting["takes"]
        assert f"{name}: {setting['kind']}, {setting['takes']}; by default" in text
        assert setting["help"] in text


@pytest.mark.parametrize("name", [n for n, s in LISTED.items() if s["low"] is not None])
def test_listed_range_is_what_is_taken(name: str) -> None:
    setting = LISTED[name]
    step = 1 if setting["kind"] == "whole number" else 1e-9
    kind = int if setting["kind"] == "whole number" else float
    ends = {
        setting["low"]: (setting["low_is_allowed"], -step),
        setting["high"]: (setting["high_is_allowed"], step),
    }
    for end, (is_allowed, outwards) in ends.items():
        inside = end if is_allowed else end - outwards
        outside = end + outwards if is_allowed else end
        config_from_json(as_field(name, kind(inside)))
        with pytest.raises(TrainingError, match="must be"):
            config_from_json(as_field(name, kind(outside)))


@pytest.mark.parametrize("name", [n for n, s in LISTED.items() if s["choices"]])
def test_listed_choices_are_what_is_taken(name: str) -> None:
    for choice in LISTED[name]["choices"]:
        config_from_json({name: choice})
    with pytest.raises(TrainingError, match="must be one of"):
        config_from_json({name: "another"})


def test_list_of_presets_tells_what_each_sets_and_corrects() -> None:
    listed = {preset["name"]: preset for preset in list_presets()}
    assert list(listed) == list(PRESETS)
    for name, preset in PRESETS.items():
        fields: dict[str, Any] = {"augmentation": {}}
        for setting, value in listed[name]["settings"].items():
            group, dot, inner = setting.partition(".")
            (fields[group] if dot else fields).update({inner if dot else group: value})
        assert config_from_json(fields) == config_from_preset(name)
        flat_text = " ".join(presets_text().split())
        for sentence in (preset.title, preset.summary, *preset.points):
            assert sentence in flat_text
        assert listed[name]["departures"] == preset.departures


@pytest.mark.parametrize("what", ["settings", "presets"])
def test_lists_are_printed_without_keras_data_or_place(
    what: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "keras", None)
    assert main(["train", f"--list-{what}"]) == 0
    assert "epochs" in capsys.readouterr().out
    assert main(["train", f"--list-{what}", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["name"]


def test_printed_settings_are_taken_back_as_they_are(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "keras", None)
    words = ["--preset", "resnet152-cs6005", "--labels", "b,a", "--set", "rate=0.5"]
    words += ["--set", "augmentation.zoom=0.5", "--weights", "none"]
    assert main(["train", "--print-config", *words]) == 0
    printed = capsys.readouterr().out
    config = config_from_json(json.loads(printed))
    assert (config.labels, config.rate, config.weights) == (("b", "a"), 0.5, "none")
    assert (config.backbone, config.augmentation.zoom) == ("resnet152v2", 0.5)
    (tmp_path / "job.json").write_text(printed, "utf-8")
    again = ["--preset", "vgg16-ryan", "--config", str(tmp_path / "job.json")]
    assert main(["train", "--print-config", *again]) == 0
    assert capsys.readouterr().out == printed


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--set", "epochs=many"], "epochs of a training job cannot be"),
        (["--resume"], "by the settings that it was begun with"),
        (["--json", "FILE"], "printed and not written into files"),
    ],
)
def test_settings_that_no_job_would_use_are_not_printed(
    words: list[str],
    sentence: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = [str(tmp_path / "file") if word == "FILE" else word for word in words]
    assert main(["train", "--print-config", *words]) == 2
    said = capsys.readouterr()
    assert sentence in said.err
    assert not said.out


def test_a_job_without_any_epoch_is_refused() -> None:
    with pytest.raises(TrainingError, match="epochs in one of its phases") as caught:
        config_from_json({"head_epochs": 0, "epochs": 0})
    assert "head_epochs" in caught.value.hint


@pytest.mark.parametrize(
    "fields", [{"epochs": "many"}, {"epochs": -1}, {"epoch": 3}, {"augmentation": 3}]
)
def test_hint_names_the_list_of_settings(fields: dict[str, Any]) -> None:
    with pytest.raises(TrainingError) as caught:
        config_from_json(fields)
    assert "train --list-settings" in caught.value.hint


def test_hint_names_the_list_of_presets() -> None:
    with pytest.raises(TrainingError) as caught:
        config_from_preset("best")
    assert "train --list-presets" in caught.value.hint


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "\udcff"},
        {"labels": ["a", "b\ud800"]},
        {"rate": 10**400},
        {"heaviest": float("inf")},
        {"heaviest": float("nan")},
    ],
)
def test_what_could_not_be_written_or_computed_is_refused(
    fields: dict[str, Any],
) -> None:
    with pytest.raises(TrainingError, match=next(iter(fields))) as caught:
        config_from_json(fields)
    f"{caught.value} {caught.value.hint}".encode()


def test_settings_are_read_in_words_whoever_wrote_them() -> None:
    config = {**config_to_json(TrainingConfig()), "colour": "blue", "dropout": 0}
    said = dict(in_words(config).values())
    assert said["Film size (size)"] == "224 pixels"
    assert said["Dropout (dropout)"] == "off"
    assert said["Validation (validation)"] == "20 %"
    assert said["Backbone (backbone)"] == "DenseNet121"
    assert said["Labels (labels)"] == "none"
    assert said["Rotation (augmentation.rotation_deg)"] == "10°"
    assert said["colour"] == "blue"
    assert in_words(
        {"size": None, "augmentation": 3, "batch": [1], "seed": 10**400}
    ) == {
        "size": ("Film size (size)", "-"),
        "batch": ("Films per step (batch)", "1"),
        "seed": ("Seed (seed)", "-"),
    }
