from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from PyQt5.QtGui import QColor, QPalette
from PyQt5.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.style import theme
from desktop.style.theme import muted
from desktop.widgets.labels import Caption
from tests.contrast import contrast

SHEET = Path(__file__).resolve().parents[3] / "resources" / "style.qss"
ROLE = QPalette.ColorRole


@pytest.fixture
def application(
    own_widgets: QApplication, qapp: QApplication
) -> Iterator[QApplication]:
    theme.prepare(qapp)
    yield qapp
    qapp.setStyleSheet("")
    qapp.setPalette(QPalette())


@pytest.mark.parametrize("appearance", ["light", "dark"])
def test_text_is_readable_in_both_appearances(
    application: QApplication, appearance: str
) -> None:
    theme.apply(application, appearance)
    palette = application.palette()
    for ink, ground in (
        (ROLE.WindowText, ROLE.Window),
        (ROLE.Text, ROLE.Base),
        (ROLE.ButtonText, ROLE.Button),
        (ROLE.HighlightedText, ROLE.Highlight),
        (ROLE.ToolTipText, ROLE.ToolTipBase),
    ):
        assert contrast(palette.color(ink), palette.color(ground)) >= 4.5, (ink, ground)
    assert contrast(muted(palette), palette.color(ROLE.Window)) >= 4.5
    assert contrast(palette.color(ROLE.Highlight), palette.color(ROLE.Window)) >= 3.0
    assert theme.is_dark(palette) == (appearance == "dark")


def test_the_system_s_palette_comes_back_after_another(
    application: QApplication,
) -> None:
    theme.apply(application, "system")
    first = application.palette().color(ROLE.Window)
    theme.apply(application, "dark")
    theme.apply(application, "system")
    assert application.palette().color(ROLE.Window) == first


def test_secondary_text_follows_when_the_system_turns_dark(
    application: QApplication, qtbot: QtBot
) -> None:
    theme.apply(application, "light")
    caption = Caption("Softer than the rest")
    qtbot.addWidget(caption)
    caption.show()
    dark = QPalette(QColor("#202124"))
    application.setPalette(dark)
    ink = caption.palette().color(ROLE.WindowText)
    assert ink == muted(dark)
    assert contrast(ink, QColor("#202124")) >= 4.5


def test_fixed_colours_of_the_style_sheet_stand_on_fixed_grounds() -> None:
    sheet = re.sub(r"/\*.*?\*/", "", SHEET.read_text(encoding="utf-8"), flags=re.S)
    blocks = re.findall(r"([^{}]+)\{([^}]*)\}", sheet)
    grounds = {"#noticeBanner": "#fdf1d3"}
    for selector, body in blocks:
        ink = re.search(r"(?<![-\w])color:\s*(#\w{6})", body)
        if ink is None:
            continue
        ground = re.search(r"background:\s*(#\w{6}|rgba\(([\d, ]+)\))", body)
        if ground is None:
            name = selector.strip().split()[0]
            colour = QColor(grounds[name])
        elif ground[2]:
            colour = QColor(*(int(part) for part in ground[2].split(",")[:3]))
        else:
            colour = QColor(ground[1])
        assert contrast(QColor(ink[1]), colour) >= 4.5, selector


def test_the_heat_map_s_colours_rise_in_lightness() -> None:
    from core.model.gradcam import colour_table

    shades = [QColor(*map(int, row)) for row in colour_table()[::16]]
    steps = [contrast(shade, QColor("black")) for shade in shades]
    assert all(low <= high for low, high in pairwise(steps))
