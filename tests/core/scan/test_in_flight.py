"""Notes of which films are being read."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from core.errors import ImageReadError, OutputError, TrainingStopped
from core.scan.in_flight import InFlightJournal
from tests.scan_folder import ROOT
from tests.small_disk import largest_file

_KILLED = """
import os, signal, sys
from pathlib import Path
from core.scan.in_flight import InFlightJournal
with InFlightJournal(Path(sys.argv[1])) as notes:
    notes.begin()
    with notes.reading("done.png"):
        pass
    with notes.reading("one.png"), notes.reading("two.png"):
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return tmp_path / "r.csv"


def noted(results: Path) -> set[str]:
    return set(InFlightJournal(results).left_behind())


@pytest.mark.skipif(sys.platform == "win32", reason="signals are a Unix matter")
def test_a_kill_leaves_the_films_that_were_being_read(results: Path) -> None:
    words = [sys.executable, "-c", _KILLED, str(results)]
    subprocess.run(words, cwd=ROOT, check=False, timeout=60)
    assert noted(results) == {"one.png", "two.png"}


@pytest.mark.parametrize("error", [None, OutputError("full"), TrainingStopped("stop")])
def test_a_regular_end_leaves_nothing(results: Path, error: Exception | None) -> None:
    with (
        contextlib.suppress(OutputError, TrainingStopped),
        InFlightJournal(results) as it,
    ):
        it.begin()
        with it.reading("a.png"):
            assert noted(results) == {"a.png"}
        if error is not None:
            raise error
    assert not list(results.parent.iterdir())


def test_a_fault_leaves_its_film_whatever_is_read_after_it(results: Path) -> None:
    with contextlib.suppress(KeyError), InFlightJournal(results) as notes:
        notes.begin()
        with contextlib.suppress(ValueError), notes.reading("bad.png"):
            raise ValueError
        for name in ("b.png", "c.png"):
            with contextlib.suppress(ImageReadError), notes.reading(name):
                raise ImageReadError("It is damaged.")
        raise KeyError
    assert noted(results) == {"bad.png", "c.png"}


def test_every_name_comes_back(results: Path) -> None:
    names = ["a\nb.png", "\udcff.png", "\ud800", "é" * 2000, "tief/" * 90 + "x.png"]
    notes = InFlightJournal(results)
    with contextlib.suppress(KeyError), notes, contextlib.ExitStack() as stack:
        notes.begin()
        for name in names:
            stack.enter_context(notes.reading(name))
        assert noted(results) == set(names)
        raise KeyError


def test_a_name_beyond_all_limits_is_not_noted(results: Path) -> None:
    notes = InFlightJournal(results)
    with notes:
        notes.begin()
        with notes.reading("x" * 5000), notes.reading("a.png"):
            assert noted(results) == {"a.png"}


def test_threads_have_a_place_each(results: Path) -> None:
    notes, together = InFlightJournal(results), Barrier(8, timeout=30)

    def read(name: str) -> set[str]:
        with notes.reading(name):
            together.wait()
            found = noted(results)
            together.wait()
            return found

    names = [f"{number}.png" for number in range(8)]
    with notes, ThreadPoolExecutor(8) as threads:
        notes.begin()
        assert list(threads.map(read, names)) == [set(names)] * 8


def test_what_was_left_behind_stays_until_it_begins(results: Path) -> None:
    with contextlib.suppress(KeyError), InFlightJournal(results) as notes:
        notes.begin()
        with notes.reading("a.png"):
            raise KeyError
    with InFlightJournal(results):
        pass
    assert noted(results) == {"a.png"}
    with InFlightJournal(results) as notes:
        notes.begin()
        assert not noted(results)


def test_a_file_of_somebody_else_is_let_be(results: Path) -> None:
    theirs = results.with_name("r.csv.reading")
    theirs.write_text("what I am reading these days")
    with InFlightJournal(results) as notes:
        assert not notes.left_behind()
        notes.begin()
        with notes.reading("a.png"):
            pass
    assert theirs.read_text() == "what I am reading these days"


def test_what_a_power_cut_made_of_them_is_no_film(results: Path) -> None:
    with contextlib.suppress(KeyError), InFlightJournal(results) as notes:
        notes.begin()
        with notes.reading("a.png"), notes.reading("b.png"):
            raise KeyError
    path = results.with_name("r.csv.reading")
    whole = path.read_bytes()
    for size in range(0, len(whole), 97):
        path.write_bytes(whole[:size])
        assert noted(results) <= {"a.png", "b.png"}
    path.write_bytes(whole[:4096] + b"\xff\xfe\0" + os.urandom(5000))
    noted(results)


def test_a_full_disk_does_not_matter(results: Path) -> None:
    with largest_file(100), InFlightJournal(results) as notes:
        notes.begin()
        with notes.reading("a.png"):
            pass
    assert not list(results.parent.iterdir())
