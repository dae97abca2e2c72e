from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtGui import QGuiApplication
from PyQt5.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from core import __version__, paths
from core.model.bundle import ModelBundle
from core.program import crash_reports as crash_files
from core.program.licences import NOT_PACKED, TRAINING, gather, parts, write_parts
from desktop.app.about_dialog import AboutDialog, FoldersPage, about_text, diagnostics

ROOT = Path(__file__).resolve().parents[3]


def test_about_names_model_licence_and_versions(tiny_bundle: ModelBundle) -> None:
    text = about_text(tiny_bundle)
    for part in (
        __version__,
        "not a medical device",
        "General Public License",
        "OpenVINO 2",
        "OpenCV 5",
        tiny_bundle.card.name,
        tiny_bundle.sha256[:16],
    ):
        assert part in text


@pytest.mark.slow
def test_the_licences_are_listed_once_they_are_looked_at(
    qtbot: QtBot, tiny_bundle: ModelBundle
) -> None:
    dialog = AboutDialog(tiny_bundle)
    qtbot.addWidget(dialog)
    dialog.show()
    assert dialog.licences.list.count() == 0
    dialog._pages.setCurrentWidget(dialog.licences)
    qtbot.waitUntil(lambda: dialog.licences.list.count() > 10, timeout=10000)
    names = [
        dialog.licences.list.item(i).text() for i in range(dialog.licences.list.count())
    ]
    assert names[0] == f"Hilum {__version__}"
    assert "GNU GENERAL PUBLIC LICENSE" in dialog.licences.text.toPlainText()
    dialog.licences.list.setFocus()
    qtbot.keyClick(dialog.licences.list, Qt.Key.Key_Down)
    assert "PYTHON SOFTWARE FOUNDATION" in dialog.licences.text.toPlainText()
    dialog.reject()


def test_diagnostics_name_model_and_machine_and_no_film(
    qtbot: QtBot, tiny_bundle: ModelBundle
) -> None:
    handler = crash_files.SafeLines()
    logging.getLogger().addHandler(handler)
    try:
        error = ValueError("Müller^Anna 1960.dcm")
        logging.getLogger("core.x").warning("no verdict: %s", error)
        dialog = AboutDialog(tiny_bundle)
        qtbot.addWidget(dialog)
        dialog.copy_button.click()
    finally:
        logging.getLogger().removeHandler(handler)
    told = QGuiApplication.clipboard().text()
    assert told == diagnostics(tiny_bundle) or "Last lines" in told
    for part in (
        f"Hilum: {__version__}",
        tiny_bundle.sha256,
        "Screens: ",
        "Memory: ",
        "Window system: offscreen",
        "WARNING core.x: no verdict: ValueError",
    ):
        assert part in told
    for word in ("Müller", "Anna", "1960", str(Path.home()) + "/"):
        assert word not in told
    dialog.reject()


def test_folders_that_are_not_there_yet_cannot_be_opened(
    qtbot: QtBot, isolated_home: Path
) -> None:
    paths.user_config_dir().mkdir()
    page = FoldersPage()
    qtbot.addWidget(page)
    can_open = {
        button.accessibleName(): button.isEnabled()
        for button in page.findChildren(QPushButton)
    }
    assert can_open["Open the folder of settings"]
    assert not can_open["Open the folder of crash reports"]
    assert can_open["Open the folder of the program"]


# The parts themselves


@pytest.mark.slow
def test_every_required_package_that_is_installed_is_a_part_with_a_licence() -> None:
    found = {part.name.lower().replace("_", "-"): part for part in gather(())}
    for name in ("pyqt5", "pyqt5-qt5", "numpy", "openvino", "pydicom", "pillow"):
        assert found[name].licence
    for name in ("python", "hilum", "pyqt5", "numpy", "openvino", "scipy"):
        assert len(found[name].text) > 500, name
    assert found["pyqt5"].licence == "GPL v3"
    assert found["remix icon"].licence == "Apache-2.0"
    assert "Apache License" in found["remix icon"].text


def test_what_is_not_packed_is_no_part_of_a_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_parts(tmp_path / "licences.json", (*NOT_PACKED, *TRAINING))
    monkeypatch.setattr(paths, "resources_dir", lambda: tmp_path)
    names = {part.name.lower() for part in parts()}
    assert {"hilum", "python", "pyqt5", "numpy", "openvino"} <= names
    assert not names & {"pytest", "jax", "keras", "tensorflow-cpu", "tf2onnx"}
    text = (tmp_path / "licences.json").read_text("utf-8")
    assert str(ROOT) not in json.dumps(json.loads(text))
