"""Runs from the first click to the report, with real children."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import psutil
import pytest
from PyQt5.QtCore import QTimer
from PyQt5.QtWidgets import QApplication, QDialog, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from core import paths
from core.jobs.events import JobStopped, StageStarted, encode_event
from core.model.bundle import CARD, ModelBundle
from core.runs.config import TrainingConfig
from core.runs.job_folder import Job
from core.runs.progress import RunProgress, read_progress
from core.runs.run import FAILED, FINISHED, INTERRUPTED, RUNNING, Run, RunRecord
from core.runs.store import list_runs, new_run
from desktop.retrain.runs.kind import RunRequest, TrainingKind
from desktop.retrain.tab import RetrainTab
from desktop.settings import Settings
from desktop.work.kind import Job as JobAtWork
from tests.processes import running

CHILD = Path(__file__).resolve().parents[2].joinpath("child.py")
Behave = Callable[[str], None]


@pytest.fixture
def made_bundle(tiny_bundle: ModelBundle, tmp_path: Path) -> Path:
    """A bundle that names its films as a trained one does."""
    path = tmp_path / "made"
    shutil.copytree(tiny_bundle.path, path)
    card = json.loads((path / CARD).read_text(encoding="utf-8"))
    card["data"] = {"films": {"train": {"all": 20}, "val": {"all": 5}}}
    (path / CARD).write_text(json.dumps(card), encoding="utf-8")
    return path


@pytest.fixture
def behave(monkeypatch: pytest.MonkeyPatch, made_bundle: Path) -> Iterator[Behave]:
    """Makes the next child behave in a way; ends those that are left."""
    monkeypatch.setenv("CHILD_BUNDLE", str(made_bundle))

    def set_behaviour(behaviour: str) -> None:
        command = [sys.executable, str(CHILD), behaviour]
        monkeypatch.setattr(paths, "core_command", lambda: command)

    set_behaviour("forever")
    yield set_behaviour
    for child in _children():
        child.kill()


@pytest.fixture
def tab(qtbot: QtBot, behave: Behave) -> Iterator[RetrainTab]:
    tab = RetrainTab(Settings())
    qtbot.addWidget(tab)
    tab.resize(1000, 700)
    tab.show()
    tab.start()
    yield tab
    tab.shut_down()
    tab.hide()


@pytest.fixture
def request_(tmp_path: Path) -> RunRequest:
    return a_request(tmp_path)


def a_request(tmp_path: Path) -> RunRequest:
    split, audit = tmp_path / "split.csv", tmp_path / "audit.json"
    split.write_text("file,label,split\n", encoding="utf-8")
    audit.write_text("{}", encoding="utf-8")
    config = TrainingConfig(name="Ours")
    return RunRequest(config, "default", tmp_path, split, audit, "tensorflow")


def a_run(tmp_path: Path) -> Run:
    """A run that has not been started."""
    asked = a_request(tmp_path)
    started = datetime.now().astimezone().replace(microsecond=0)
    record = RunRecord("Ours", "default", tmp_path, started, asked.config, "")
    return new_run(record, split=asked.split, audit=asked.audit)


def _children() -> list[psutil.Process]:
    return running(psutil.Process().children(), str(CHILD))


def is_training(tab: RetrainTab) -> Callable[[], bool]:
    return lambda: (
        tab.controller.progress is not None and bool(tab.controller.progress.epochs)
    )


def begin(tab: RetrainTab, qtbot: QtBot, request: RunRequest) -> Run:
    """Start a run and wait for its first epoch."""
    tab.new_page.start_asked.emit(request)
    qtbot.waitUntil(is_training(tab), timeout=15_000)
    run = tab.controller.active
    assert run is not None
    return run


def at_rest(tab: RetrainTab) -> Callable[[], bool]:
    return lambda: tab.controller.active is None


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


def test_tab_says_at_first_what_it_is_for(tab: RetrainTab, qtbot: QtBot) -> None:
    assert tab.page is tab.intro

    tab.intro.new_button.click()

    assert tab.page is tab.new_page


def test_dropped_folder_begins_a_new_model(tab: RetrainTab, tmp_path: Path) -> None:
    tab.take_paths([tmp_path])

    assert tab.page is tab.new_page
    assert tab.new_page.data.data == tmp_path


def test_several_things_that_are_dropped_are_refused_in_words(
    tab: RetrainTab, tmp_path: Path
) -> None:
    tab.take_paths([tmp_path, tmp_path / "covid"])

    panel = tab.new_page.data
    assert panel.failure.cause.text.startswith("2 things were dropped.")
    assert panel.data is None


def test_the_place_for_films_lights_up_while_they_are_dragged(tab: RetrainTab) -> None:
    chooser = tab.new_page.data.chooser

    tab.show_drop(True)

    assert chooser.property("isDropTarget")
    tab.show_drop(False)
    assert not chooser.property("isDropTarget")


@pytest.mark.slow
def test_run_ends_in_its_report(
    tab: RetrainTab, qtbot: QtBot, behave: Behave, request_: RunRequest
) -> None:
    behave("ok")

    tab.new_page.start_asked.emit(request_)
    qtbot.waitUntil(lambda: tab.page is tab.run_page, timeout=15_000)
    qtbot.waitUntil(lambda: tab.page is tab.report_page, timeout=15_000)

    (run,) = list_runs()
    assert run.state() == FINISHED
    assert [epoch.epoch for epoch in read_progress(run)[0].epochs] == [1, 2, 3]
    assert run.audit.is_file()
    assert run.times.seconds() > 0
    assert [r.path for r in tab.panel.runs] == [run.path]


def test_status_line_tells_what_is_going_on(
    tab: RetrainTab, qtbot: QtBot, request_: RunRequest
) -> None:
    told: list[str] = []
    tab.status_changed.connect(told.append)

    begin(tab, qtbot, request_)

    qtbot.waitUntil(lambda: any("head, epoch" in text for text in told))
    assert told[-1].startswith("Training Ours: ")


@pytest.mark.slow
def test_paused_run_resumes(
    tab: RetrainTab, qtbot: QtBot, behave: Behave, request_: RunRequest
) -> None:
    run = begin(tab, qtbot, request_)
    tab.run_page.pause_button.click()
    qtbot.waitUntil(at_rest(tab), timeout=10_000)
    qtbot.waitUntil(tab.run_page.resume_button.isVisible)
    paused = run.state()

    behave("ok")
    tab.run_page.resume_button.click()
    qtbot.waitUntil(lambda: tab.page is tab.report_page, timeout=15_000)

    assert paused == INTERRUPTED
    assert run.state() == FINISHED
    assert len(list_runs()) == 1


@pytest.mark.slow
def test_finishing_makes_a_model_of_the_best(
    tab: RetrainTab, qtbot: QtBot, request_: RunRequest
) -> None:
    run = begin(tab, qtbot, request_)
    qtbot.waitUntil(tab.run_page.finish_button.isEnabled)

    tab.run_page.finish_button.click()
    qtbot.waitUntil(lambda: tab.page is tab.report_page, timeout=15_000)

    assert run.state() == FINISHED


def test_discarding_stops_and_deletes(
    tab: RetrainTab, qtbot: QtBot, request_: RunRequest
) -> None:
    run = begin(tab, qtbot, request_)

    answer("Delete")
    tab.run_page.discard_button.click()
    qtbot.waitUntil(at_rest(tab), timeout=10_000)

    qtbot.waitUntil(lambda: tab.page is tab.intro)
    assert not run.path.exists()
    assert not _children()


def test_discarding_can_be_thought_better_of(
    tab: RetrainTab, qtbot: QtBot, request_: RunRequest
) -> None:
    run = begin(tab, qtbot, request_)

    answer("Keep")
    tab.run_page.discard_button.click()

    assert tab.controller.active == run
    assert run.path.exists()


def test_reported_failure_is_shown_and_kept(
    tab: RetrainTab, qtbot: QtBot, behave: Behave, request_: RunRequest
) -> None:
    behave("fail")

    tab.new_page.start_asked.emit(request_)
    qtbot.waitUntil(tab.run_page.failure.isVisible, timeout=15_000)

    assert tab.run_page.failure.cause.text == "The data has one label only."
    assert "chatter from Python" in tab.run_page.failure.lines.toPlainText()
    assert list_runs()[0].state() == FAILED


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
def test_crash_is_an_interruption_whose_cause_is_kept(
    tab: RetrainTab, qtbot: QtBot, behave: Behave, request_: RunRequest
) -> None:
    behave("crash")

    tab.new_page.start_asked.emit(request_)
    qtbot.waitUntil(tab.run_page.failure.isVisible, timeout=15_000)

    (run,) = list_runs()
    failure = run.last_failure()
    assert failure is not None
    assert failure.message == tab.run_page.failure.cause.text
    assert "crashed (aborted)" in failure.message
    assert run.state() == INTERRUPTED
    assert tab.run_page.resume_button.text() == "Res&ume"


def test_second_run_is_refused_while_one_is_on(
    tab: RetrainTab, qtbot: QtBot, request_: RunRequest
) -> None:
    begin(tab, qtbot, request_)

    tab.new_page.start_asked.emit(request_)

    assert "only one model is trained at a time" in tab.banner.notice.text
    assert len(list_runs()) == 1


@pytest.mark.slow
def test_split_that_is_gone_is_told(
    tab: RetrainTab, qtbot: QtBot, request_: RunRequest
) -> None:
    gone = dataclasses.replace(request_, split=request_.split.with_name("gone.csv"))

    tab.new_page.start_asked.emit(gone)

    qtbot.waitUntil(tab.banner.isVisible)
    assert list_runs() == []
    begin(tab, qtbot, request_)


def test_window_without_a_run_closes_unasked(tab: RetrainTab) -> None:
    assert tab.may_close()


def test_closing_can_be_called_off(
    tab: RetrainTab, qtbot: QtBot, request_: RunRequest
) -> None:
    run = begin(tab, qtbot, request_)

    answer("Do not close")

    assert not tab.may_close()
    assert tab.controller.active == run


@pytest.mark.slow
def test_closing_can_pause_the_run(
    tab: RetrainTab, qtbot: QtBot, request_: RunRequest
) -> None:
    run = begin(tab, qtbot, request_)

    answer("Pause")

    assert tab.may_close()
    assert run.state() == INTERRUPTED
    assert run.channel.last_event() == JobStopped()
    assert not isinstance(QApplication.activeModalWidget(), QDialog)


@pytest.mark.slow
def test_run_goes_on_without_the_window_and_is_found_again(
    tab: RetrainTab, qtbot: QtBot, request_: RunRequest
) -> None:
    run = begin(tab, qtbot, request_)
    answer("background")
    assert tab.may_close()
    tab.shut_down()
    (child,) = _children()

    later = RetrainTab(Settings())
    qtbot.addWidget(later)
    later.show()
    later.start()
    qtbot.waitUntil(is_training(later), timeout=10_000)
    length = run.channel.events.stat().st_size
    qtbot.waitUntil(lambda: run.channel.events.stat().st_size > length)

    assert later.page is later.run_page
    assert later.controller.active == run
    assert later.controller.job is not None
    assert not later.controller.job.is_own
    assert later.may_close()
    assert child.is_running()
    later.run_page.pause_button.click()
    qtbot.waitUntil(at_rest(later), timeout=10_000)
    assert run.was_paused()
    later.shut_down()
    later.hide()


def test_run_whose_window_died_is_resumed(
    tab: RetrainTab, qtbot: QtBot, behave: Behave, tmp_path: Path
) -> None:
    run = a_run(tmp_path)
    run.work.begin(Job(run.record.config, run.split, "command"))
    run.channel.events.write_text(encode_event(StageStarted("head")) + "\n")
    tab.start()
    qtbot.waitUntil(lambda: len(tab.panel.runs) == 1)

    tab.panel.run_chosen.emit(run)
    qtbot.waitUntil(lambda: tab.page is tab.run_page)
    shown = tab.run_page.failure.cause.text
    behave("ok")
    tab.run_page.resume_button.click()
    qtbot.waitUntil(lambda: tab.page is tab.report_page, timeout=15_000)

    assert "interrupted" in shown
    assert run.state() == FINISHED


def test_run_of_another_process_is_not_started_twice(
    tab: RetrainTab, qtbot: QtBot, tmp_path: Path
) -> None:
    run = a_run(tmp_path)
    with subprocess.Popen(
        [*paths.core_command(), *run.command(), *run.channel.words()],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as other:
        qtbot.waitUntil(lambda: run.state() == RUNNING, timeout=10_000)
        tab.controller.resume(run)
        qtbot.waitUntil(tab.banner.isVisible)
        # It is followed instead.
        qtbot.waitUntil(lambda: tab.controller.active == run, timeout=10_000)
        assert "running already" in tab.banner.notice.text
        other.kill()
    qtbot.waitUntil(at_rest(tab), timeout=10_000)
    qtbot.waitUntil(tab.run_page.failure.isVisible)


def test_deleting_from_the_list_removes_the_run(
    tab: RetrainTab, qtbot: QtBot, tmp_path: Path
) -> None:
    run = a_run(tmp_path)
    tab.start()
    qtbot.waitUntil(lambda: len(tab.panel.runs) == 1)

    answer("Delete")
    tab.panel.deletion_asked.emit(run)

    qtbot.waitUntil(lambda: tab.panel.runs == [])
    assert not run.path.exists()


def test_window_that_just_ends_takes_its_run_along(
    tab: RetrainTab, qtbot: QtBot, request_: RunRequest
) -> None:
    run = begin(tab, qtbot, request_)
    children = _children()

    tab.shut_down()

    psutil.wait_procs(children, timeout=10)
    assert run.state() == INTERRUPTED
    assert run.was_paused()


def test_run_that_had_to_be_killed_says_so(qtbot: QtBot, tmp_path: Path) -> None:
    run = a_run(tmp_path)
    run.times.begin()

    active = JobAtWork(run, (), RunProgress(run.record.config))
    ended = TrainingKind().settle(active, JobStopped())

    failure = run.last_failure()
    assert ended.words == "Ours is paused."
    assert failure is not None
    assert "did not stop in time" in failure.message


def test_nothing_waits_for_the_child(
    tab: RetrainTab, qtbot: QtBot, behave: Behave, request_: RunRequest
) -> None:
    behave("deaf")
    begin(tab, qtbot, request_)

    with qtbot.waitSignal(tab.controller.progress_changed, timeout=5_000):
        tab.controller.stop()

    assert tab.controller.active is not None
