"""A plugin of pytest: the packaged program and a screen, as fixtures."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.packed_app import ROOT, PackedApp, Screen, new_screen


@pytest.fixture(scope="session")
def app() -> PackedApp:
    """The program that was built."""
    folder = Path(os.environ.get("HILUM_APP", ROOT / "dist/full/hilum"))
    if not folder.parent.exists():
        pytest.skip(f"nothing was built in {folder}")
    return PackedApp(folder.absolute())


@pytest.fixture
def screen() -> Iterator[Screen]:
    """A screen of 1280 by 820 pixels."""
    with new_screen(1280, 820) as made:
        yield made
