"""Icons: each is there, in the theme's ink, and loads one font when it is shown."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PyQt5.QtCore import QSize
from PyQt5.QtGui import QColor, QIcon, QImage, QPalette
from PyQt5.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.style.finding_icons import finding_icons
from desktop.style.icons import NAMES, icon
from desktop.style.severity import SEVERITIES, severity_colour, severity_icon

ROOT = Path(__file__).resolve().parents[3]
LABELS = ["covid", "normal", "pneumonia", "tb", "other", "more"]


def shown(found: QIcon, mode: QIcon.Mode = QIcon.Mode.Normal) -> NDArray[np.uint8]:
    """(48, 48, 4) of blue, green, red and alpha."""
    image = found.pixmap(QSize(48, 48), mode).toImage()
    image = image.convertToFormat(QImage.Format.Format_ARGB32)
    bits = image.constBits().asstring(image.byteCount())
    return np.frombuffer(bits, np.uint8).reshape(48, 48, 4)


def ink_of(pixels: NDArray[np.uint8]) -> QColor:
    blue, green, red, _ = pixels[pixels[..., 3] == 255].mean(axis=0).round().astype(int)
    return QColor(red, green, blue)


@pytest.fixture
def dark(qtbot: QtBot) -> QPalette:
    palette = QPalette(QApplication.palette())
    palette.setColor(QPalette.ColorRole.Window, QColor("#202124"))
    palette.setColor(QPalette.ColorRole.WindowText, QColor("#f1f1f1"))
    palette.setColor(QPalette.ColorRole.ButtonText, QColor("#f1f1f1"))
    return palette


@pytest.mark.parametrize("name", NAMES)
def test_every_icon_fills_its_square_with_ink(qtbot: QtBot, name: str) -> None:
    covered = shown(icon(name))[..., 3] > 128
    assert 0.04 < covered.mean() < 0.7
    rows, columns = np.nonzero(covered)
    assert min(np.ptp(rows), np.ptp(columns)) > 15
    for places in (rows, columns):
        assert abs(places.min() + places.max() - 47) < 10, "not in the middle"


def test_an_icon_that_there_is_not_is_refused(qtbot: QtBot) -> None:
    with pytest.raises(ValueError, match="expected one of"):
        icon("nonsense")


@pytest.mark.usefixtures("own_widgets")
def test_icons_follow_the_theme(qtbot: QtBot, dark: QPalette) -> None:
    before = QApplication.palette()
    open_icon, warn = icon("open"), severity_icon("warn")
    red = icon("close", colour=QColor("#aa0000"))
    try:
        QApplication.setPalette(QPalette(QColor("#eeeeee")))
        light_ink = ink_of(shown(warn))
        assert light_ink == severity_colour("warn")
        QApplication.setPalette(dark)
        assert ink_of(shown(open_icon)) == QColor("#f1f1f1")
        assert ink_of(shown(warn)) == severity_colour("warn") != light_ink
        assert ink_of(shown(red)) == QColor("#aa0000")
    finally:
        QApplication.setPalette(before)


def test_a_disabled_icon_is_faint_and_a_selected_sign_stands_out(qtbot: QtBot) -> None:
    palette = QApplication.palette()
    group, role = QPalette.ColorGroup.Disabled, QPalette.ColorRole.ButtonText
    faint = shown(icon("open"), QIcon.Mode.Disabled)
    assert ink_of(faint) == palette.color(group, role)
    chosen = shown(severity_icon("stop"), QIcon.Mode.Selected)
    assert ink_of(chosen) == palette.color(QPalette.ColorRole.HighlightedText)


def test_signs_differ_in_shape_and_not_in_colour_alone(qtbot: QtBot) -> None:
    # The signs of what was refused or not read are those of "note" and "stop".
    others = [each for each in SEVERITIES if each not in ("note", "stop")]
    found = [*finding_icons(LABELS), *map(severity_icon, others)]
    shapes = [shown(each)[..., 3] > 128 for each in found]
    assert all(0.1 < shape.mean() < 0.8 for shape in shapes)
    for i, one in enumerate(shapes):
        for other in shapes[:i]:
            assert (one ^ other).mean() > 0.02


@pytest.mark.slow
def test_one_font_is_loaded_when_a_first_icon_is_shown() -> None:
    code = (
        "import sys, desktop.app.main_window\n"
        "from PyQt5.QtGui import QFontDatabase\n"
        "from PyQt5.QtWidgets import QApplication\n"
        "from desktop.style.icons import icon\n"
        "application = QApplication([])\n"
        "before = set(QFontDatabase().families())\n"
        "found = icon('open')\n"
        "assert 'qtawesome' not in sys.modules\n"
        "found.pixmap(24, 24)\n"
        "print(set(QFontDatabase().families()) - before)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT
    )
    assert ended.stdout.strip() == "{'remixicon'}", ended.stderr
