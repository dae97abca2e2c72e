from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PyQt5.QtCore import Qt
from pytestqt.qtbot import QtBot

from core.runs.rate_test import RateTest, sum_up
from desktop.retrain.new_run_page import SETTINGS, NewRunPage
from desktop.retrain.rate_finder import RateFinder
from desktop.settings import Settings
from tests.run_preparation import StandIn, change_settings, put_stand_in
from tests.training_child import SMALL


def found(fall: float = 0.8) -> RateTest:
    rates = np.geomspace(1e-7, 1.0, 200)
    losses = 1.2 - fall / (1 + np.exp(-4 * (np.log10(rates) + 4)))
    losses += np.random.default_rng(0).normal(0, 0.05, len(rates))
    return sum_up("rate", rates.tolist(), losses.tolist(), batch=8, films=18)


@pytest.fixture
def stand_in(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> StandIn:
    stand_in = put_stand_in(tmp_path_factory.mktemp("stand-in"), monkeypatch)
    stand_in.answer_rate(found())
    return stand_in


@pytest.fixture
def page(qtbot: QtBot) -> Iterator[NewRunPage]:
    page = NewRunPage(Settings())
    qtbot.addWidget(page)
    page.resize(760, 600)
    page.show()
    page.form.sections["fine-tuning"].set_open(True)
    yield page
    page.shut_down()


@pytest.fixture
def finder(qtbot: QtBot, page: NewRunPage, stand_in: StandIn, film: Path) -> RateFinder:
    """Of the second phase, with films that were checked."""
    folder = film.parent / "films" / "covid"
    folder.mkdir(parents=True)
    film.rename(folder / film.name)
    take_films(qtbot, page, folder.parent)
    page.go_to(SETTINGS)
    return page.finders["rate"]


def take_films(
    qtbot: QtBot, page: NewRunPage, data: Path, *, seconds: int = 20
) -> None:
    page.take_paths([data])
    qtbot.waitUntil(lambda: not page.data.is_checking, timeout=1000 * seconds)


def find(qtbot: QtBot, finder: RateFinder, *, seconds: int = 20) -> None:
    qtbot.mouseClick(finder.find_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not finder.is_checking, timeout=1000 * seconds)


def test_without_films_no_rate_can_be_found(page: NewRunPage) -> None:
    finder = page.finders["rate"]
    assert not finder.find_button.isEnabled()
    assert finder.find_button.toolTip().startswith("Choose films")
    assert finder.isHidden()


def test_the_curve_and_the_rate_are_shown_beside_the_setting(
    qtbot: QtBot, finder: RateFinder
) -> None:
    find(qtbot, finder)
    result = finder.result
    assert result is not None
    assert result.suggestion is not None
    assert finder.chart.isVisible()
    qtbot.waitUntil(lambda: finder.chart.is_drawn, timeout=20_000)
    assert finder.chart.accessibleName() == finder.words.text() == result.in_words()
    assert not finder.stale.isVisible()


def test_the_rate_can_be_used(
    qtbot: QtBot, page: NewRunPage, finder: RateFinder
) -> None:
    find(qtbot, finder)
    assert page.focusWidget() is finder.use_button
    assert finder.result is not None
    qtbot.mouseClick(finder.use_button, Qt.MouseButton.LeftButton)
    assert page.config.rate == finder.result.suggestion
    assert page.form.rows["rate"].is_changed
    # Which rate the job has does not matter for the test.
    assert finder.is_current


def test_the_child_gets_the_whole_job(
    qtbot: QtBot, page: NewRunPage, finder: RateFinder, stand_in: StandIn
) -> None:
    change_settings(page.form, {"batch": 4, "backend": "torch"})
    find(qtbot, finder)
    # The check of the machine may have begun meanwhile.
    call = next(call for call in stand_in.calls if "--find-rate" in call)
    assert call[:3] == ["train", "--find-rate", "rate"]
    request = page.request
    assert request is not None
    assert call[call.index("--data") + 1] == str(request.split)
    assert call[call.index("--backend") + 1] == "torch"
    settings = json.loads(Path(call[call.index("--config") + 1]).read_text("utf-8"))
    assert settings["batch"] == 4


def test_other_settings_make_the_result_one_of_before(
    qtbot: QtBot, page: NewRunPage, finder: RateFinder
) -> None:
    find(qtbot, finder)
    change_settings(page.form, {"unfreeze_from": 200})
    assert finder.stale.isVisible()
    assert finder.chart.isVisible()
    change_settings(page.form, {"unfreeze_from": 100, "name": "Ward 7"})
    assert not finder.stale.isVisible()


def test_where_nothing_stands_out_there_is_nothing_to_use(
    qtbot: QtBot, finder: RateFinder, stand_in: StandIn
) -> None:
    stand_in.answer_rate(found(fall=0.0))
    find(qtbot, finder)
    assert "No learning rate stands out" in finder.words.text()
    assert finder.use_button.isHidden()
    assert finder.chart.isVisible()


def test_a_phase_that_is_left_out_has_no_rate(
    page: NewRunPage, finder: RateFinder
) -> None:
    change_settings(page.form, {"epochs": 0})
    assert not finder.find_button.isEnabled()
    assert "leaves out the second phase" in finder.find_button.toolTip()
    assert page.finders["head_rate"].find_button.isEnabled()


@pytest.mark.slow
def test_a_search_can_be_cancelled(
    qtbot: QtBot, page: NewRunPage, finder: RateFinder, stand_in: StandIn
) -> None:
    stand_in.set("waits")
    qtbot.mouseClick(finder.find_button, Qt.MouseButton.LeftButton)
    # The check of the machine may begin after it.
    qtbot.waitUntil(lambda: any("--find-rate" in call for call in stand_in.calls))
    assert not finder.find_button.isEnabled()
    assert page.focusWidget() is finder.progress.stop_button
    qtbot.mouseClick(finder.progress.stop_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not finder.is_checking, timeout=20_000)
    assert finder.isHidden()
    assert finder.find_button.isEnabled()


def test_a_failure_is_said_and_keeps_the_last_result(
    qtbot: QtBot, finder: RateFinder, stand_in: StandIn
) -> None:
    find(qtbot, finder)
    stand_in.set("fails", "The weights do not fit.")
    find(qtbot, finder)
    assert finder.failure.cause.text == "The weights do not fit."
    assert finder.result is not None


def test_the_keyboard_goes_through_it_as_it_is_read(
    qtbot: QtBot, page: NewRunPage, finder: RateFinder
) -> None:
    find(qtbot, finder)
    row = page.form.rows["rate"]
    row.choose(0.5)
    widget = row.editor.focusProxy()
    reached = []
    for _ in range(60):
        widget = widget.nextInFocusChain()
        if widget.isVisible() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
            reached.append(widget)
    wanted = [finder.find_button, finder.chart, finder.use_button, row.back]
    assert [each for each in reached if each in wanted] == wanted


@pytest.mark.slow
@pytest.mark.training
def test_a_rate_is_found_by_a_real_training(
    qtbot: QtBot, page: NewRunPage, phantoms: Path
) -> None:
    pytest.importorskip("keras")
    take_films(qtbot, page, phantoms, seconds=120)
    names = ("backbone", "unfreeze_from", "weights", "size", "batch", "head_epochs")
    change_settings(page.form, {name: SMALL[name] for name in names})
    page.form.sections["head"].set_open(True)
    page.go_to(SETTINGS)
    finder = page.finders["head_rate"]
    find(qtbot, finder, seconds=240)
    assert finder.result is not None, finder.failure.cause.text
    assert finder.result.films == 18
    assert min(finder.result.smoothed) < finder.result.smoothed[0]
    qtbot.waitUntil(lambda: finder.chart.is_drawn, timeout=20_000)
