"""The window and a stranger's models: what says nothing is never put to use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PyQt5.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from core.model import in_use as model_store
from core.model.bundle import ModelBundle
from core.model.classifier import NOT_FINITE
from core.paths import models_dir
from desktop.app.main_window import MainWindow
from desktop.models import file_dialogs as model_dialogs
from desktop.settings import Settings
from tests.hostile_bundles import (
    REASONS,
    write_hostile_bundle,
    write_hostile_file,
)
from tests.tiny_bundle import write_tiny_bundle

TINY = "Tiny test model"
some_kinds = pytest.mark.parametrize(
    "kind",
    ["weights that are NaN", "truncated weights", "external entity", "fewer labels"],
)


@pytest.fixture
def window(
    qtbot: QtBot, tiny_bundle: ModelBundle, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., MainWindow]]:
    """Opens the window, with the tiny model as the one that comes with Hilum."""
    monkeypatch.setattr("core.paths.default_bundle_dir", lambda: tiny_bundle.path)
    windows: list[MainWindow] = []

    def make(*arguments: Path) -> MainWindow:
        window = MainWindow(Settings(), *arguments)
        windows.append(window)
        qtbot.addWidget(window)
        window.show()
        qtbot.waitUntil(lambda: window.model.bundle is not None, timeout=20000)
        return window

    yield make
    for window in windows:
        window.close()


def kept() -> list[str]:
    """Everything in the folder of models, hidden or not."""
    folder = models_dir()
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def told(window: MainWindow) -> str:
    return window.diagnose.ui.banner.notice.text


@pytest.mark.slow
@some_kinds
def test_a_hostile_file_is_refused_before_anything_is_asked(
    kind: str,
    window: Callable[..., MainWindow],
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def ask(found: ModelBundle, parent: QWidget) -> bool:
        pytest.fail("it was offered for use")

    monkeypatch.setattr(model_dialogs, "confirm_import", ask)
    file = write_hostile_file(tmp_path / "sent.hilum", kind)
    opened = window()
    with qtbot.waitSignal(opened.files.notice_raised, timeout=20000):
        opened.files.import_files([file])
    assert REASONS[kind] in told(opened)
    assert "sent.hilum" in told(opened)
    assert opened.model.bundle.card.name == TINY
    assert kept() == []


@pytest.mark.slow
@some_kinds
def test_a_hostile_folder_is_not_put_to_use(
    kind: str, window: Callable[..., MainWindow], qtbot: QtBot, tmp_path: Path
) -> None:
    path = write_hostile_bundle(tmp_path / "sent", kind)
    opened = window()
    with qtbot.waitSignal(opened.model.refused, timeout=20000):
        opened.model.use(path)
    assert REASONS[kind] in told(opened)
    assert opened.model.bundle.card.name == TINY
    assert kept() == []


def test_a_model_in_use_that_says_nothing_gives_way_at_the_start(
    window: Callable[..., MainWindow], qtbot: QtBot, tmp_path: Path
) -> None:
    used = model_store.use(write_tiny_bundle(tmp_path / "good", shift=1.0).path)
    write_hostile_bundle(used.path, "weights that are NaN")
    opened = window()
    assert opened.model.bundle.card.name == TINY
    hint = opened.diagnose.ui.banner.notice.hint
    assert REASONS["weights that are NaN"] in hint
    assert str(used.path) in hint


def test_a_film_without_numbers_is_told_and_the_next_is_read(
    window: Callable[..., MainWindow],
    qtbot: QtBot,
    tmp_path: Path,
    make_film: Callable[..., Path],
) -> None:
    bundle = write_tiny_bundle(tmp_path / "model", breaks_on_black=True)
    black = np.zeros((96, 96), np.uint8)
    black[:, 95] = 255
    opened = window(bundle.path)
    tab = opened.diagnose
    opened.open_paths([make_film("black.png", black)])
    qtbot.waitUntil(lambda: NOT_FINITE in told(opened), timeout=20000)
    assert "34 %" not in tab.ui.panel.headline.sentence
    assert "Uncertain" not in tab.ui.panel.headline.sentence
    opened.open_paths([make_film("bright.png", 200)])
    qtbot.waitUntil(lambda: "COVID-19" in tab.ui.panel.headline.sentence, timeout=20000)
