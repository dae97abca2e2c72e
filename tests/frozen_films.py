"""The packaged program reads every film that the test suite makes, as source does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from core import paths
from tests.packed_app import ROOT, PackedApp, clean_environment

pytest_plugins = ("tests.packed_fixtures",)


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """All films of the tests of decoding: formats, depths, syntaxes, damaged ones."""
    folder = tmp_path_factory.mktemp("recorded")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.film_recorder"]
    modules = [
        "tests/core/films/test_pictures.py",
        "tests/core/films/test_dicom.py",
        "tests/core/films/test_radiograph.py",
    ]
    subprocess.run(
        [*command, *modules],
        cwd=ROOT,
        env={**os.environ, "HILUM_RECORDED": str(folder)},
        stdout=subprocess.DEVNULL,
    )
    found = sorted(folder.iterdir())
    assert len(found) > 100
    return found


def test_every_film_gets_the_verdict_that_source_gives_or_the_same_refusal(
    app: PackedApp, films: list[Path]
) -> None:
    words = ["predict", "--json", *map(str, films)]
    packed = app.run(*words)
    source = subprocess.run(
        [sys.executable, "-m", "core", *words],
        cwd=ROOT,
        env=clean_environment({}),
        capture_output=True,
        text=True,
    )

    assert packed.returncode == source.returncode == 4, packed.stderr
    ours, theirs = (done.stdout.splitlines() for done in (packed, source))
    assert len(ours) == len(theirs) == len(films)
    assert sum("probabilities" in line for line in theirs) > 80
    differing = [(a, b) for a, b in zip(ours, theirs, strict=True) if a != b]
    assert not differing, differing[:3]


def test_a_heat_map_is_written_in_the_size_of_its_film(
    app: PackedApp, tmp_path: Path
) -> None:
    samples = paths.sample_films()
    done = app.run("predict", *samples, "--heatmap", tmp_path / "maps", "--json")
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(told) == len(samples)
    pairs = zip(samples, told, strict=True)
    read = [film for film, fields in pairs if not fields["refused"]]
    assert read
    maps = sorted((tmp_path / "maps").iterdir())
    assert [size_of(path) for path in maps] == [size_of(path) for path in read]


def size_of(path: Path) -> tuple[int, int]:
    with Image.open(path) as picture:
        return picture.size
