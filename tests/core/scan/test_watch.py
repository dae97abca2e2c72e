"""A folder under watch."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.errors import DatasetError, TrainingStopped
from core.model.bundle import ModelBundle
from core.scan import watch
from core.scan.watch import new_films
from tests.scan_folder import files_of, png, start_scan, write_films

TIMEOUT_S = 20.0


class Watched:
    """A watch in a thread of its own, and the films that it has given."""

    def __init__(self, folder: Path) -> None:
        self.files: list[str] = []
        self._came = threading.Condition()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(folder,))
        self._thread.start()

    def _run(self, folder: Path) -> None:
        with contextlib.suppress(TrainingStopped):
            for films in new_films(folder, self.files.__contains__, self._check):
                with self._came:
                    self.files += [film.file for film in films]
                    self._came.notify()

    def _check(self) -> None:
        if self._stop.is_set():
            raise TrainingStopped("stop")

    def wait_for(self, *files: str) -> None:
        with self._came:
            came = self._came.wait_for(lambda: set(files) <= set(self.files), TIMEOUT_S)
        assert came, f"came: {self.files}"

    def close(self) -> None:
        self._stop.set()
        self._thread.join()


@pytest.fixture
def watching(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], Watched]]:
    monkeypatch.setattr(watch, "_LOOK_EVERY_S", 0.2)
    monkeypatch.setattr(watch, "_SETTLED_S", 1.0)
    watches: list[Watched] = []

    def begin(folder: Path) -> Watched:
        watches.append(Watched(folder))
        return watches[-1]

    yield begin
    for watched in watches:
        watched.close()


@pytest.mark.slow
def test_a_new_film_comes_once(
    tmp_path: Path, watching: Callable[[Path], Watched]
) -> None:
    write_films(tmp_path, "old.png")
    watched = watching(tmp_path)
    write_films(tmp_path, "new.png", "deep/er/newer", ".hidden.png")
    (tmp_path / "notes.txt").write_text("no film")
    watched.wait_for("new.png", "deep/er/newer", "old.png")
    time.sleep(1.5)  # another few looks
    assert sorted(watched.files) == ["deep/er/newer", "new.png", "old.png"]


def test_a_film_that_is_moved_in_comes(
    tmp_path: Path, watching: Callable[[Path], Watched]
) -> None:
    outside = write_films(tmp_path / "out", "a.png", "more/b.png")
    (tmp_path / "in").mkdir()
    watched = watching(tmp_path / "in")
    (outside / "a.png").rename(tmp_path / "in" / "a.png")
    (outside / "more").rename(tmp_path / "in" / "more")
    watched.wait_for("a.png", "more/b.png")


def test_a_film_gets_its_name_when_it_is_renamed_into_place(
    tmp_path: Path, watching: Callable[[Path], Watched]
) -> None:
    watched = watching(tmp_path)
    write_films(tmp_path, ".upload.part")
    (tmp_path / ".upload.part").rename(tmp_path / "a.png")
    watched.wait_for("a.png")
    assert watched.files == ["a.png"]


@pytest.mark.slow
def test_a_film_that_is_being_written_is_waited_for(
    tmp_path: Path, watching: Callable[[Path], Watched]
) -> None:
    watched = watching(tmp_path)
    whole = png(200)
    with open(tmp_path / "slow.png", "wb", buffering=0) as file:
        write_films(tmp_path, "quick.png")
        for at in range(0, len(whole), len(whole) // 10):
            file.write(whole[at : at + len(whole) // 10])
            time.sleep(0.3)
        # Long after this one was written completely the other was still growing.
        assert watched.files == ["quick.png"]
    watched.wait_for("slow.png")


def test_a_film_that_goes_again_does_not_come(
    tmp_path: Path, watching: Callable[[Path], Watched]
) -> None:
    watched = watching(tmp_path)
    write_films(tmp_path, "brief.png")
    (tmp_path / "brief.png").unlink()
    write_films(tmp_path, "stays.png")
    watched.wait_for("stays.png")
    assert watched.files == ["stays.png"]


@pytest.mark.slow
def test_a_film_that_is_made_empty_is_waited_for_longer(
    tmp_path: Path, watching: Callable[[Path], Watched]
) -> None:
    watched = watching(tmp_path)
    (tmp_path / "begun.png").touch()
    write_films(tmp_path, "quick.png")
    watched.wait_for("quick.png")
    time.sleep(1.5)
    assert watched.files == ["quick.png"]
    write_films(tmp_path, "begun.png")
    watched.wait_for("begun.png")


@pytest.mark.slow
def test_films_behind_links_come(
    tmp_path: Path, watching: Callable[[Path], Watched]
) -> None:
    outside = write_films(tmp_path / "out", "a.png")
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "link").symlink_to(outside)
    watched = watching(folder)
    write_films(outside, "b.png")
    watched.wait_for("link/a.png", "link/b.png")


@pytest.mark.slow
def test_a_scan_keeps_watch_until_it_is_stopped(
    tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    folder, out = write_films(tmp_path / "in", "a.png"), tmp_path / "r.csv"
    words = [folder, "--out", out, "--model", tiny_bundle.path, "--watch"]
    child = start_scan(*words, "--jsonl", tmp_path / "r.jsonl")
    assert child.stderr is not None
    _until(child.stderr, "Watching ")
    write_films(folder, "b.png", level=20)
    (folder / "c.png").write_bytes(b"no film")
    _until(child.stderr, "b.png: No sign of")
    _until(child.stderr, "c.png: not read: ")
    child.send_signal(signal.SIGINT)
    said, told = child.communicate(timeout=30)
    assert child.returncode == 3
    assert "and --resume, once what --jsonl wrote was moved away." in told
    assert files_of(out) == ["a.png", "b.png", "c.png"]
    assert "Films: 3, with a verdict: 2" in said
    assert len((tmp_path / "r.jsonl").read_text().splitlines()) == 3


@pytest.mark.slow
def test_an_empty_folder_can_be_watched_and_its_end_is_told(
    tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    folder, out = tmp_path / "in", tmp_path / "r.csv"
    folder.mkdir()
    words = [folder, "--out", out, "--model", tiny_bundle.path, "--watch"]
    child = start_scan(*words)
    assert child.stderr is not None
    _until(child.stderr, "Watching ")
    os.rename(folder, tmp_path / "gone")
    _until(child.stderr, "is no longer there; what was done is kept")
    child.communicate(timeout=30)
    assert child.returncode == 2


def test_a_folder_that_goes_within_a_look_is_told_of_as_any_that_goes(
    tmp_path: Path,
) -> None:
    looks = iter([None, DatasetError("gone; what was done is kept")])

    def check() -> None:
        if error := next(looks):
            raise error

    with pytest.raises(DatasetError, match="what was done is kept"):
        next(new_films(tmp_path / "gone", lambda file: False, check))


def _until(lines: Iterator[str], text: str) -> None:
    for line in lines:
        if text in line:
            return
    raise AssertionError(f"never said: {text}")
