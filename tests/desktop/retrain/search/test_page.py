"""The page of searches, with real folders and a child that behaves as a test says."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PyQt5.QtCore import Qt, QTimer
from PyQt5.QtWidgets import QApplication, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from core.jobs.events import JobStopped, encode_event
from core.runs.config import TrainingConfig
from core.runs.run import RunRecord
from core.runs.store import fill_run, list_runs
from core.search.record import (
    LabelRates,
    SearchRecord,
    SearchTable,
    TrialResult,
    TrialRow,
)
from core.search.store import Search, list_searches, new_search
from desktop.retrain.runs.kind import RunRequest
from desktop.retrain.search.page import SearchPage
from tests.run_preparation import StandIn, put_stand_in

SPACE = {"head_rate": [0.01, 0.001], "dropout": [0.0, 0.5], "batch": [16]}


def a_row(number: int, state: str, value: float | None, dropout: float) -> TrialRow:
    rates = {"covid": LabelRates(4, 0.75, 0.9), "normal": LabelRates(4, 1.0, None)}
    result = TrialResult(0.4, 0.8, value or 0.0, rates, 12, 9)
    return TrialRow(
        number,
        state,
        {"head_rate": 0.01 / (number + 1), "dropout": dropout, "batch": 16},
        value,
        result if state == "finished" else None,
        "The loss is not a number." if state == "failed" else "",
        2.5,
        is_here=True,
    )


ROWS = (
    a_row(3, "finished", 0.91, 0.5),
    a_row(0, "finished", 0.88, 0.0),
    a_row(2, "pruned", 0.41, 0.5),
    a_row(1, "failed", None, 0.0),
)


def a_search(folder: Path, *, chosen: int | None = None) -> Search:
    """A search whose trials have ended, with the files of trial 3."""
    manifest = folder / "films.csv"
    manifest.write_text("file,label,split\n", encoding="utf-8")
    started = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    config = TrainingConfig(name="Ours", epochs=0)
    record = SearchRecord(
        name="Search of Ours",
        preset="default",
        data=manifest,
        started=started,
        config=config,
        space=SPACE,
        trials=4,
        sampler="tpe",
        measure="macro_f1",
        is_pruned=True,
        storage="",
        backend="tensorflow",
        command="python -m core search",
    )
    search = new_search(record)
    importance = {"head_rate": 0.7, "dropout": 0.3}
    search.write_table(SearchTable("macro_f1", 4, ROWS, importance, chosen))
    films = search.films(config.size)
    films.path.mkdir()
    shutil.copyfile(manifest, films.path / "split.csv")
    (films.path / "films.u8").write_bytes(b"films")
    run = search.trial(3)
    about = RunRecord("Ours", "default", manifest, started, config, "tensorflow")
    run.work.path.mkdir(parents=True)
    fill_run(run.path, about, split=manifest)
    (run.work.path / "head.npz").write_bytes(b"head")
    search.channel.events.write_text(f"{encode_event(JobStopped())}\n", "utf-8")
    return search


@pytest.fixture
def page(qtbot: QtBot) -> Iterator[SearchPage]:
    page = SearchPage()
    qtbot.addWidget(page)
    page.resize(1000, 760)
    page.show()
    yield page
    page.shut_down()
    page.hide()


@pytest.fixture
def request_(tmp_path: Path) -> RunRequest:
    split, audit = tmp_path / "split.csv", tmp_path / "audit.json"
    split.write_text("file,label,split\n", encoding="utf-8")
    audit.write_text("{}", encoding="utf-8")
    config = TrainingConfig(name="Ours", epochs=0)
    return RunRequest(config, "default", tmp_path, split, audit, "tensorflow")


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    folder = tmp_path / "stand-in"
    folder.mkdir()
    return put_stand_in(folder, monkeypatch)


def cells(page: SearchPage, column: str) -> list[str]:
    model = page.table.model()
    titles = [model.headerData(i, 1) for i in range(model.columnCount())]
    place = titles.index(column)
    return [model.index(i, place).data() for i in range(model.rowCount())]


def show(page: SearchPage, qtbot: QtBot) -> None:
    page.show_searches()
    qtbot.waitUntil(lambda: page.table.model().rowCount() == 4, timeout=5000)


def answer(words: str) -> None:
    """Answer the next question by the words of a button."""

    def click() -> None:
        box = QApplication.activeModalWidget()
        if not isinstance(box, QMessageBox):
            QTimer.singleShot(20, click)
            return
        (button,) = (b for b in box.buttons() if words in b.text())
        assert isinstance(button, QPushButton)
        button.click()

    QTimer.singleShot(0, click)


def test_trials_are_listed_the_best_first_with_rates_of_each_label(
    page: SearchPage, qtbot: QtBot, tmp_path: Path
) -> None:
    a_search(tmp_path)
    show(page, qtbot)
    assert cells(page, "Trial") == ["3", "0", "2", "1"]
    assert cells(page, "Macro-F1") == ["0.9100", "0.8800", "0.4100", ""]
    assert cells(page, "State") == ["Finished", "Finished", "Given up", "Failed"]
    assert cells(page, "dropout") == ["50 %", "off", "50 %", "off"]
    assert cells(page, "covid")[0] == "0.750/0.900"
    assert cells(page, "normal")[0] == "1.000/-"
    for view in page.charts.views.values():
        qtbot.waitUntil(lambda view=view: view.is_drawn, timeout=20_000)
        assert "the best is 0.910" in view.accessibleName()
    assert "2 of 4 trials finished" in page.sentence.text
    assert not page.resume_button.isVisible()


def test_a_heading_sorts_the_trials_and_unknown_values_come_last(
    page: SearchPage, qtbot: QtBot, tmp_path: Path
) -> None:
    a_search(tmp_path)
    show(page, qtbot)
    page.table.sortByColumn(1, Qt.SortOrder.AscendingOrder)
    assert cells(page, "Macro-F1") == ["0.4100", "0.8800", "0.9100", ""]
    page.table.sortByColumn(0, Qt.SortOrder.DescendingOrder)
    assert cells(page, "Trial") == ["3", "2", "1", "0"]


def test_the_best_becomes_a_full_run_once(
    page: SearchPage, qtbot: QtBot, tmp_path: Path
) -> None:
    search = a_search(tmp_path)
    show(page, qtbot)
    assert page.promote_button.text() == "Make a &model of the best"
    answer("Make the model")
    with qtbot.waitSignal(page.promoted, timeout=5000) as promoted:
        page.promote_button.click()
    run = promoted.args[0]
    assert [each.path for each in list_runs()] == [run.path]
    assert run.can_resume()
    assert run.record.config == search.trial(3).record.config
    assert run.command(resume=True)[-3:] == ["--resume", "--backend", "tensorflow"]
    kept = {path.name for path in run.work.path.iterdir()}
    assert {"head.npz", "films.u8", "split.csv", "job.json"} <= kept
    assert search.chosen_trial() == 3
    # No second trial may be chosen by what the test films said of the first.
    qtbot.waitUntil(lambda: "opened for trial 3" in page.sentence.text, timeout=5000)
    page.table.selectRow(1)
    assert page.table.chosen is not None
    assert page.table.chosen.number == 0
    assert not page.promote_button.isEnabled()


def test_a_search_is_started_from_a_prepared_training(
    page: SearchPage, qtbot: QtBot, request_: RunRequest, stand_in: StandIn
) -> None:
    stand_in.set("waits")
    page.prepare(request_)
    form = page.form
    form.space.setPlainText(json.dumps({"batch": [16, 32], "dropout": [0.1, 0.2]}))
    form.sampler.setCurrentIndex(form.sampler.findData("grid"))
    assert form.trials.value() == 4
    assert not form.error
    form.start_button.click()
    qtbot.waitUntil(lambda: page.controller.active is not None, timeout=10_000)
    (search,) = list_searches()
    assert search.record.trials == 4
    assert search.record.data == search.path / "films.csv"
    assert search.record.data.is_file()
    qtbot.waitUntil(lambda: bool(stand_in.calls), timeout=10_000)
    words = stand_in.calls[0]
    assert words[:4] == ["search", "--resume", "--out", str(search.path)]
    assert "--no-model" in words  # the test films are the user's to open
    qtbot.waitUntil(page.pause_button.isVisible, timeout=5000)
    with qtbot.waitSignal(page.controller.ended, timeout=20_000):
        page.pause_button.click()
    qtbot.waitUntil(page.resume_button.isVisible, timeout=5000)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("batch: 3", "not JSON"),
        ('{"bach": [1]}', "no setting called bach"),
        ('{"seed": [1, 2]}', "cannot vary seed"),
    ],
)
def test_a_mistake_in_the_space_is_told_as_it_is_typed(
    page: SearchPage, request_: RunRequest, text: str, said: str
) -> None:
    page.prepare(request_)
    assert page.form.start_button.isEnabled()
    page.form.space.setPlainText(text)
    assert said in page.form.why.text()
    assert not page.form.start_button.isEnabled()


def test_a_search_is_deleted_with_its_trials(
    page: SearchPage, qtbot: QtBot, tmp_path: Path
) -> None:
    search = a_search(tmp_path)
    show(page, qtbot)
    answer("Delete")
    with qtbot.waitSignal(page.controller.deleted, timeout=5000):
        page.delete_button.click()
    assert not search.path.exists()
    qtbot.waitUntil(lambda: page.is_empty, timeout=5000)
    assert page.title.text == "No search yet"
    assert page.sentence.text == ""
    assert not page.choice.isVisible()
