"""Heat in lungs beside the film, and the outline of the lungs over it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtGui import QImage
from pytestqt.qtbot import QtBot

from core.model.bundle import ModelBundle
from desktop.app.main_window import MainWindow
from desktop.diagnose.picture import compose
from desktop.diagnose.tab import DiagnoseTab
from desktop.film.outline import COLOUR
from desktop.settings import Settings
from tests.tiny_lungs import write_bundle_with_lungs, write_films_with_lungs


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    return write_bundle_with_lungs(tmp_path_factory.mktemp("lungs") / "model")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_films_with_lungs(tmp_path / "films")


@pytest.fixture
def tab(qtbot: QtBot, bundle: ModelBundle) -> Iterator[DiagnoseTab]:
    window = MainWindow(Settings(), bundle.path)
    qtbot.addWidget(window)
    window.show()
    yield window.diagnose
    window.close()


def show(tab: DiagnoseTab, qtbot: QtBot, path: Path) -> None:
    tab.open_paths([path])
    qtbot.waitUntil(lambda: not tab.session.is_reading, timeout=10_000)


def blue(image: QImage) -> np.ndarray:
    """(n, 2) places of the pixels that have the outline's colour: x and y."""
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    memory = image.bits().asarray(image.sizeInBytes())
    rows = np.array(memory, np.uint8).reshape(image.height(), image.bytesPerLine())
    pixels = rows[:, : 3 * image.width()].reshape(image.height(), -1, 3).astype(int)
    near = np.abs(pixels - COLOUR).max(axis=2) < 40
    return np.argwhere(near)[:, ::-1]


def test_the_panel_says_how_much_of_the_evidence_lies_in_the_lungs(
    tab: DiagnoseTab, qtbot: QtBot, folder: Path
) -> None:
    panel = tab.ui.panel
    assert panel.lungs.isHidden()
    show(tab, qtbot, folder / "inside.png")
    film = tab.session.shown_film
    assert film is not None
    assert film.reading is not None
    heat = film.reading.verdict.heat_in_lungs
    assert heat is not None
    said = f"Heat in lungs: {round(100 * heat)}\u00a0% of the evidence for COVID-19"
    assert panel.lungs.isVisible()
    assert panel.lungs.text() == said
    assert said in tab.ui.view.accessibleDescription()
    show(tab, qtbot, folder / "normal.png")
    assert panel.lungs.text().endswith("for Normal")
    assert "has no place" in panel.lungs.toolTip()
    show(tab, qtbot, folder / "none.png")
    assert panel.lungs.isHidden()
    assert panel.headline.sentence == "In doubt"
    assert "No lungs were found in the film." in panel.warnings.sentences
    tab.commands.close.trigger()


def test_l_shows_the_outline_and_hides_it(
    tab: DiagnoseTab, qtbot: QtBot, folder: Path
) -> None:
    action = tab.commands.lungs
    assert action.shortcut().toString() == "L"
    assert not action.isEnabled()
    show(tab, qtbot, folder / "inside.png")
    tab.heatmap.set_shown(False)
    assert action.isEnabled()
    assert not action.isChecked()
    plain = tab.ui.view.grab().toImage()
    assert not len(blue(plain))
    qtbot.keyClick(tab.ui.view, Qt.Key.Key_L)
    assert action.isChecked()
    assert len(blue(tab.ui.view.grab().toImage())) > 200
    tab.heatmap.set_shown(True)
    tab.ui.panel.heat.contour.setChecked(True)
    assert len(blue(tab.ui.view.grab().toImage())) > 200
    tab.heatmap.set_shown(False)
    qtbot.keyClick(tab.ui.view, Qt.Key.Key_L)
    assert tab.ui.view.grab().toImage() == plain


def test_the_outline_lies_where_the_lungs_are_at_any_zoom(
    tab: DiagnoseTab, qtbot: QtBot, folder: Path
) -> None:
    tab.window().resize(1400, 900)  # room for all of it
    show(tab, qtbot, folder / "inside.png")
    tab.heatmap.set_shown(False)
    tab.commands.lungs.setChecked(True)
    for zoom in (1.0, 1.5, 2.2):
        tab.ui.view.zoom_to(zoom)
        tab.ui.view.pan_by(20, -10)
        place = tab.ui.view.viewport.film_rect
        found = blue(tab.ui.view.grab().toImage())
        corner = np.array([place.x(), place.y()])
        low, high = (found.min(axis=0) - corner), (found.max(axis=0) - corner)
        scale = place.width() / 256
        assert scale == pytest.approx(zoom)
        np.testing.assert_allclose(low / scale, (64, 64), atol=4)
        np.testing.assert_allclose(high / scale, (192, 192), atol=4)


def test_a_film_without_lungs_has_no_outline(
    tab: DiagnoseTab, qtbot: QtBot, folder: Path
) -> None:
    tab.commands.lungs.setChecked(True)
    show(tab, qtbot, folder / "inside.png")
    assert len(tab.lungs.lines) == 1
    show(tab, qtbot, folder / "none.png")
    assert not tab.lungs.lines
    assert not tab.commands.lungs.isEnabled()
    assert not len(blue(tab.ui.view.grab().toImage()))
    tab.commands.previous.trigger()
    tab.session.choose(tab.session.films[0])
    assert len(tab.lungs.lines) == 1


def test_pictures_have_the_outline_that_is_on_screen(
    tab: DiagnoseTab, qtbot: QtBot, folder: Path
) -> None:
    show(tab, qtbot, folder / "inside.png")
    hidden = tab.outputs.picture(with_heatmap=True)
    assert hidden is not None
    assert not hidden.outline
    tab.commands.lungs.setChecked(True)
    shown = tab.outputs.picture(with_heatmap=True)
    assert shown is not None
    drawn = (compose(shown) != compose(hidden)).any(axis=2)
    rows, columns = np.nonzero(drawn)
    assert (rows.min(), columns.min()) == pytest.approx((64, 64), abs=4)
    assert (rows.max(), columns.max()) == pytest.approx((192, 192), abs=4)
    assert not drawn[90:160, 90:160].any()
    bare = tab.outputs.picture(with_heatmap=False, with_outline=False)
    assert bare is not None
    assert compose(bare).ndim == 2
    alone = tab.outputs.picture(with_heatmap=False)
    assert alone is not None
    reds, blues = (compose(alone)[:, :, place].astype(int) for place in (0, 2))
    assert (blues - reds).max() > 80


def test_the_outline_is_remembered(qtbot: QtBot, bundle: ModelBundle) -> None:
    first = MainWindow(Settings(), bundle.path)
    qtbot.addWidget(first)
    assert not first.diagnose.commands.lungs.isChecked()
    first.diagnose.commands.lungs.setChecked(True)
    first.close()
    second = MainWindow(Settings(), bundle.path)
    qtbot.addWidget(second)
    assert second.diagnose.commands.lungs.isChecked()
    second.close()
