"""Names from elsewhere do not steer a terminal."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from core.__main__ import main
from core.model.bundle import Label, ModelBundle
from core.terminal import printable
from tests.phantoms import write_phantom_set
from tests.scan_folder import write_films
from tests.tiny_bundle import make_card, write_tiny_bundle

#: Clears the screen, rings, goes back, and turns the writing direction.
EVIL = "a\x1b[2J\x07\r\x9b1m\u202eb\nForged: 1.000"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", r"\x1b[2J"),
        ("a\nb\tc", r"a\nb\tc"),
        ("\x9b\u202e\u2028\udcff\x7f", r"\x9b\u202e\u2028\udcff\x7f"),
        ("Köln 胸部 \u3000é 👩\u200d🔬", "Köln 胸部 \u3000é 👩\u200d🔬"),
    ],
)
def test_what_could_steer_is_written_out(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_lines_of_a_text_are_kept_where_it_may_have_some() -> None:
    assert printable("a\n\x1bb", keep_lines=True) == "a\n\\x1bb"


@pytest.fixture(scope="module")
def evil_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose name and labels steer."""
    card = make_card()
    labels = [Label(each.name, f"{each.name}{EVIL}") for each in card.labels]
    place = tmp_path_factory.mktemp("m") / "evil"
    return write_tiny_bundle(place, labels=labels, name=f"M{EVIL}").path


def refuse_steering(said: str) -> None:
    assert not set(said) & set("\x1b\x07\r\x9b\u202e")
    assert r"\x1b[2J" in said, "it is shown, not lost"
    assert not any(line.startswith("Forged: 1") for line in said.splitlines())


@pytest.mark.parametrize("name", ["a\x1b[2J\x07\rb.png", "a\x1b[2J\nForged: 1.png"])
def test_no_command_lets_a_name_steer(
    name: str, evil_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    films = write_films(tmp_path / "in", name, "covid/b.png")
    (films / f"bad{name}").write_text("no film")
    commands = [
        ["card", evil_bundle],
        ["predict", "--model", evil_bundle, films / name, films / f"bad{name}"],
        ["scan", films, "--out", tmp_path / "r.csv", "--model", evil_bundle],
        ["predict", "--model", evil_bundle, tmp_path / f"gone{name}"],
    ]
    for words in commands:
        main([*map(str, words)])
        said = capsys.readouterr()
        refuse_steering(said.out + said.err)


@pytest.mark.slow
def test_audit_and_evaluate_do_not_either(
    evil_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    data = write_phantom_set(tmp_path / "d", per_label=3, size=64)
    data.write_text(data.read_text("utf-8").replace("phantom-a", "s\x1b[2J"))
    for words in (["audit", data], ["evaluate", evil_bundle, "--data", data]):
        main([*map(str, words)])
        said = capsys.readouterr()
        refuse_steering(said.out + said.err)


def test_json_is_as_it_was(
    tiny_bundle: ModelBundle, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    name = f"{os.sep}a\x1b\x7f.png".strip(os.sep)
    films = write_films(tmp_path, name)
    path = str(films / name)
    assert main(["predict", "--json", "--model", str(tiny_bundle.path), path]) == 0
    assert json.loads(capsys.readouterr().out)["path"] == path
