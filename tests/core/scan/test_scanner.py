"""A folder's films -> rows."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest

from core import __version__
from core.errors import CoreError, DatasetError, TrainingStopped
from core.films.finder import FoundFilm, film_state, find_films
from core.films.radiograph import read_radiograph
from core.model.bundle import ModelBundle
from core.model.classifier import Classifier, decide
from core.model.wording import sentence
from core.scan.row import ScanRow
from core.scan.scanner import CHANGED, GONE, Scanner
from tests.phantoms import draw_phantom
from tests.scan_folder import png, write_films
from tests.small_disk import tiny_disk


def scan(bundle: ModelBundle, folder: Path, **options: object) -> list[ScanRow]:
    scanner = Scanner(bundle, folder, **options)  # type: ignore[arg-type]
    return list(scanner.scan(find_films(folder).films))


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    """Films that differ, so that none can be taken for another."""
    folder = tmp_path / "drawn"
    folder.mkdir()
    for seed in range(12):
        pixels = draw_phantom(["covid", "normal", "pneumonia"][seed % 3], seed, 128)
        cv2.imwrite(str(folder / f"{seed:02}.png"), pixels)
    return folder


def test_each_film_gets_the_verdict_that_predict_gives(
    tiny_bundle: ModelBundle, drawn: Path
) -> None:
    classifier = Classifier(tiny_bundle)
    rows = scan(tiny_bundle, drawn)
    assert [row.file for row in rows] == [f"{seed:02}.png" for seed in range(12)]
    for row in rows:
        film = read_radiograph(drawn / row.file)
        verdict = decide(classifier.predict(film), tiny_bundle.card, film)
        assert row.finding == verdict.finding
        assert row.verdict == sentence(verdict, tiny_bundle.card)
        assert row.probabilities == pytest.approx(verdict.probabilities, abs=1e-5)
        assert row.warnings == verdict.warnings
        assert row.error == ""


def test_a_row_says_what_made_it(tiny_bundle: ModelBundle, drawn: Path) -> None:
    row = scan(tiny_bundle, drawn, precision="bfloat16")[0]
    state = film_state(drawn / row.file)
    assert (row.model, row.model_sha256) == (tiny_bundle.card.name, tiny_bundle.sha256)
    assert (row.precision, row.version) == ("bfloat16", __version__)
    assert (row.size, row.modified) == (state.size, state.modified)


def test_an_unknown_precision_is_refused(
    tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    with pytest.raises(CoreError, match="no precision called int3"):
        Scanner(tiny_bundle, tmp_path, precision="int3")


def test_a_bad_film_is_a_row_with_its_reason(
    tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    write_films(tmp_path, "a.png", "c.png")
    (tmp_path / "b.png").write_bytes(png(200)[:-30])
    (tmp_path / "d.dcm").write_bytes(b"")
    rows = scan(tiny_bundle, tmp_path)
    assert [bool(row.error) for row in rows] == [False, True, False, True]
    assert rows[1].error.startswith('"b.png" is cut off: its end is missing. ')
    assert (rows[1].finding, rows[1].verdict, rows[1].probabilities) == (None, "", {})
    assert rows[1].size == film_state(tmp_path / "b.png").size


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such pipes")
def test_a_pipe_does_not_hang_a_scan(tiny_bundle: ModelBundle, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")
    write_films(tmp_path, "b.png")
    first, second = scan(tiny_bundle, tmp_path)
    assert "is a pipe, not a film" in first.error
    assert second.finding == "covid"


@pytest.mark.slow
def test_ten_thousand_unreadable_films_are_rows(
    tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    (tmp_path / "0.png").write_bytes(b"no film")
    for number in range(1, 10_000):
        os.link(tmp_path / "0.png", tmp_path / f"{number}.png")
    rows = scan(tiny_bundle, tmp_path)
    assert len(rows) == 10_000
    assert all(row.error for row in rows)


def test_a_film_that_changed_since_it_was_listed_is_said_to_have(
    tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    write_films(tmp_path, "a.png", "b.png")
    films = find_films(tmp_path).films
    write_films(tmp_path, "b.png", level=20)
    os.utime(tmp_path / "b.png", ns=(0, 0))
    kept, changed = Scanner(tiny_bundle, tmp_path).scan(films)
    assert CHANGED not in kept.warnings
    assert CHANGED in changed.warnings
    assert changed.finding == "normal"
    assert changed.modified.startswith("1970-01-01")


def test_a_film_that_vanished_is_said_to_have(
    tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    write_films(tmp_path, "a.png", "in/b.png", "c.png")
    films = find_films(tmp_path).films
    shutil.rmtree(tmp_path / "in")
    rows = list(Scanner(tiny_bundle, tmp_path).scan(films))
    assert [row.error for row in rows] == ["", "", GONE]


def test_a_link_to_nowhere_did_not_vanish(
    tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    (tmp_path / "a.png").symlink_to("nowhere")
    (row,) = scan(tiny_bundle, tmp_path)
    assert row.error.startswith('There is no file "a.png".')


@pytest.mark.parametrize("another", [True, False])
def test_a_folder_that_goes_half_way_ends_the_scan(
    tiny_bundle: ModelBundle, tmp_path: Path, another: bool
) -> None:
    folder = write_films(tmp_path / "in", *(f"{n:03}.png" for n in range(100)))
    films = find_films(folder).films
    rows = Scanner(tiny_bundle, folder).scan(films)
    done = [next(rows) for _ in range(5)]
    folder.rename(tmp_path / "gone")
    if another:  # as the empty folder that a disk was mounted on
        folder.mkdir()
    with pytest.raises(DatasetError, match="no longer there; what was done is kept"):
        done.extend(rows)
    assert 5 <= len(done) < 60
    assert not any(row.error for row in done)


def test_a_disk_that_is_unmounted_half_way_ends_the_scan(
    tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    with contextlib.ExitStack() as mounted:
        disk = mounted.enter_context(tiny_disk(tmp_path / "disk", 2048))
        write_films(disk, *(f"{n:03}.png" for n in range(100)))
        rows = Scanner(tiny_bundle, disk).scan(find_films(disk).films)
        next(rows)
        mounted.close()
        with pytest.raises(DatasetError, match="no longer there; what was done is"):
            list(rows)


@pytest.mark.slow
def test_a_scan_stops_when_asked(tiny_bundle: ModelBundle, tmp_path: Path) -> None:
    write_films(tmp_path, *(f"{n:03}.png" for n in range(100)))
    asked = threading.Event()

    def check() -> None:
        if asked.is_set():
            raise TrainingStopped("stop")

    rows = Scanner(tiny_bundle, tmp_path).scan(find_films(tmp_path).films, check)
    next(rows)
    asked.set()
    with pytest.raises(TrainingStopped):
        list(rows)


@pytest.mark.slow
def test_memory_stays_flat_over_many_films(
    tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    resource = pytest.importorskip("resource", reason="a Unix matter")
    write_films(tmp_path, "0.png")
    films = [FoundFilm("0.png", None)] * 3000
    scanner = Scanner(tiny_bundle, tmp_path)
    for _ in scanner.scan(films[:500]):
        pass
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert sum(1 for _ in scanner.scan(iter(films))) == 3000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000  # KiB


@pytest.mark.slow
def test_films_are_taken_as_they_are_needed(
    tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    write_films(tmp_path, "0.png")
    taken = []

    def films() -> Iterator[FoundFilm]:
        for number in range(1000):
            taken.append(number)
            yield FoundFilm("0.png", None)

    rows = Scanner(tiny_bundle, tmp_path, threads=2).scan(films())
    assert dataclasses.is_dataclass(next(rows))
    assert len(taken) < 40
