from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from core.jobs.events import JobFailed, encode_event
from core.model.bundle import ModelBundle
from core.runs.run import Run
from core.runs.store import new_run
from desktop.retrain.report.compare_page import ComparePage
from desktop.retrain.runs.model import ACCURACY, LIST_COLUMNS, NAME, RunsModel, read_row
from desktop.retrain.runs.panel import RunsPanel
from desktop.widgets.rates import Rate
from desktop.widgets.times import time_in_words
from tests.finished_run import FINDINGS, damage, make_finished_run, write_films


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    return write_films(tmp_path / "films")


@pytest.fixture
def finished(tiny_bundle: ModelBundle, manifest: Path) -> Run:
    return make_finished_run(tiny_bundle, manifest, name="First")


@pytest.fixture
def failed(finished: Run) -> Run:
    record = msgspec.structs.replace(
        finished.record,
        name="Broken",
        started=finished.record.started + timedelta(days=1),
    )
    run = new_run(record, split=finished.split, audit=None)
    run.channel.events.write_text(encode_event(JobFailed("Memory ran out.")) + "\n")
    return run


@pytest.fixture
def panel(qtbot: QtBot) -> Iterator[RunsPanel]:
    panel = RunsPanel()
    qtbot.addWidget(panel)
    panel.resize(280, 600)
    panel.show()
    yield panel
    panel.close()


def filled(model: RunsModel, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not model.is_reading)


def test_a_finished_run_shows_its_accuracy_with_the_interval(finished: Run) -> None:
    row = read_row(finished)
    assert row.state == "Finished"
    assert row.accuracy is not None
    assert row.accuracy.value == pytest.approx(10 / 18, abs=1e-3)
    assert row.accuracy.low is not None
    assert "to" in row.accuracy.in_words()
    assert row.epochs == 3


def test_a_failed_run_has_no_figures(failed: Run) -> None:
    row = read_row(failed)
    assert row.state == "Failed"
    assert row.accuracy is None
    assert row.bundle is None


def test_a_run_without_its_card_is_said_to_be_damaged(finished: Run) -> None:
    (finished.bundle_dir / "card.json").write_text("{}")
    assert read_row(finished).state == "Damaged"


def test_an_empty_list_invites_to_train(panel: RunsPanel, qtbot: QtBot) -> None:
    panel.set_runs([])
    assert not panel.list.isVisible()
    with qtbot.waitSignal(panel.new_button.clicked):
        panel.new_button.click()


def test_the_newest_run_comes_first(
    panel: RunsPanel, finished: Run, failed: Run
) -> None:
    panel.set_runs([finished, failed])
    assert panel.runs == [failed, finished]


@pytest.mark.parametrize("column", range(len(LIST_COLUMNS)))
def test_the_list_sorts_by_every_column_both_ways(
    panel: RunsPanel, qtbot: QtBot, finished: Run, failed: Run, column: int
) -> None:
    panel.set_runs([finished, failed])
    filled(panel.model, qtbot)
    panel.column_box.setCurrentIndex(column)
    first = panel.runs
    panel.direction.toggle()
    second = panel.runs
    assert sorted(r.record.name for r in first) == ["Broken", "First"]
    if LIST_COLUMNS[column].title in ("Name", "Started", "State"):
        assert first == second[::-1]


def test_runs_without_a_figure_come_last_either_way(
    panel: RunsPanel, qtbot: QtBot, finished: Run, failed: Run
) -> None:
    panel.set_runs([failed, finished])
    filled(panel.model, qtbot)
    panel.column_box.setCurrentIndex(LIST_COLUMNS.index(ACCURACY))
    assert panel.runs == [finished, failed]
    panel.direction.toggle()
    assert panel.runs == [finished, failed]


def test_choosing_a_run_tells_which(
    panel: RunsPanel, qtbot: QtBot, finished: Run, failed: Run
) -> None:
    panel.set_runs([finished, failed])
    with qtbot.waitSignal(panel.run_chosen) as caught:
        panel.list.setCurrentIndex(panel.list.model().index(1, 0))
    assert caught.args == [finished]


def test_a_new_list_keeps_what_is_selected_and_says_nothing(
    panel: RunsPanel, finished: Run, failed: Run
) -> None:
    panel.set_runs([finished])
    panel.choose(finished)
    told: list[Run] = []
    panel.run_chosen.connect(told.append)
    panel.set_runs([failed, finished])
    assert panel.chosen_runs == [finished]
    assert told == []


def test_two_finished_runs_can_be_compared(
    panel: RunsPanel,
    qtbot: QtBot,
    finished: Run,
    failed: Run,
    tiny_bundle: ModelBundle,
    manifest: Path,
) -> None:
    second = make_finished_run(tiny_bundle, manifest, name="Second")
    panel.set_runs([finished, second, failed])
    filled(panel.model, qtbot)
    assert not panel.compare_button.isEnabled()
    panel.list.selectAll()
    assert panel.compare_button.isEnabled()
    with qtbot.waitSignal(panel.compare_asked) as caught:
        panel.compare_button.click()
    assert {run.record.name for run in caught.args[0]} == {"First", "Second"}


def test_delete_asks_for_the_deletion_of_one_run(
    panel: RunsPanel, qtbot: QtBot, finished: Run
) -> None:
    panel.set_runs([finished])
    panel.choose(finished)
    with qtbot.waitSignal(panel.deletion_asked) as caught:
        panel.delete_action.trigger()
    assert caught.args == [finished]
    assert finished.path.is_dir()


def test_the_run_in_use_is_marked(
    panel: RunsPanel, qtbot: QtBot, finished: Run, tiny_bundle: ModelBundle
) -> None:
    panel.set_runs([finished])
    panel.model.set_model_in_use(tiny_bundle)
    filled(panel.model, qtbot)
    tip = panel.model.index(0, 0).data(Qt.ItemDataRole.ToolTipRole)
    assert "The model in use" in tip
    assert panel.grab().width() > 0


@pytest.fixture
def page(qtbot: QtBot) -> Iterator[ComparePage]:
    page = ComparePage()
    qtbot.addWidget(page)
    page.show()
    yield page
    page.close()


def test_runs_of_one_split_can_be_compared(
    page: ComparePage,
    qtbot: QtBot,
    finished: Run,
    tiny_bundle: ModelBundle,
    manifest: Path,
) -> None:
    page.set_runs([finished, make_finished_run(tiny_bundle, manifest, name="Second")])
    filled(page.model, qtbot)
    assert "same test films" in page.verdict.text


def test_runs_whose_labels_need_no_lungs_are_named(
    page: ComparePage,
    qtbot: QtBot,
    finished: Run,
    tiny_bundle: ModelBundle,
    manifest: Path,
) -> None:
    page.set_runs([finished])
    filled(page.model, qtbot)
    assert page.doubt.isHidden()
    other = make_finished_run(tiny_bundle, manifest, name="B", findings=FINDINGS)
    page.set_runs([finished, other])
    filled(page.model, qtbot)
    assert "without looking at lungs" in page.doubt.text
    assert ": B. Their" in page.doubt.text


def test_runs_of_different_splits_are_marked_and_told(
    page: ComparePage,
    qtbot: QtBot,
    finished: Run,
    tiny_bundle: ModelBundle,
    manifest: Path,
) -> None:
    other = make_finished_run(tiny_bundle, manifest, name="B", split_sha256="cd" * 32)
    page.set_runs([finished, other])
    filled(page.model, qtbot)
    assert "differently" in page.verdict.text
    column = [each.title for each in page.model.columns].index("Split")
    cells = {page.model.index(row, column).data() for row in range(2)}
    assert cells == {"A · abababab", "B · cdcdcdcd"}


def test_the_table_is_copied_as_csv(
    page: ComparePage, qtbot: QtBot, finished: Run
) -> None:
    page.set_runs([finished])
    filled(page.model, qtbot)
    page.table.setFocus()
    qtbot.waitUntil(page.table.hasFocus)
    qtbot.keyClick(page.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    rows = list(csv.DictReader(io.StringIO(QGuiApplication.clipboard().text())))
    assert [row["name"] for row in rows] == ["First"]
    assert float(rows[0]["accuracy"]) == pytest.approx(10 / 18, abs=1e-3)
    assert rows[0]["accuracy_low"]


def test_a_damaged_model_stays_in_the_table(
    page: ComparePage, qtbot: QtBot, finished: Run
) -> None:
    damage(finished)
    page.set_runs([finished])
    filled(page.model, qtbot)
    assert page.model.index(0, page.model.columns.index(NAME)).data() == "First"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, ""), (40, "40 s"), (89, "89 s"), (600, "10 min"), (3900, "1 h 05 min")],
)
def test_durations_are_written_as_people_say_them(seconds: float, words: str) -> None:
    assert time_in_words(seconds) == words


def test_a_rate_without_an_interval_is_written_alone() -> None:
    assert Rate(0.5).in_words() == "50.0 %"
