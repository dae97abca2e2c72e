from __future__ import annotations

import pytest
from PyQt5.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from desktop.app.status_line import StatusLine

WORDS = "Training Ward 7: fine-tuning, epoch 3 of 8"


@pytest.fixture
def line(qtbot: QtBot) -> StatusLine:
    line = StatusLine()
    qtbot.addWidget(line)
    line.set_model("The chest X-ray model of our hospital", "0" * 64)
    line.set_activity(WORDS)
    line.resize(1280, 26)
    line.show()
    return line


def test_a_wide_window_has_room_for_everything(line: StatusLine) -> None:
    assert line.activity.width() >= line.activity.sizeHint().width()
    assert line.model.isVisible()


def test_the_model_s_name_gives_way_to_what_is_being_done(
    qtbot: QtBot, line: StatusLine
) -> None:
    wished = line.activity.sizeHint().width()
    research = line.findChild(QWidget, "researchLine").sizeHint().width()
    line.resize(wished + research + 60, 26)
    qtbot.waitUntil(lambda: line.activity.width() >= wished)
    assert not line.model.isVisible()
    line.set_activity("")
    assert line.model.isVisible()


def test_a_cut_name_is_whole_in_its_tip(line: StatusLine) -> None:
    assert "of our hospital" in line.model.toolTip()
