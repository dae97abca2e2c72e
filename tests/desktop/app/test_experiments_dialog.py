"""The list of experiments: their answers, and their pages in the browser."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest
from PyQt5.QtCore import Qt, QUrl
from PyQt5.QtGui import QDesktopServices
from PyQt5.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from core import paths
from core.experiments.builtin import EXPERIMENTS
from core.experiments.record import PAGE, RESULTS, ExperimentFolder, Record
from core.records import to_json
from desktop.app.experiments_dialog import ExperimentsDialog

ANSWER = "One cannot tell whether fine-tuning is better."


def write_answered(folder: Path, name: str) -> Path:
    """An experiment that is over; its folder."""
    folder.mkdir(parents=True)
    found = {"experiment": to_json(EXPERIMENTS[name]), "answer": [ANSWER]}
    (folder / RESULTS).write_text(json.dumps(found), encoding="utf-8")
    (folder / PAGE).write_text("<p>A page</p>", encoding="utf-8")
    return folder


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Places that were opened outside the program; no page comes with it."""
    found: list[str] = []

    def note(url: QUrl) -> bool:
        found.append(url.toLocalFile())
        return True

    monkeypatch.setattr(QDesktopServices, "openUrl", note)
    home = tmp_path / "shipped"
    monkeypatch.setattr("core.experiments.record.shipped_experiments_dir", lambda: home)
    return found


def show(qtbot: QtBot, count: int) -> ExperimentsDialog:
    dialog = ExperimentsDialog()
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: dialog.experiments.count() == count)
    return dialog


def test_pages_are_listed_with_their_answers_and_open_in_the_browser(
    qtbot: QtBot, opened: list[str], tmp_path: Path
) -> None:
    shipped = write_answered(tmp_path / "shipped" / "one", "backbones")
    mine = write_answered(paths.experiments_dir() / "two", "data-size")
    unfinished = ExperimentFolder(paths.experiments_dir() / "un finished")
    now = datetime.now().astimezone()
    unfinished.begin(Record(EXPERIMENTS["lung-crop"], tmp_path, (1,), now))
    dialog = show(qtbot, 3)
    texts = [dialog.experiments.item(i).text() for i in range(3)]
    assert [text.splitlines()[1].split(",")[0] for text in texts] == [
        "Comes with Hilum",
        "Yours",
        "Yours",
    ]
    assert ANSWER in dialog.answer.toPlainText()
    assert EXPERIMENTS["backbones"].question in dialog.answer.toPlainText()
    for row, folder in enumerate((shipped, mine)):
        dialog.experiments.setCurrentRow(row)
        qtbot.mouseClick(dialog.open_button, Qt.MouseButton.LeftButton)
        assert Path(opened[-1]) == folder / PAGE
    dialog.experiments.setCurrentRow(2)
    assert not dialog.open_button.isEnabled()
    assert "not finished" in texts[2]
    assert f"--resume --out '{unfinished.path}'" in dialog.answer.toPlainText()
    dialog.reject()


def test_another_folder_is_shown_or_refused(
    qtbot: QtBot, opened: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialog = show(qtbot, 0)
    qtbot.waitUntil(lambda: "--quick" in dialog.answer.toPlainText())
    other = write_answered(tmp_path / "elsewhere", "data-size")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(other))
    qtbot.mouseClick(dialog.other_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dialog.current is not None)
    assert dialog.current is not None
    assert dialog.current.path == other
    dialog.add(other)
    dialog.add(tmp_path)
    qtbot.waitUntil(dialog.banner.isVisible)
    assert dialog.experiments.count() == 1
    dialog.reject()
