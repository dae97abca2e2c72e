"""Every text of the window can be read, however it came to its colours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt5.QtGui import QColor, QPalette
from PyQt5.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from core.model.bundle import ModelBundle
from desktop.style import theme
from tests.contrast import texts_of
from tests.finished_scan import write_scan
from tests.whole_window import WholeWindow, unrolled

_WIDTH_PX, _HEIGHT_PX = 1280, 900


@pytest.fixture
def application(
    own_widgets: QApplication, qapp: QApplication
) -> Iterator[QApplication]:
    theme.prepare(qapp)
    yield qapp
    qapp.setStyleSheet("")
    qapp.setPalette(QPalette())


@pytest.fixture
def whole(
    application: QApplication,
    qtbot: QtBot,
    tiny_bundle: ModelBundle,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> Iterator[WholeWindow]:
    """The window as it is made in an appearance."""
    theme.apply(application, request.param)
    scan = write_scan(tiny_bundle, tmp_path)
    whole = WholeWindow(qtbot, tiny_bundle, tmp_path, scan)
    whole.window.resize(_WIDTH_PX, _HEIGHT_PX)
    yield whole
    whole.window.close()


def unreadable(widget: QWidget) -> list[str]:
    """What cannot be read in a window, with its contrast."""
    unrolled(widget)
    texts = texts_of(widget)
    assert texts
    return [
        f"{text.words!r}: {text.contrast:.2f} ({text.ink.name()} on "
        f"{text.ground.name()})"
        for text in texts
        if not text.is_readable
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("whole", "other"), [("light", "dark"), ("dark", "light")], indirect=["whole"]
)
def test_every_text_is_readable_before_and_after_a_change(
    whole: WholeWindow, application: QApplication, other: str
) -> None:
    found: list[str] = []

    def look_at_pages(when: str) -> None:
        for page in whole.pages():
            found.extend(f"{when}, {page}: {x}" for x in unreadable(whole.window))
            whole.window.resize(_WIDTH_PX, _HEIGHT_PX)

    def look_at_dialogs(when: str) -> None:
        for dialog in whole.dialogs():
            name = type(dialog).__name__
            found.extend(f"{when}, {name}: {x}" for x in unreadable(dialog))

    first = "light" if other == "dark" else "dark"
    theme.apply(application, other)  # before any page was seen
    look_at_pages(other)
    look_at_dialogs(other)
    theme.apply(application, first)
    look_at_pages(first)  # dialogs are made anew each time
    assert not found, "\n".join(found)


def test_a_text_is_measured_as_it_is_painted(qtbot: QtBot) -> None:
    label = QLabel("Hardly there")
    qtbot.addWidget(label)
    palette = QPalette()
    palette.setColor(QPalette.ColorRole.Window, QColor("#ffffff"))
    palette.setColor(QPalette.ColorRole.WindowText, QColor("#888888"))
    label.setPalette(palette)
    label.setAutoFillBackground(True)
    label.show()
    (text,) = texts_of(label)
    assert text.words == "Hardly there"
    assert text.contrast == pytest.approx(3.54, abs=0.02)
    assert not text.is_readable
    label.setEnabled(False)
    assert texts_of(label) == []
