"""The layer of the heat map, chosen in the window, with the default model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from core.model.bundle import ModelBundle
from core.model.gradcam import FULL_SCALE
from core.paths import default_bundle_dir, sample_films
from desktop.app.main_window import MainWindow
from desktop.diagnose.tab import DiagnoseTab
from desktop.settings import Settings


@pytest.fixture
def tab(qtbot: QtBot, tmp_path: Path) -> Iterator[DiagnoseTab]:
    """A film of its own, read by the default model."""
    film = tmp_path / "film.png"
    film.write_bytes(sample_films()[0].read_bytes())
    window = MainWindow(Settings(), default_bundle_dir())
    qtbot.addWidget(window)
    window.show()
    show(window.diagnose, qtbot, film)
    yield window.diagnose
    window.close()


def show(tab: DiagnoseTab, qtbot: QtBot, path: Path) -> None:
    tab.open_paths([path])
    qtbot.waitUntil(lambda: not tab.session.is_reading, timeout=60_000)


def choose(tab: DiagnoseTab, qtbot: QtBot, layer: str) -> None:
    box = tab.ui.panel.heat.layer
    box.setCurrentIndex(box.findData(layer))
    qtbot.waitUntil(lambda: tab.heatmap.evidence is not None, timeout=60_000)


@pytest.mark.slow
def test_a_finer_heat_map_is_computed_when_it_is_chosen(
    tab: DiagnoseTab, qtbot: QtBot
) -> None:
    heat, view = tab.ui.panel.heat, tab.ui.view
    names = [heat.layer.itemData(row) for row in range(heat.layer.count())]
    assert names == ["", "pool4_relu", "pool3_relu", "pool2_relu"]
    assert heat.layer.isVisible()
    assert heat.layer.currentData() == ""
    usual = tab.heatmap.evidence
    assert usual is not None
    assert usual.shape == (7, 7)
    on_screen = view.grab().toImage()

    tab.heatmap.choose("covid")
    tab.heatmap.set_shown(False)
    heat.layer.setCurrentIndex(1)
    assert tab.heatmap.evidence is None  # the window has not waited for it
    assert "is being computed" in heat.subject.text()
    choose(tab, qtbot, "pool4_relu")
    evidence = tab.heatmap.evidence
    assert evidence is not None
    assert evidence.shape == (14, 14)
    assert evidence.max() == pytest.approx(FULL_SCALE)
    assert tab.commands.heatmap.isChecked()  # what is chosen is shown
    assert view.grab().toImage() != on_screen
    assert heat.subject.text().startswith("Grad-CAM of pool4_relu")
    assert "relative" in heat.subject.text()

    job = tab.outputs.picture(with_heatmap=True)
    assert job is not None
    assert job.evidence is not None
    np.testing.assert_array_equal(job.evidence, evidence)
    assert "Heat map of pool4_relu" in job.about
    tab.heatmap.choose("normal")  # the other findings' came with it
    other = tab.heatmap.evidence
    assert other is not None
    assert not np.array_equal(other, evidence)

    heat.layer.setCurrentIndex(0)
    job = tab.outputs.picture(with_heatmap=True)
    assert job is not None
    assert "pool4_relu" not in job.about
    assert "relative" not in heat.subject.text()


@pytest.mark.slow
def test_the_layer_stays_for_the_next_film(
    tab: DiagnoseTab, qtbot: QtBot, tmp_path: Path
) -> None:
    choose(tab, qtbot, "pool4_relu")
    before = tab.heatmap.evidence
    show(tab, qtbot, sample_films()[1])
    assert tab.heatmap.layer == "pool4_relu"
    qtbot.waitUntil(lambda: tab.heatmap.evidence is not None, timeout=60_000)
    after = tab.heatmap.evidence
    assert before is not None
    assert after is not None
    assert not np.array_equal(before, after)


def test_a_film_that_is_gone_keeps_its_usual_heat_map(
    tab: DiagnoseTab, qtbot: QtBot, tmp_path: Path
) -> None:
    (tmp_path / "film.png").unlink()
    heat = tab.ui.panel.heat
    heat.layer.setCurrentIndex(heat.layer.findData("pool4_relu"))
    qtbot.waitUntil(lambda: heat.layer.currentIndex() == 0, timeout=60_000)
    assert tab.heatmap.evidence is not None
    assert "film.png" in tab.ui.banner.notice.text


def test_a_model_without_earlier_layers_offers_no_choice(
    qtbot: QtBot, tiny_bundle: ModelBundle
) -> None:
    window = MainWindow(Settings(), tiny_bundle.path)
    qtbot.addWidget(window)
    window.show()
    show(window.diagnose, qtbot, sample_films()[0])
    heat = window.diagnose.ui.panel.heat
    assert heat.layer.isHidden()
    assert not heat.switch.isHidden()
    window.close()
