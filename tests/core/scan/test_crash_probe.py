"""Films that end whoever reads them, and those that were merely near."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from core import paths
from core.errors import TrainingStopped
from core.model.bundle import ModelBundle
from core.scan.crash_probe import GIVEN_UP, films_that_crash
from core.scan.in_flight import InFlightJournal
from core.scan.results import read_labels, read_rows
from tests.deadly_core import COMMAND, scan_in_fork
from tests.processes import running
from tests.scan_folder import files_of, fork_server, write_films

Start = Callable[[Path], "DeadlyScan"]

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="a crash opens a dialog on Windows"
)


class DeadlyScan:
    """A scan that meets deadly films, as `subprocess.Popen` in its methods."""

    def __init__(self, said: Path, *words: str) -> None:
        self._said = said
        self._child = fork_server().Process(
            target=scan_in_fork, args=(list(words), str(said))
        )
        self._child.start()
        self.pid: int = self._child.pid

    def wait(self, timeout_s: float | None = None) -> int | None:
        """Its status, where it ended in time."""
        self._child.join(timeout_s)
        return self._child.exitcode

    def kill(self) -> None:
        self._child.kill()

    def ended(self) -> tuple[int, str]:
        """Its status, and what it said."""
        status = self.wait(120)
        assert status is not None
        return status, self._said.read_text(errors="replace")


@pytest.fixture
def start(tiny_bundle: ModelBundle, tmp_path: Path) -> Iterator[Start]:
    """Starts scans; each goes on with the same file."""
    started: list[DeadlyScan] = []

    def begin(folder: Path) -> DeadlyScan:
        words = ["--model", str(tiny_bundle.path), "--out", str(tmp_path / "r.csv")]
        said = tmp_path / f"said{len(started)}.txt"
        started.append(DeadlyScan(said, str(folder), *words, "--resume"))
        return started[-1]

    yield begin
    for scan in started:
        scan.kill()
        scan.wait()


def errors_in(path: Path) -> dict[str, str]:
    rows = list(read_rows(path, read_labels(path)))
    assert len({row.file for row in rows}) == len(rows)
    return {row.file: row.error for row in rows if row.error}


def numbered(count: int) -> list[str]:
    return [f"{number:03}.png" for number in range(count)]


@pytest.mark.slow
def test_films_that_end_the_scan_are_rows_once_it_goes_on_as_often(
    start: Start, tmp_path: Path
) -> None:
    deadly = ["005 abort.png", "006 fault.png", "é\n killed.png"]
    folder = write_films(tmp_path / "in", *numbered(30), *deadly)
    starts, said = 0, ""
    while (result := start(folder).ended())[0] != 4:
        assert result[0] not in (0, 2, 3)
        assert (tmp_path / "r.csv.reading").exists()
        assert len(files_of(tmp_path / "r.csv")) < 33
        starts += 1
        said += result[1]
        assert starts <= len(deadly)
    assert "tried first." in said + result[1]
    assert errors_in(tmp_path / "r.csv") == dict.fromkeys(deadly, GIVEN_UP)
    assert len(files_of(tmp_path / "r.csv")) == 33
    assert not (tmp_path / "r.csv.reading").exists()


@pytest.mark.slow
def test_films_that_are_too_large_together_are_read_one_at_a_time(
    start: Start, tmp_path: Path
) -> None:
    large = ["004 large.png", "005 large.png"]
    folder = write_films(tmp_path / "in", *numbered(12), *large)
    assert start(folder).ended()[0] == -signal.SIGABRT
    assert start(folder).ended()[0] == 0
    assert len(files_of(tmp_path / "r.csv")) == 14


@pytest.mark.slow
def test_a_film_is_not_blamed_for_the_one_before(start: Start, tmp_path: Path) -> None:
    folder = write_films(tmp_path / "in", *numbered(12), "005 spoils.png")
    assert start(folder).ended()[0] == -signal.SIGABRT
    for _ in range(3):
        status, _ = start(folder).ended()
        if status == 0:
            break
    assert status == 0
    assert not errors_in(tmp_path / "r.csv")


@pytest.mark.slow
def test_films_that_were_merely_near_are_let_off(
    tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    folder = write_films(tmp_path / "in", "a.png", "b.png")
    (folder / "c.png").write_bytes(b"no film")
    films = ["a.png", "b.png", "c.png", "gone.png"]
    assert not list(films_that_crash(tiny_bundle, folder, films))


def deadly_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "core_command", lambda: COMMAND)


@pytest.mark.slow
def test_each_film_that_ends_its_reader_is_named(
    tiny_bundle: ModelBundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deadly_child(monkeypatch)
    films = ["a.png", "abort.png", "b.png", "spoils.png", "c.png", "killed.png"]
    folder = write_films(tmp_path / "in", *films)
    bad = list(films_that_crash(tiny_bundle, folder, films))
    assert bad == ["abort.png", "killed.png"]


@pytest.mark.parametrize(
    "command", [["/no/such/program"], [sys.executable, "-c", "raise SystemExit(1)"]]
)
def test_a_child_that_cannot_start_blames_no_film(
    tiny_bundle: ModelBundle,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: list[str],
) -> None:
    monkeypatch.setattr(paths, "core_command", lambda: command)
    assert not list(films_that_crash(tiny_bundle, tmp_path, ["a.png"]))


@pytest.mark.slow
def test_a_film_that_hangs_is_left_to_the_scan(
    tiny_bundle: ModelBundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deadly_child(monkeypatch)
    monkeypatch.setattr("core.scan.crash_probe._CHILD_S", 5.0)
    films = ["hangs.png", "abort.png"]
    folder = write_films(tmp_path / "in", *films)
    assert list(films_that_crash(tiny_bundle, folder, films)) == ["abort.png"]


@pytest.mark.slow
def test_a_wish_to_stop_ends_the_child(
    tiny_bundle: ModelBundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deadly_child(monkeypatch)
    folder = write_films(tmp_path / "in", "hangs.png")

    def check() -> None:
        if children_of(psutil.Process()):
            raise TrainingStopped("stop")

    with pytest.raises(TrainingStopped):
        list(films_that_crash(tiny_bundle, folder, ["hangs.png"], check))
    assert not children_of(psutil.Process())


def children_of(process: psutil.Process) -> list[psutil.Process]:
    return running(process.children(), "crash-probe")


def left_behind(path: Path, *films: str) -> None:
    """Leave the notes of a scan that ended by accident."""
    with (
        contextlib.suppress(KeyError),
        InFlightJournal(path) as notes,
        contextlib.ExitStack() as stack,
    ):
        notes.begin()
        for film in films:
            stack.enter_context(notes.reading(film))
        raise KeyError


@pytest.mark.slow
def test_the_child_ends_when_the_scan_is_killed(start: Start, tmp_path: Path) -> None:
    folder = write_films(tmp_path / "in", "a.png", "hangs.png")
    left_behind(tmp_path / "r.csv", "hangs.png")
    scan = start(folder)
    children: list[psutil.Process] = []
    while not children:
        assert scan.wait(0) is None
        children = children_of(psutil.Process(scan.pid))
    scan.kill()
    scan.wait()
    children[0].wait(30)
    assert InFlightJournal(tmp_path / "r.csv").left_behind() == {"hangs.png"}


@pytest.mark.slow
def test_control_c_blames_no_film(start: Start, tmp_path: Path) -> None:
    folder = write_films(tmp_path / "in", "a.png", "hangs.png")
    left_behind(tmp_path / "r.csv", "hangs.png")
    scan = start(folder)
    while not children_of(psutil.Process(scan.pid)):
        assert scan.wait(0) is None
    os.kill(scan.pid, signal.SIGINT)
    assert scan.ended()[0] == 3
    assert not files_of(tmp_path / "r.csv")
    assert InFlightJournal(tmp_path / "r.csv").left_behind() == {"hangs.png"}


@pytest.mark.slow
def test_kills_at_any_moment_lose_no_film_and_blame_none(
    start: Start, tmp_path: Path
) -> None:
    deadly = ["040 abort.png", "080 killed.png"]
    folder = write_films(tmp_path / "in", *numbered(120), *deadly)
    rng = random.Random(7)
    for _ in range(10):
        scan = start(folder)
        if scan.wait(rng.uniform(0.1, 1.0)) is None:
            scan.kill()
        if scan.wait() == 4:
            break
    while start(folder).ended()[0] != 4:
        pass
    assert errors_in(tmp_path / "r.csv") == dict.fromkeys(deadly, GIVEN_UP)
    assert len(files_of(tmp_path / "r.csv")) == 122
