"""From films to a verdict on screen: train in a child, install, drop, read."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PyQt5.QtCore import QMimeData, QPointF, Qt, QUrl
from PyQt5.QtGui import QDropEvent
from pytestqt.qtbot import QtBot

from core.films.radiograph import read_radiograph
from core.model.bundle import read_bundle
from core.model.classifier import Classifier, decide, sentence
from desktop.app.main_window import MainWindow
from desktop.settings import Settings
from tests.phantoms import write_phantom_set

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.training
def test_a_model_trained_on_phantoms_reads_a_dropped_phantom(
    qtbot: QtBot, tmp_path: Path, film: Path
) -> None:
    manifest = write_phantom_set(tmp_path / "films", per_label=10, size=96)
    out = tmp_path / "my model"
    settings = {"weights": "none", "size": 48, "head_epochs": 2, "epochs": 1}
    words = [f"--set={name}={json.dumps(value)}" for name, value in settings.items()]
    child = subprocess.run(
        [sys.executable, "-m", "core", "train", "--data", manifest, "--out", out]
        + words,
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=ROOT,
    )
    assert child.returncode == 0, child.stderr
    bundle = read_bundle(out)

    window = MainWindow(Settings(), out)
    qtbot.addWidget(window)
    window.show()
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(film))])
    window.dropEvent(
        QDropEvent(
            QPointF(9, 9),
            Qt.DropAction.CopyAction,
            mime,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
    )
    session = window.diagnose.session
    qtbot.waitUntil(lambda: session.shown_film is not None, timeout=20000)
    # The panel keeps a number and its sign on one line.
    said = window.diagnose.ui.panel.sentence.replace("\N{NO-BREAK SPACE}", " ")
    window.close()

    opened = read_radiograph(film)
    verdict = decide(Classifier(bundle).predict(opened), bundle.card, opened)
    assert said == sentence(verdict, bundle.card)
    assert set(verdict.probabilities) == {"covid", "normal", "pneumonia"}
