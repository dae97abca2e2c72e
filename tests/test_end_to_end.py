"""From films to a verdict on screen: train in a child, install, drop, read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PyQt5.QtCore import QMimeData, QPointF, Qt, QUrl
from PyQt5.QtGui import QDropEvent
from pytestqt.qtbot import QtBot

from core.films.radiograph import read_radiograph
from core.model.bundle import read_bundle
from core.model.classifier import Classifier, decide
from core.model.wording import headline
from desktop.app.main_window import MainWindow
from desktop.settings import Settings
from tests.training_child import Child


@pytest.mark.training
def test_a_model_trained_on_phantoms_reads_a_dropped_phantom(
    qtbot: QtBot,
    tmp_path: Path,
    film: Path,
    phantoms: Path,
    job: Path,
    start: Callable[..., Child],
) -> None:
    out = tmp_path / "my model"
    status, errors = start("--data", phantoms, "--out", out, "--config", job).finish()
    assert status == 0, errors
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
    said = window.diagnose.ui.panel.headline.sentence.replace("\N{NO-BREAK SPACE}", " ")
    window.close()

    opened = read_radiograph(film)
    verdict = decide(Classifier(bundle).predict(opened), bundle.card, opened)
    assert said.split() == headline(verdict, bundle.card).split()
    assert set(verdict.probabilities) == {"covid", "normal", "pneumonia"}
