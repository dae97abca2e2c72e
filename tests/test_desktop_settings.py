from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PyQt5.QtCore import QByteArray

from desktop.settings import Settings

ROOT = Path(__file__).resolve().parent.parent


def test_settings_read_back_with_their_types_in_another_process(
    isolated_home: Path,
) -> None:
    settings = Settings()
    settings.heatmap_shown = False
    settings.heatmap_opacity = 0.3
    settings.disclaimer_accepted = 1
    settings.last_folder = "/films/Übung"
    settings.window_geometry = QByteArray(b"\x01\x02")
    assert settings.save()
    program = (
        "import json; from desktop.settings import Settings; s = Settings(); "
        "print(json.dumps([s.heatmap_shown, s.heatmap_opacity, s.disclaimer_accepted,"
        " s.last_folder, bytes(s.window_geometry).hex()]))"
    )
    child = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=True
    )
    assert json.loads(child.stdout) == [False, 0.3, 1, "/films/Übung", "0102"]


def test_defaults_hold_when_there_is_no_file() -> None:
    settings = Settings()
    assert settings.heatmap_shown
    assert settings.heatmap_opacity == 0.5
    assert settings.disclaimer_accepted == 0
    assert settings.appearance == "system"
    assert settings.window_geometry.isEmpty()


def test_values_edited_by_hand_into_nonsense_give_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "settings.ini"
    path.write_text(
        "[General]\nversion=1\nappearance=pink\ndisclaimer_accepted=maybe\n"
        "[diagnose]\nheatmap_opacity=7\nheatmap_shown=@Invalid()\n"
    )
    settings = Settings(path)
    assert settings.appearance == "system"
    assert settings.heatmap_opacity == 0.5
    assert settings.disclaimer_accepted == 0


def test_settings_of_another_format_version_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "settings.ini"
    path.write_text("[General]\nversion=99\n[diagnose]\nheatmap_opacity=0.1\n")
    assert Settings(path).heatmap_opacity == 0.5


def test_an_unknown_appearance_is_a_programming_error() -> None:
    with pytest.raises(ValueError, match="Received: 'pink'"):
        Settings().appearance = "pink"
