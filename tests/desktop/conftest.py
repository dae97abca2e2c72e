"""Fixtures of the tests of the window."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from core.model.bundle import ModelBundle
from desktop.app.main_window import MainWindow
from desktop.settings import Settings


@pytest.fixture
def window(qtbot: QtBot, tiny_bundle: ModelBundle) -> Iterator[MainWindow]:
    """The program's own, open, with a small model."""
    window = MainWindow(Settings(), tiny_bundle.path)
    qtbot.addWidget(window)
    window.show()
    yield window
    window.close()
