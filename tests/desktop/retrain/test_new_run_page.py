from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtGui import QGuiApplication
from PyQt5.QtWidgets import QAbstractButton, QScrollArea, QWidget
from pytestqt.qtbot import QtBot

from core.model.bundle import ModelBundle
from core.paths import checks_dir
from desktop.retrain.new_run_page import DATA, SETTINGS, START, NewRunPage
from desktop.retrain.runs.kind import RunRequest
from desktop.settings import Settings
from tests.run_preparation import (
    PREFLIGHT,
    StandIn,
    audit_record,
    change_settings,
    leaky_record,
    put_stand_in,
)


@pytest.fixture
def stand_in(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> StandIn:
    return put_stand_in(tmp_path_factory.mktemp("stand-in"), monkeypatch)


@pytest.fixture
def page(qtbot: QtBot) -> Iterator[NewRunPage]:
    page = NewRunPage(Settings())
    qtbot.addWidget(page)
    page.resize(760, 500)
    page.show()
    yield page
    page.shut_down()


@pytest.fixture
def data(tmp_path: Path, film: Path) -> Path:
    path = tmp_path / "films"
    (path / "covid").mkdir(parents=True)
    film.rename(path / "covid" / "0001_pa.png")
    return path


def with_films(qtbot: QtBot, page: NewRunPage, data: Path) -> None:
    page.take_paths([data])
    qtbot.waitUntil(lambda: not page.data.is_checking, timeout=20_000)


def idle(qtbot: QtBot, page: NewRunPage) -> None:
    qtbot.waitUntil(lambda: not page.preflight.is_checking, timeout=20_000)


def test_without_films_a_training_cannot_start_and_says_why(page: NewRunPage) -> None:
    page.go_to(START)
    assert not page.start_button.isEnabled()
    assert page.why.text() == "Choose the films to learn from first."
    assert page.request is None


def test_next_leads_through_the_steps(qtbot: QtBot, page: NewRunPage) -> None:
    assert page.step == DATA
    assert page.next_button.text() == "&Next: Settings"
    qtbot.mouseClick(page.next_button, Qt.MouseButton.LeftButton)
    assert page.step == SETTINGS
    qtbot.mouseClick(page.next_button, Qt.MouseButton.LeftButton)
    assert page.step == START
    assert page.next_button.isHidden()
    qtbot.mouseClick(page.back_button, Qt.MouseButton.LeftButton)
    assert page.step == SETTINGS


def test_a_step_can_be_chosen_directly(qtbot: QtBot, page: NewRunPage) -> None:
    qtbot.mouseClick(page.steps.buttons[SETTINGS], Qt.MouseButton.LeftButton)
    assert page.step == SETTINGS
    assert page.steps.buttons[SETTINGS].isChecked()


def test_start_hands_over_films_settings_and_split(
    qtbot: QtBot, page: NewRunPage, stand_in: StandIn, data: Path
) -> None:
    with_films(qtbot, page, data)
    change_settings(page.form, {"name": "Ward 7", "epochs": 2, "backend": "torch"})
    page.go_to(START)
    with qtbot.waitSignal(page.start_asked) as asked:
        qtbot.mouseClick(page.start_button, Qt.MouseButton.LeftButton)
    request = asked.args[0]
    assert isinstance(request, RunRequest)
    assert (request.config.name, request.config.epochs) == ("Ward 7", 2)
    assert request.config.labels == ("covid", "normal")
    assert (request.preset, request.backend) == ("default", "torch")
    assert request.data == data
    assert request.split.exists()
    assert json.loads(request.audit.read_text("utf-8"))["films"] == 80


def test_a_training_need_not_wait_for_the_check_of_the_machine(
    qtbot: QtBot, page: NewRunPage, stand_in: StandIn, data: Path
) -> None:
    with_films(qtbot, page, data)
    stand_in.set("waits")
    page.go_to(START)
    assert page.preflight.is_checking
    assert page.start_button.isEnabled()
    assert "need not wait" in page.why.text()
    page.preflight.stop()
    idle(qtbot, page)


def test_the_last_step_checks_the_machine_by_itself(
    qtbot: QtBot, page: NewRunPage, stand_in: StandIn, data: Path
) -> None:
    with_films(qtbot, page, data)
    page.go_to(START)
    qtbot.waitUntil(lambda: page.preflight.is_current, timeout=20_000)
    idle(qtbot, page)
    took = "at most about 2 hours and 15 minutes, as measured on a few steps."
    assert page.why.text() == f"It will take {took}"
    with qtbot.waitSignal(page.start_asked) as asked:
        page.start_button.click()
    assert asked.args[0].minutes == 134


def test_recipes_say_how_long_they_take_once_the_machine_is_known(
    qtbot: QtBot, page: NewRunPage, stand_in: StandIn, data: Path
) -> None:
    combo = page.form.chooser.combo
    texts = [combo.itemText(place) for place in range(combo.count())]
    assert "Head only, films varied in each epoch · mumtaz-feature-extraction" in texts
    speeds = {
        "backbone": "densenet121",
        "size": 224,
        "read_s": 0.1,
        "first_s": 30.0,
        "film_s": 0.5,
    }
    stand_in.answer_preflight({**PREFLIGHT, "speeds": speeds})
    with_films(qtbot, page, data)
    page.go_to(SETTINGS)  # where the machine is checked the first time
    qtbot.waitUntil(lambda: page.preflight.result is not None, timeout=20_000)
    idle(qtbot, page)
    texts = [combo.itemText(place) for place in range(combo.count())]
    assert "Head only, fast — at most 2 min for your 80 films" in texts
    (vgg,) = (text for text in texts if text.endswith("· vgg16-ryan"))
    # 48 films in each of 25 epochs, with 5.4 times the work of the one that was timed.
    assert "about 59 min for your 80 films" in vgg
    again = NewRunPage(Settings())  # as in the next window
    qtbot.addWidget(again)
    assert again._time.speeds is not None
    again.shut_down()


def test_earlier_trainings_with_the_same_settings_tell_the_time(
    qtbot: QtBot, page: NewRunPage, stand_in: StandIn, data: Path, tmp_path: Path
) -> None:
    with_films(qtbot, page, data)
    stand_in.set("waits")
    page._time.note_earlier(page.config, 30.0)
    page.go_to(START)
    assert "about 30 minutes, as earlier trainings with these settings" in (
        page.why.text()
    )
    page.preflight.stop()
    idle(qtbot, page)


def test_leaks_accepted_in_writing_go_into_the_job(
    qtbot: QtBot, page: NewRunPage, stand_in: StandIn, data: Path
) -> None:
    stand_in.answer(leaky_record())
    manifest = data / "films.csv"
    manifest.write_text("file,label,split\ncovid/0001_pa.png,covid,train\n")
    with_films(qtbot, page, manifest)
    page.go_to(START)
    assert not page.start_button.isEnabled()
    page.data.view.leaks.reason.setText("It is only a trial.")
    assert page.start_button.isEnabled()
    request = page.request
    assert request is not None
    assert request.config.accept_leaks == "It is only a trial."
    assert str(data) in request.split.read_text("utf-8")
    assert f"--data {manifest}" in page.command.text
    idle(qtbot, page)


def test_a_setting_that_cannot_be_used_blocks_the_start(
    qtbot: QtBot, page: NewRunPage, stand_in: StandIn, data: Path
) -> None:
    with_films(qtbot, page, data)
    change_settings(page.form, {"head": "many"})
    page.go_to(START)
    assert not page.start_button.isEnabled()
    assert page.why.text().startswith("Head: ")


def test_the_recipe_s_shares_can_be_taken_over(
    qtbot: QtBot, page: NewRunPage, stand_in: StandIn, data: Path
) -> None:
    with_films(qtbot, page, data)
    page.form.set_preset("mumtaz-fine-tuning")
    assert "80 / 10 / 10" in page.form.chooser.shares_note.text()
    assert not page.form.chooser.shares_note.isHidden()
    page.form.chooser.shares_button.click()
    qtbot.waitUntil(lambda: not page.reason, timeout=20_000)
    assert page.config.test == 0.1
    assert page.form.chooser.shares_note.isHidden()


def test_a_split_of_the_user_s_own_is_not_questioned(
    qtbot: QtBot, page: NewRunPage, stand_in: StandIn, data: Path
) -> None:
    record = audit_record()
    record["split"]["origin"] = "given"
    stand_in.answer(record)
    with_films(qtbot, page, data)
    page.form.set_preset("mumtaz-fine-tuning")
    assert page.form.chooser.shares_note.isHidden()


def test_the_commands_for_a_terminal_are_copied(
    qtbot: QtBot, page: NewRunPage, stand_in: StandIn, data: Path
) -> None:
    with_films(qtbot, page, data)
    change_settings(page.form, {"epochs": 2})
    page.command.copy.click()
    check, train = QGuiApplication.clipboard().text().splitlines()
    assert check.startswith(f"python -m core audit {data}")
    assert "--manifest split.csv" in check
    assert "--data split.csv" in train
    assert "--set epochs=2" in train


def test_films_of_the_user_s_are_tried_and_shown(
    qtbot: QtBot, page: NewRunPage, stand_in: StandIn, data: Path
) -> None:
    with_films(qtbot, page, data)
    page.data.options.pattern.setText(r"^(\d+)_")
    qtbot.waitUntil(lambda: page.data.options.example.text() == "0001_pa.png → 0001")
    assert page.form.preview.film == data / "covid" / "0001_pa.png"


def test_the_folder_is_remembered(
    qtbot: QtBot, page: NewRunPage, stand_in: StandIn, data: Path
) -> None:
    with_films(qtbot, page, data)
    assert Settings().training_folder == str(data)


def test_the_model_in_use_may_be_replaced_at_any_time(
    page: NewRunPage, tiny_bundle: ModelBundle
) -> None:
    page.set_model_in_use(tiny_bundle)
    page.set_model_in_use(None)
    assert page.form.config.weights == "default"


def test_closing_ends_a_check_and_leaves_nothing_behind(
    qtbot: QtBot, stand_in: StandIn, data: Path
) -> None:
    page = NewRunPage(Settings())
    qtbot.addWidget(page)
    stand_in.set("waits")
    page.take_paths([data])
    qtbot.waitUntil(lambda: bool(stand_in.calls), timeout=20_000)
    page.shut_down()
    assert list((checks_dir()).iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("size", [(520, 440), (760, 500), (1280, 820)])
@pytest.mark.parametrize("step", [DATA, SETTINGS, START])
def test_no_step_is_wider_than_the_page(
    qtbot: QtBot,
    page: NewRunPage,
    stand_in: StandIn,
    data: Path,
    size: tuple[int, int],
    step: int,
) -> None:
    labels = tuple(f"Befund {'lang ' * 9}{i} für Übung" for i in range(12))
    stand_in.answer(audit_record(labels))
    with_films(qtbot, page, data)
    page.resize(*size)
    page.data.options.set_open(True)
    for section in page.form.sections.values():
        section.set_open(True)
    page.command.set_open(True)
    page.go_to(step)
    idle(qtbot, page)
    area = page.findChildren(QScrollArea)[step]
    assert area.widget().minimumSizeHint().width() <= size[0]


def test_everything_to_press_has_a_name(
    qtbot: QtBot, page: NewRunPage, stand_in: StandIn, data: Path
) -> None:
    with_films(qtbot, page, data)
    page.go_to(START)
    idle(qtbot, page)
    nameless = [
        type(button).__name__
        for button in page.findChildren(QAbstractButton)
        if button.focusPolicy() & Qt.FocusPolicy.TabFocus
        and not (button.text() or button.accessibleName())
    ]
    assert nameless == []


def test_the_keyboard_reaches_the_settings_in_order(
    qtbot: QtBot, page: NewRunPage
) -> None:
    page.go_to(SETTINGS)
    page.form.chooser.combo.setFocus()
    reached: list[QWidget] = []
    widget: QWidget = page.form.chooser.combo
    for _ in range(400):
        widget = widget.nextInFocusChain()
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isVisible():
            reached.append(widget)
    # What a screen reader says: of a button without a name of its own, its text.
    names = [
        widget.accessibleName()
        or (widget.text() if isinstance(widget, QAbstractButton) else "")
        for widget in reached
    ]
    assert names.index("Name") < names.index("Start from") < names.index("Network")


def test_a_request_cannot_be_changed() -> None:
    assert dataclasses.fields(RunRequest)
    assert RunRequest.__dataclass_params__.frozen
