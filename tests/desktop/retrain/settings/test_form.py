from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtGui import QImage
from pytestqt.qtbot import QtBot

from core.model.bundle import ModelBundle
from core.runs.config import (
    USUAL_LAYERS,
    Augmentation,
    TrainingConfig,
    config_from_json,
    flat_settings,
)
from core.runs.presets import PRESETS, config_from_preset
from core.runs.settings import AUGMENTATION
from desktop.retrain.runs.kind import as_typed, train_words
from desktop.retrain.settings.augmentation_preview import first_films
from desktop.retrain.settings.editors import NumberEditor, RateBox
from desktop.retrain.settings.fields import (
    BACKEND,
    GROUPS,
    OF_FILMS,
    Field,
    config_of,
)
from desktop.retrain.settings.fields import (
    field as field_of,
)
from desktop.retrain.settings.form import SettingsForm
from desktop.retrain.settings.weights_editor import WeightsEditor
from tests.run_preparation import change_settings


def all_fields() -> dict[str, Field]:
    """Every setting by name."""
    of_form = (name for group in GROUPS for name in group.names)
    return {name: field_of(name) for name in (*OF_FILMS, *of_form)}


@pytest.fixture
def form(qtbot: QtBot) -> Iterator[SettingsForm]:
    form = SettingsForm()
    qtbot.addWidget(form)
    yield form
    form.preview.shut_down()


def number(form: SettingsForm, name: str) -> NumberEditor:
    editor = form.rows[name].editor
    assert isinstance(editor, NumberEditor)
    return editor


def test_every_setting_of_a_job_can_be_changed() -> None:
    job = set(TrainingConfig.__struct_fields__)
    varied = {AUGMENTATION + name for name in Augmentation.__struct_fields__}
    assert set(all_fields()) - {BACKEND} == job - {"augmentation"} | varied


def test_no_setting_is_listed_twice() -> None:
    names = [*OF_FILMS, *(name for group in GROUPS for name in group.names)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("field", all_fields().values(), ids=lambda field: field.name)
def test_every_setting_is_explained_in_one_sentence(field) -> None:
    assert field.setting.title
    assert field.setting.help.endswith(".")


@pytest.mark.parametrize("field", all_fields().values(), ids=lambda field: field.name)
def test_the_ends_of_every_range_can_be_used(field) -> None:
    if field.kind not in ("whole", "number", "rate"):
        return
    for shown in (field.low or (1e-9 if not field.setting.zero else 0), field.high):
        value = shown / field.setting.scale
        setting = {field.name: int(value) if field.kind == "whole" else value}
        config_of({**flat_settings(TrainingConfig()), **setting})


@pytest.mark.parametrize("field", all_fields().values(), ids=lambda field: field.name)
def test_every_choice_can_be_used(field) -> None:
    for value in field.setting.choices:
        config_of({**flat_settings(TrainingConfig()), field.name: value})


@pytest.mark.parametrize("name", PRESETS)
def test_a_recipe_s_settings_come_back_out_of_the_form(
    form: SettingsForm, name: str
) -> None:
    form.set_preset(name)
    assert form.config == config_from_preset(name)
    assert not form.error
    assert not any(row.is_changed for row in form.rows.values())


@pytest.mark.parametrize("name", PRESETS)
def test_a_recipe_s_numbers_are_shown_as_they_are(
    form: SettingsForm, name: str
) -> None:
    form.set_preset(name)
    for key, row in form.rows.items():
        if isinstance(row.editor, NumberEditor):
            value = flat_settings(form.config)[key]
            shown = row.editor.box.value() / row.field.setting.scale
            assert shown == pytest.approx(value), key


def test_recipes_of_published_projects_say_where_they_depart(
    form: SettingsForm,
) -> None:
    form.set_preset("mumtaz-fine-tuning")
    preset = PRESETS["mumtaz-fine-tuning"]
    text = form.chooser.sentences.text()
    for sentence in (*preset.departures.values(), *preset.corrections):
        assert sentence in text
    assert "Rotation (augmentation.rotation_deg)" in text
    assert not form.chooser.departures.isHidden()
    form.set_preset("default")
    assert form.chooser.departures.isHidden()


def test_a_changed_setting_is_marked_and_goes_back_by_a_click(
    qtbot: QtBot, form: SettingsForm
) -> None:
    number(form, "epochs").box.setValue(3)
    row = form.rows["epochs"]
    assert form.config.epochs == 3
    assert row.is_changed
    assert "8" in row.back.toolTip()
    qtbot.mouseClick(row.back, Qt.MouseButton.LeftButton)
    assert form.config.epochs == 8
    assert not row.is_changed


def test_all_changes_are_undone_at_once_but_for_the_name(
    qtbot: QtBot, form: SettingsForm
) -> None:
    change_settings(form, {"name": "Ward 7", "epochs": 3, "batch": 8})
    assert form.chooser.back_button.text() == "Undo 2 changes"
    qtbot.mouseClick(form.chooser.back_button, Qt.MouseButton.LeftButton)
    assert form.config == msgspec.structs.replace(TrainingConfig(), name="Ward 7")


def test_a_setting_that_cannot_be_used_says_so_in_its_place(
    form: SettingsForm,
) -> None:
    change_settings(form, {"head": "64-"})
    assert "head must be" in form.rows["head"].error
    assert form.error.startswith("Head: ")
    assert form.config.head == "linear"
    change_settings(form, {"head": "64"})
    assert not form.rows["head"].error
    assert form.config.head == "64"


def choose(form: SettingsForm, name: str, value: object) -> None:
    form.rows[name].editor.value_changed.emit(value)


def test_another_backbone_is_unfrozen_where_it_usually_is(form: SettingsForm) -> None:
    choose(form, "backbone", "vgg16")
    assert form.config.unfreeze_from == USUAL_LAYERS["vgg16"]
    choose(form, "backbone", "resnet50")
    assert form.config.unfreeze_from == USUAL_LAYERS["resnet50"]
    choose(form, "backbone", "densenet121")
    assert form.config == config_from_preset("default")


def test_a_layer_that_the_user_chose_stays_with_another_backbone(
    form: SettingsForm,
) -> None:
    choose(form, "unfreeze_from", 12)
    choose(form, "backbone", "vgg19")
    assert form.config.unfreeze_from == 12


def test_weights_of_another_backbone_are_refused_in_their_place(
    form: SettingsForm,
) -> None:
    choose(form, "backbone", "vgg16")
    assert form.error.startswith("Start from: These weights are of a DenseNet121.")
    choose(form, "weights", "imagenet")
    assert form.error == ""


def test_a_model_needs_a_name(form: SettingsForm) -> None:
    change_settings(form, {"name": ""})
    assert form.error == "Name: The model needs a name."


def test_settings_that_no_editor_can_show_exactly_are_kept(form: SettingsForm) -> None:
    change_settings(form, {"average": 0.99951234})
    number(form, "epochs").box.setValue(3)
    assert form.config.average == 0.99951234


@pytest.mark.parametrize(
    ("start", "steps", "end"),
    [(1e-4, 1, 2e-4), (2e-4, 2, 1e-3), (1e-3, -1, 5e-4), (3e-4, 1, 5e-4), (1.0, 1, 1)],
)
def test_a_learning_rate_steps_by_one_two_and_five(
    qtbot: QtBot, start: float, steps: int, end: float
) -> None:
    box = RateBox()
    qtbot.addWidget(box)
    box.setRange(1e-9, 1)
    box.setValue(start)
    box.stepBy(steps)
    assert box.value() == pytest.approx(end)


def test_a_learning_rate_can_be_typed_in_scientific_notation(
    qtbot: QtBot, form: SettingsForm
) -> None:
    box = number(form, "rate").box
    box.selectAll()
    qtbot.keyClicks(box, "3e-5")
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert form.config.rate == pytest.approx(3e-5)
    assert box.text() == "3e-05"


def test_a_slider_and_its_box_follow_each_other(form: SettingsForm) -> None:
    editor = number(form, AUGMENTATION + "zoom")
    assert editor.slider is not None
    editor.slider.setValue(20)
    assert editor.box.value() == 20
    assert form.config.augmentation.zoom == 0.2
    editor.box.setValue(5)
    assert editor.slider.value() == 5


def test_nothing_is_off_in_words() -> None:
    fields = all_fields()
    assert fields["dropout"].setting.in_words(0.0) == "off"
    assert fields["dropout"].setting.in_words(0.3) == "30 %"
    assert fields["rate"].setting.in_words(1e-5) == "1e-05"
    assert fields["head_norm"].setting.in_words(True) == "yes"
    assert fields["optimiser"].setting.in_words("sgd") == "SGD"


def test_the_model_in_use_can_be_started_from(
    form: SettingsForm, tiny_bundle: ModelBundle
) -> None:
    editor = form.rows["weights"].editor
    assert isinstance(editor, WeightsEditor)
    editor.set_model_in_use(tiny_bundle)
    index = editor.combo.findData(str(tiny_bundle.path))
    editor.combo.setCurrentIndex(index)
    editor.combo.activated.emit(index)
    assert form.config.weights == str(tiny_bundle.path)
    assert form.rows["weights"].is_changed


def test_imagenet_s_weights_say_where_to_put_them_without_a_network(
    form: SettingsForm,
) -> None:
    form.set_preset("mumtaz-fine-tuning")
    editor = form.rows["weights"].editor
    assert isinstance(editor, WeightsEditor)
    assert "downloads" in editor.note.text()
    assert ".keras/models" in editor.note.text()


def test_weights_that_are_gone_are_said_to_be(form: SettingsForm) -> None:
    change_settings(form, {"weights": "/nowhere/chexnet.h5"})
    editor = form.rows["weights"].editor
    assert isinstance(editor, WeightsEditor)
    assert editor.note.text() == "/nowhere/chexnet.h5 is not there."


def test_what_concerns_the_films_is_not_in_the_form(form: SettingsForm) -> None:
    assert not set(OF_FILMS) & set(form.rows)


def test_a_folded_group_sums_up_its_values(form: SettingsForm) -> None:
    change_settings(form, {"backbone": "vgg16"})
    head = form.sections["network"].head
    assert head.accessibleDescription().startswith("closed. 1 changed")
    assert "VGG16" in head.accessibleDescription()


def test_the_preview_shows_the_film_and_six_variations(
    qtbot: QtBot, form: SettingsForm, film: Path
) -> None:
    form.sections["films"].set_open(True)
    form.preview.set_films([film])
    form.show()
    tiles = form.preview.tiles
    qtbot.waitUntil(lambda: len(tiles.images) == 7)
    assert form.preview.about.text() == "Your film film.png"
    first = tiles.images[0]
    assert all(image != first for image in tiles.images[1:])


def test_the_preview_is_drawn_anew_when_a_slider_moves(
    qtbot: QtBot, form: SettingsForm, film: Path
) -> None:
    form.sections["films"].set_open(True)
    form.preview.set_films([film])
    form.show()
    tiles = form.preview.tiles
    qtbot.waitUntil(lambda: len(tiles.images) == 7)
    before = QImage(tiles.images[1])
    slider = number(form, AUGMENTATION + "rotation_deg").slider
    assert slider is not None
    slider.setValue(45)
    qtbot.waitUntil(lambda: tiles.images[1] != before)


def test_without_variation_the_preview_shows_the_film_itself(
    qtbot: QtBot, form: SettingsForm, film: Path
) -> None:
    form.set_preset("resnet50-codeproject")
    form.sections["films"].set_open(True)
    form.preview.set_films([film])
    form.show()
    tiles = form.preview.tiles
    qtbot.waitUntil(lambda: len(tiles.images) == 7)
    assert all(image == tiles.images[0] for image in tiles.images)


def test_the_preview_passes_over_a_film_that_cannot_be_read(
    qtbot: QtBot, form: SettingsForm, film: Path
) -> None:
    broken = film.with_name("broken.png")
    broken.write_bytes(b"no picture")
    form.sections["films"].set_open(True)
    form.preview.set_films([broken, film])
    form.show()
    qtbot.waitUntil(lambda: form.preview.about.text() == "Your film film.png")


def test_without_films_the_preview_shows_a_drawn_one(
    qtbot: QtBot, form: SettingsForm
) -> None:
    form.sections["films"].set_open(True)
    form.show()
    qtbot.waitUntil(lambda: form.preview.about.text().startswith("A drawn film"))


def test_first_films_shows_the_labels_by_turns(tmp_path: Path) -> None:
    for name in ("a/1.png", "a/2.png", "b/sub/3.png", ".hidden/4.png", "b/.x.png"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    found = [path.relative_to(tmp_path).as_posix() for path in first_films(tmp_path)]
    assert found == ["a/1.png", "b/sub/3.png", "a/2.png"]


def test_first_films_of_a_manifest_are_relative_to_it(tmp_path: Path) -> None:
    manifest = tmp_path / "films.csv"
    manifest.write_text("file,label\nx/1.png,a\nx/2.png,a\n3.png,b\n")
    assert first_films(manifest) == [
        tmp_path / "x/1.png",
        tmp_path / "3.png",
        tmp_path / "x/2.png",
    ]


def test_first_films_of_nothing_are_none(tmp_path: Path) -> None:
    assert first_films(tmp_path / "gone") == []


def test_the_command_in_words_keeps_a_layer_that_is_not_the_backbone_s_usual(
    tmp_path: Path,
) -> None:
    config = msgspec.structs.replace(config_from_preset("default"), backbone="resnet50")
    words = train_words(config, "default", split="s.csv", out="m", backend="")
    assert "unfreeze_from=100" in words


def test_the_command_in_words_makes_the_same_job(tmp_path: Path) -> None:
    config = msgspec.structs.replace(
        config_from_preset("delft-imagenet"),
        name="Übung, erste",
        labels=("a b", "ü"),
        epochs=3,
        augmentation=Augmentation(rotation_deg=7.5, blur=0.0, erase=0.0),
        accept_leaks="They are of two machines.",
    )
    words = train_words(
        config, "delft-imagenet", split="split.csv", out="model", backend="torch"
    )
    settings = [words[i + 1] for i, word in enumerate(words) if word == "--set"]
    fields: dict = {}
    for setting in settings:
        name, _, value = setting.partition("=")
        target = fields
        if name.startswith(AUGMENTATION):
            target = fields.setdefault("augmentation", {})
        target[name.removeprefix(AUGMENTATION)] = json.loads(value)
    assert config_from_json(fields, config_from_preset("delft-imagenet")) == config
    assert words[-2:] == ["--backend", "torch"]
    assert '\'labels=["a b", "ü"]\'' in as_typed(words)
