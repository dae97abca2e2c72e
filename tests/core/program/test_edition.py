"""The reader edition, which comes without Keras: it says so, and how to train."""

from __future__ import annotations

import importlib.util
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest
from PyQt5.QtWidgets import QLabel

from core import __main__
from core.errors import CoreError
from core.model.bundle import ModelBundle
from core.program import edition
from desktop.retrain.tab import RetrainTab
from desktop.settings import Settings


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if Keras were not installed."""
    find = importlib.util.find_spec

    def find_other(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name == "keras" else find(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", find_other)


def test_this_is_the_full_edition_and_looking_loads_nothing() -> None:
    loaded = "keras" in sys.modules
    assert edition.can_train()
    edition.check_can_train()
    assert ("keras" in sys.modules) == loaded


@pytest.mark.usefixtures("reader")
def test_the_reader_edition_refuses_to_train_and_says_how_to() -> None:
    with pytest.raises(CoreError, match="reader edition") as caught:
        edition.check_can_train()
    assert "full edition" in caught.value.hint


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("kind", ["onnx", "keras"])
def test_commands_that_need_keras_are_one_sentence_and_status_2(
    kind: str,
    tiny_bundle: ModelBundle,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    bundle, out = str(tiny_bundle.path), str(tmp_path / "out")
    for words in (
        ["train", "--data", str(tmp_path), "--out", out],
        ["export", bundle, "--format", kind, "--out", out],
    ):
        assert __main__.main(words) == 2
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        assert "reader edition" in said
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("reader")
def test_a_reader_still_copies_the_graph(
    tiny_bundle: ModelBundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "graph"
    words = ["export", tiny_bundle.path, "--format", "openvino", "--out", out]
    assert __main__.main(list(map(str, words))) == 0
    assert (out / "model.xml").exists()


@pytest.mark.usefixtures("reader")
def test_the_retrain_tab_says_how_to_get_training(qtbot, tmp_path: Path) -> None:
    tab = RetrainTab(Settings())
    qtbot.addWidget(tab)
    tab.show()
    tab.take_paths([tmp_path])
    assert tab.page is tab.intro
    assert not tab.intro.new_button.isVisible()
    texts = [label.text() for label in tab.intro.findChildren(QLabel)]
    assert any(edition.HOW_TO_TRAIN in text for text in texts)
    tab.shut_down()
    tab.close()
