from __future__ import annotations

import pytest
from PyQt5.QtCore import QObject, pyqtSignal
from PyQt5.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from desktop.app.disclaimer import RESEARCH_LINE, SHORT_RESEARCH_LINE
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


class Part(QObject):
    """A part of the window that says what it does."""

    said = pyqtSignal(str)


def test_what_goes_on_is_seen_again_once_others_have_nothing_to_say(
    qtbot: QtBot,
) -> None:
    line, training, films = StatusLine(), Part(), Part()
    qtbot.addWidget(line)
    for part in (training, films):
        part.said.connect(line.set_activity)
    training.said.emit(WORDS)
    films.said.emit("")
    assert line.activity.text == WORDS
    films.said.emit("Reading film 2 of 9")
    assert line.activity.text == "Reading film 2 of 9"
    films.said.emit("")
    assert line.activity.text == WORDS
    training.said.emit("")
    assert line.activity.text == ""


def test_a_narrow_line_still_says_that_it_is_no_medical_device(qtbot: QtBot) -> None:
    host = QWidget()  # a window, which alone decides how narrow the line is
    qtbot.addWidget(host)
    line = StatusLine(host)
    line.resize(1280, 26)
    host.show()
    label = line.findChild(QLabel, "researchLine")
    assert label.text() == RESEARCH_LINE
    line.resize(360, 26)
    assert label.text() == SHORT_RESEARCH_LINE
    assert label.toolTip() == RESEARCH_LINE
    assert line.minimumSizeHint().width() <= 360
