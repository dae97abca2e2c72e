"""Exporting a scan and sorting its films, in the window."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PyQt5.QtCore import QTimer, QUrl
from PyQt5.QtGui import QDesktopServices
from PyQt5.QtWidgets import QApplication, QDialog, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from core.filing.log import NAME
from core.model.bundle import ModelBundle
from core.scan.results import read_rows
from core.scan.store import Scan
from desktop.models import file_dialogs as model_dialogs
from desktop.scan.actions import ScanActions
from desktop.scan.dialogs import FORMS, FilingDialog, ScanExportDialog
from desktop.scan.table.rows import RowStore
from desktop.scan.worklist import (
    ALL,
    SELECTED,
    SHOWN,
    Choice,
    ScanTask,
    choices_in,
    clean_up,
    prepare,
    totals_task,
)
from desktop.widgets import confirm
from desktop.widgets.notify import Notice
from tests.finished_scan import write_scan
from tests.scan_folder import files_of

WAIT_MS = 60_000
ONE = ["covid/a.png"]
TWO = ["normal/b.png", "covid/a.png"]


@pytest.fixture
def scan(tiny_bundle: ModelBundle, tmp_path: Path) -> Scan:
    return write_scan(tiny_bundle, tmp_path)


@pytest.fixture
def actions(qtbot: QtBot, scan: Scan) -> Iterator[ScanActions]:
    actions = ScanActions(lambda: choices(scan, ONE, TWO))
    qtbot.addWidget(actions)
    actions.set_scan(scan)
    actions.show()
    yield actions
    actions.shut_down()


def choices(scan: Scan, selected: list[str], shown: list[str]) -> list[Choice]:
    """What the page offers for rows that are selected and shown."""
    rows = RowStore(scan.record.card_labels)
    rows.append(list(read_rows(scan.results, scan.record.label_names)))
    ids = [[rows.files.index(file) for file in files] for files in (selected, shown)]
    return choices_in(rows, *(np.array(each, np.int64) for each in ids))


def answer(qtbot: QtBot, kind: type[QDialog], say: Callable[[QDialog], None]) -> None:
    """Do something in the next dialog of a kind, as the user would."""

    def look() -> None:
        for widget in QApplication.topLevelWidgets():
            if isinstance(widget, kind) and widget.isVisible():
                say(widget)
                return
        QTimer.singleShot(10, look)

    QTimer.singleShot(0, look)


def done(qtbot: QtBot, actions: ScanActions) -> None:
    qtbot.waitUntil(lambda: not actions.is_busy, timeout=WAIT_MS)


def filing(
    scan: Scan, target: Path, *, move: bool, files: list[str] | None
) -> ScanTask:
    words = ("--move-to" if move else "--copy-to", str(target))
    choice = Choice(ALL if files is None else SELECTED, files)
    return ScanTask(scan, choice, words, target, moves=move)


def films_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*.png")}


def test_nothing_can_be_done_without_a_scan(qtbot: QtBot) -> None:
    actions = ScanActions(list)
    qtbot.addWidget(actions)
    actions.set_scan(None)
    assert not actions.export_button.isEnabled()
    assert not actions.copy_button.isEnabled()
    assert not actions.move_button.isEnabled()
    actions.shut_down()


@pytest.mark.slow
def test_what_is_shown_is_exported_in_its_order(
    qtbot: QtBot,
    actions: ScanActions,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "w.csv"
    monkeypatch.setattr(model_dialogs, "ask_for_file", lambda *_: out)

    def say(dialog: QDialog) -> None:
        assert isinstance(dialog, ScanExportDialog)
        dialog.choice.choose(SHOWN)
        dialog.export_button.click()

    answer(qtbot, ScanExportDialog, say)
    with qtbot.waitSignal(actions.status_changed, timeout=WAIT_MS):
        actions.export_button.click()
    assert files_of(out) == TWO
    assert actions.outcome.text().startswith(f"Written: {out}")
    assert actions.folder_button.isVisible()


@pytest.mark.slow
@pytest.mark.parametrize("flag", ["--xlsx", "--report", "--jsonl"])
def test_every_form_is_written(
    qtbot: QtBot,
    actions: ScanActions,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    flag: str,
) -> None:
    out = tmp_path / "w.out"
    monkeypatch.setattr(model_dialogs, "ask_for_file", lambda *_: out)

    def say(dialog: QDialog) -> None:
        assert isinstance(dialog, ScanExportDialog)
        dialog.choice.choose(ALL)
        flags = [form.flag for form in FORMS]
        dialog.forms.buttons[flags.index(flag)].click()
        dialog.export_button.click()

    answer(qtbot, ScanExportDialog, say)
    with qtbot.waitSignal(actions.status_changed, timeout=WAIT_MS):
        actions.export_button.click()
    assert out.stat().st_size > 500
    if flag == "--report":  # with what the labels of the scan say
        assert "Against the labels" in out.read_text("utf-8")


@pytest.mark.slow
def test_a_file_is_replaced_only_where_the_dialog_asked(
    qtbot: QtBot, scan: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "w.csv"
    monkeypatch.setattr(model_dialogs, "ask_for_file", lambda *_: out)
    for is_there in (False, True):
        dialog = ScanExportDialog(scan, choices(scan, ONE, TWO), tmp_path)
        qtbot.addWidget(dialog)
        dialog.export_button.click()
        assert dialog.task is not None
        assert ("--overwrite" in dialog.task.words) == is_there
        out.write_text("mine")


@pytest.mark.slow
def test_a_file_that_came_meanwhile_is_not_replaced(
    qtbot: QtBot, actions: ScanActions, scan: Scan, tmp_path: Path
) -> None:
    out = tmp_path / "w.csv"
    out.write_text("mine")
    raised: list[Notice] = []
    actions.notice_raised.connect(raised.append)
    actions.start(ScanTask(scan, Choice(ALL), ("--csv", str(out)), out))
    done(qtbot, actions)
    assert out.read_text() == "mine"
    assert raised[0].text == "w.csv exists already."


def test_several_selected_films_are_meant_at_first(qtbot: QtBot, scan: Scan) -> None:
    for selected, shown, which in (
        (TWO, TWO, SELECTED),
        (ONE, TWO, SHOWN),
        ([], [], ALL),
    ):
        dialog = ScanExportDialog(scan, choices(scan, selected, shown), scan.path)
        qtbot.addWidget(dialog)
        assert dialog.choice.chosen.which == which


def test_the_dialog_says_in_numbers_what_will_be_done(
    qtbot: QtBot, scan: Scan, tmp_path: Path
) -> None:
    dialog = FilingDialog(scan, choices(scan, ONE, TWO), move=False)
    qtbot.addWidget(dialog)
    assert not dialog.go_button.isEnabled()
    assert "2 films" in dialog.plan.text()
    assert "COVID-19: 1, Normal: 1" in dialog.plan.text()
    dialog.choice.choose(ALL)
    assert "uncertain: 1, not read: 1" in dialog.plan.text()
    assert not dialog.go_button.isEnabled()
    dialog.set_target(tmp_path / "sorted")
    assert dialog.go_button.isEnabled()
    assert dialog.go_button.text() == "&Copy 5 films"
    dialog.reject()


def test_a_folder_within_the_scanned_one_is_refused_at_once(
    qtbot: QtBot, scan: Scan
) -> None:
    dialog = FilingDialog(scan, choices(scan, ONE, TWO), move=True)
    qtbot.addWidget(dialog)
    dialog.set_target(scan.record.folder / "sorted")
    assert "would be scanned again" in dialog.problem.text
    assert not dialog.go_button.isEnabled()
    dialog.reject()


@pytest.mark.slow
def test_films_are_copied_into_folders(
    qtbot: QtBot, actions: ScanActions, scan: Scan, tmp_path: Path
) -> None:
    target = tmp_path / "sorted"

    def say(dialog: QDialog) -> None:
        assert isinstance(dialog, FilingDialog)
        dialog.choice.choose(ALL)
        dialog.set_target(target)
        qtbot.waitUntil(dialog.go_button.isEnabled, timeout=WAIT_MS)
        dialog.go_button.click()

    answer(qtbot, FilingDialog, say)
    actions.copy_button.click()
    done(qtbot, actions)
    assert films_in(target) == {
        "COVID-19/a.png",
        "COVID-19/a (2).png",
        "Normal/b.png",
        "uncertain/d.png",
        "not read/torn.png",
    }
    assert len(films_in(scan.record.folder)) == 5
    assert actions.outcome.text().startswith("Films copied: 5 (COVID-19: 2")
    assert actions.folder_button.isVisible()


@pytest.mark.slow
@pytest.mark.parametrize("is_sure", [False, True])
def test_a_move_is_asked_about_once_more(
    qtbot: QtBot,
    actions: ScanActions,
    scan: Scan,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    is_sure: bool,
) -> None:
    asked: list[str] = []

    def choose(parent: QWidget, question: str, advice: str, answers: object) -> int:
        asked.append(f"{question} {advice}")
        return 0 if is_sure else 1

    monkeypatch.setattr(confirm, "choose", choose)
    target = tmp_path / "sorted"

    def say(dialog: QDialog) -> None:
        assert isinstance(dialog, FilingDialog)
        dialog.choice.choose(SHOWN)
        dialog.set_target(target)
        qtbot.waitUntil(dialog.go_button.isEnabled, timeout=WAIT_MS)
        dialog.go_button.click()

    answer(qtbot, FilingDialog, say)
    moved: list[list[str]] = []
    actions.films_moved.connect(moved.append)
    actions.move_button.click()
    done(qtbot, actions)
    assert asked[0].startswith("Move 2 films out of the folder that was scanned?")
    assert NAME in asked[0]
    if is_sure:
        qtbot.waitUntil(lambda: bool(moved), timeout=WAIT_MS)
        assert moved == [TWO]
        assert films_in(target) == {"COVID-19/a.png", "Normal/b.png"}
        assert len(films_in(scan.record.folder)) == 3
    else:
        assert not target.exists()
        assert len(films_in(scan.record.folder)) == 5


def test_the_question_before_a_move_names_both_folders(
    qtbot: QtBot, actions: ScanActions, scan: Scan, tmp_path: Path
) -> None:
    task = filing(scan, tmp_path / "sorted", move=True, files=ONE)
    said: list[str] = []

    def say(box: QDialog) -> None:
        assert isinstance(box, QMessageBox)
        said.append(box.informativeText())
        box.reject()

    answer(qtbot, QMessageBox, say)
    assert not actions._is_sure(task)
    assert str(scan.record.folder) in said[0]
    assert str(tmp_path / "sorted") in said[0]


@pytest.mark.slow
def test_films_that_stay_behind_are_said(
    qtbot: QtBot, actions: ScanActions, scan: Scan, tmp_path: Path
) -> None:
    (scan.record.folder / "covid/a.png").write_bytes(b"another")
    moved: list[list[str]] = []
    actions.films_moved.connect(moved.append)
    actions.start(filing(scan, tmp_path / "sorted", move=True, files=None))
    done(qtbot, actions)
    qtbot.waitUntil(lambda: bool(moved), timeout=WAIT_MS)
    assert "covid/a.png" not in moved[0]
    assert len(moved[0]) == 4
    assert "changed since the scan read them: 1 (covid/a.png)" in actions.outcome.text()


@pytest.mark.slow
def test_a_refusal_is_a_notice(qtbot: QtBot, actions: ScanActions, scan: Scan) -> None:
    raised: list[Notice] = []
    actions.notice_raised.connect(raised.append)
    target = scan.record.folder / "sorted"
    actions.start(filing(scan, target, move=True, files=None))
    done(qtbot, actions)
    assert "would be scanned again" in raised[0].text
    assert raised[0].hint
    assert actions.outcome.text() == ""
    assert len(films_in(scan.record.folder)) == 5


@pytest.mark.slow
def test_a_report_needs_the_model_of_the_scan(
    qtbot: QtBot, actions: ScanActions, scan: Scan, tmp_path: Path
) -> None:
    record = msgspec.structs.replace(scan.record, model_sha256="0" * 64)
    other = dataclasses.replace(scan, record=record)
    raised: list[Notice] = []
    actions.notice_raised.connect(raised.append)
    out = tmp_path / "r.html"
    words = ("--report", str(out))
    actions.start(ScanTask(other, Choice(ALL), words, out, needs_model=True))
    done(qtbot, actions)
    assert "is gone or has changed" in raised[0].text
    actions.start(filing(other, tmp_path / "sorted", move=False, files=ONE))
    done(qtbot, actions)
    assert len(films_in(tmp_path / "sorted")) == 1


def test_totals_leave_the_list_of_an_export_alone(scan: Scan, tmp_path: Path) -> None:
    out = tmp_path / "w.csv"
    export = ScanTask(scan, Choice(SELECTED, ONE), ("--csv", str(out)), out)
    prepare(export)
    clean_up(totals_task(scan))
    assert export.film_list.read_text() == "covid/a.png\n"
    clean_up(export)
    assert not export.film_list.exists()


@pytest.mark.slow
def test_it_can_be_stopped(
    qtbot: QtBot, actions: ScanActions, scan: Scan, tmp_path: Path
) -> None:
    actions.start(filing(scan, tmp_path / "sorted", move=False, files=None))
    assert not actions.copy_button.isEnabled()
    qtbot.waitUntil(actions.progress.stop_button.isEnabled, timeout=WAIT_MS)
    actions.progress.stop_button.click()
    done(qtbot, actions)
    assert (
        "Stopped." in actions.outcome.text()
        or "Films copied: 5" in actions.outcome.text()
    )
    assert actions.copy_button.isEnabled()


def test_closing_the_window_ends_it(
    qtbot: QtBot, actions: ScanActions, scan: Scan, tmp_path: Path
) -> None:
    actions.start(filing(scan, tmp_path / "sorted", move=True, files=None))
    qtbot.waitUntil(actions.progress.stop_button.isEnabled, timeout=WAIT_MS)
    actions.shut_down()
    films = films_in(scan.record.folder)
    filed = films_in(tmp_path / "sorted") if (tmp_path / "sorted").exists() else set()
    assert len(films) + len(filed) == 5
    assert not list(scan.path.glob("chosen-*"))


@pytest.mark.slow
def test_the_folder_of_what_was_made_opens(
    qtbot: QtBot,
    actions: ScanActions,
    scan: Scan,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    actions.start(filing(scan, tmp_path / "sorted", move=False, files=ONE))
    done(qtbot, actions)
    actions.folder_button.click()
    assert opened[0].toLocalFile() == str(tmp_path / "sorted")


@pytest.mark.slow
def test_another_scan_begins_with_a_clean_line(
    qtbot: QtBot, actions: ScanActions, scan: Scan, tmp_path: Path
) -> None:
    actions.start(filing(scan, tmp_path / "sorted", move=False, files=ONE))
    done(qtbot, actions)
    assert actions.outcome.text()
    actions.set_scan(scan)
    assert actions.outcome.text()
    actions.set_scan(None)
    assert actions.outcome.text() == ""
    assert not actions.folder_button.isVisible()
