from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PyQt5.QtCore import QByteArray

from desktop.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


def test_settings_read_back_with_their_types_in_another_process(
    isolated_home: Path,
) -> None:
    settings = Settings()
    settings.heatmap_shown = True
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
    assert json.loads(child.stdout) == [True, 0.3, 1, "/films/Übung", "0102"]


def test_defaults_hold_when_there_is_no_file() -> None:
    settings = Settings()
    assert not settings.heatmap_shown
    assert settings.heatmap_opacity == 0.5
    assert settings.disclaimer_accepted == 0
    assert settings.appearance == "dark"
    assert settings.window_geometry.isEmpty()


def test_values_edited_by_hand_into_nonsense_give_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "settings.ini"
    path.write_text(
        "[General]\nversion=1\nappearance=pink\ndisclaimer_accepted=maybe\n"
        "[diagnose]\nheatmap_opacity=7\nheatmap_shown=@Invalid()\n"
    )
    settings = Settings(path)
    assert settings.appearance == "dark"
    assert settings.heatmap_opacity == 0.5
    assert settings.disclaimer_accepted == 0


def test_settings_of_a_newer_hilum_are_understood_as_far_as_possible(
    tmp_path: Path,
) -> None:
    path = tmp_path / "settings.ini"
    path.write_text(
        "[General]\nversion=99\nappearance=sepia\n"
        "[diagnose]\nheatmap_opacity=0.1\n[novelty]\ndepth=3\n"
    )
    settings = Settings(path)
    assert settings.problem is None
    assert settings.heatmap_opacity == 0.1
    assert settings.appearance == "dark"
    settings.heatmap_shown = True
    assert settings.save()
    text = path.read_text()
    for line in ("version=99", "depth=3", "heatmap_shown=true"):
        assert line in text


def test_keys_that_are_not_known_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "settings.ini"
    path.write_text("[General]\nversion=1\n[old]\nthing=7\n")
    settings = Settings(path)
    settings.last_folder = "/films"
    assert settings.save()
    assert "thing=7" in path.read_text()


@pytest.mark.parametrize(
    "content",
    [
        b"\x93\x00\xff[" * 200,
        b"\0" * 300,
        b"not settings at all\n",
        b"[General]\nversion=1\n[diagnose\nheatmap_opacity=0.1",
        "[General]\nversion=1\n".encode("utf-16"),
    ],
    ids=["noise", "nulls", "text", "cut short", "other encoding"],
)
def test_a_file_that_cannot_be_read_is_set_aside_with_a_notice(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "settings.ini"
    path.write_bytes(content)
    settings = Settings(path)
    assert settings.heatmap_opacity == 0.5
    assert settings.problem is not None
    assert "could not be read" in str(settings.problem)
    assert "settings-unreadable.ini" in settings.problem.hint
    assert (tmp_path / "settings-unreadable.ini").read_bytes() == content
    settings.last_folder = "/films"
    assert settings.save()
    again = Settings(path)
    assert again.problem is None
    assert again.last_folder == "/films"


def test_a_folder_in_place_of_the_file_does_not_keep_the_program_from_starting(
    tmp_path: Path,
) -> None:
    (tmp_path / "settings.ini").mkdir()
    settings = Settings(tmp_path / "settings.ini")
    assert settings.problem is not None
    assert settings.appearance == "dark"


def test_an_empty_file_is_no_damage(tmp_path: Path) -> None:
    (tmp_path / "settings.ini").touch()
    assert Settings(tmp_path / "settings.ini").problem is None


def test_an_unknown_appearance_is_a_programming_error() -> None:
    with pytest.raises(ValueError, match="Received: 'pink'"):
        Settings().appearance = "pink"
