from __future__ import annotations

from PyQt5.QtWidgets import QProgressBar, QWidget
from pytestqt.qtbot import QtBot

from desktop.widgets.confirm import StoppingDialog
from desktop.widgets.stage_stepper import StageBar


def is_moving(bar: QWidget, qtbot: QtBot) -> bool:
    before = bar.grab().toImage()
    qtbot.wait(200)
    return bar.grab().toImage() != before


def test_a_bar_moves_while_nobody_knows_how_far_it_is(qtbot: QtBot) -> None:
    bar = StageBar("Progress", None)
    qtbot.addWidget(bar)
    bar.resize(300, 8)
    bar.show()
    assert bar.is_busy
    assert is_moving(bar, qtbot)
    bar.set_done(3, 4)
    assert not bar.is_busy
    assert not is_moving(bar, qtbot)
    ink = bar.palette().highlight().color()
    picture = bar.grab().toImage()
    assert picture.pixelColor(200, 4) == ink
    assert picture.pixelColor(250, 4) != ink
    bar.set_done()
    assert is_moving(bar, qtbot)
    bar.hide()
    assert not bar._clock.isActive()


def test_waiting_for_a_job_s_end_moves_too(qtbot: QtBot) -> None:
    dialog = StoppingDialog("Stopping.")
    qtbot.addWidget(dialog)
    dialog.show()
    (bar,) = dialog.findChildren(QProgressBar)
    assert isinstance(bar, StageBar)
    assert is_moving(bar, qtbot)
    dialog.hide()
