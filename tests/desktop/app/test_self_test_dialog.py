from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from core.model.bundle import GOLDEN, ModelBundle, write_bundle
from core.model.classifier import Classifier
from core.model.golden import write_golden_films
from desktop.app.self_test_dialog import SelfTestDialog
from desktop.models.in_use import ModelInUse


@pytest.mark.parametrize("is_kept", [True, False])
def test_it_says_whether_the_card_s_promise_is_kept(
    is_kept: bool, qtbot: QtBot, tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    golden = tmp_path / GOLDEN
    write_golden_films(Classifier(tiny_bundle), golden)
    if not is_kept:
        with np.load(golden) as kept:
            held = dict(kept)
        np.savez(golden, **{**held, "probabilities": held["probabilities"] * 1.01})
    files = {name: tiny_bundle.path / name for name in tiny_bundle.card.files}
    bundle = write_bundle(tmp_path / "b", tiny_bundle.card, {**files, GOLDEN: golden})
    model = ModelInUse(bundle.path)
    model.start()
    dialog = SelfTestDialog(model)
    qtbot.addWidget(dialog)
    dialog.show()
    word = "Passed" if is_kept else "Failed"
    qtbot.waitUntil(lambda: dialog.outcome.word == word, timeout=10000)
    does = "computes" if is_kept else "does not compute"
    assert f"This computer {does} what the card promises" in dialog.outcome.text
    model.shut_down()


def test_without_a_model_it_says_what_to_do(qtbot: QtBot, tmp_path: Path) -> None:
    model = ModelInUse(tmp_path / "none")
    model.start()
    dialog = SelfTestDialog(model)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: dialog.outcome.word == "Failed", timeout=10000)
    assert "No model could be opened" in dialog.outcome.text
    model.shut_down()
