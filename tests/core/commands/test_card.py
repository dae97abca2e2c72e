"""`card --report`: the card as a page."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.__main__ import main
from core.model.bundle import ModelBundle
from core.paths import default_bundle_dir


def test_the_page_of_the_default_model_holds_its_charts(tmp_path: Path) -> None:
    page = tmp_path / "card.html"
    assert main(["card", str(default_bundle_dir()), "--report", str(page)]) == 0
    text = page.read_text("utf-8")
    assert text.count("<svg") == 4  # matrix, recalls, ROC, reliability
    for title in ("Operating points", "Settings", "Results on the validation films"):
        assert title in text


def test_a_page_is_replaced_only_when_told_to(
    tiny_bundle: ModelBundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "card.html"
    page.write_text("mine")
    words = ["card", str(tiny_bundle.path), "--report", str(page)]
    assert main(words) == 2
    assert page.read_text() == "mine"
    assert main([*words, "--overwrite"]) == 0
    assert page.read_text().startswith("<!doctype html>")
