"""A second start of the real program, in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.model.bundle import ModelBundle
from tests.started_window import ROOT, run_window, window_command

MakeFilm = Callable[..., Path]

#: Prints the names of the films once so many are read, and ends.
TELL = """
session = window.diagnose.session
print("open", flush=True)

def tell():
    print(ascii([film.path.name for film in session.films]))
    done()

until(lambda: len(session.films) == COUNT and not session.is_reading, tell)
"""


@pytest.fixture
def first(
    isolated_home: Path, tiny_bundle: ModelBundle
) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Opens the first window and waits for it."""
    started: list[subprocess.Popen[str]] = []

    def start(body: str, *files: Path) -> subprocess.Popen[str]:
        child = subprocess.Popen(
            window_command(body, *files, bundle=tiny_bundle.path),
            cwd=ROOT,
            env=environment(isolated_home),
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(child)
        assert child.stdout is not None
        assert child.stdout.readline() == "open\n"
        return child

    yield start
    for child in started:
        child.kill()
        child.communicate()


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "HILUM_HOME": str(home), "PYTHONUTF8": "1"}


def start_again(
    home: Path, *files: str | Path, cwd: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    """The program as people start it; nobody answers it if it opens a window."""
    return subprocess.run(
        [sys.executable, "-m", "desktop", *map(str, files)],
        cwd=cwd,
        env={**environment(home), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )


def windows_shown(home: Path) -> int:
    log = (home / "log" / "hilum.log").read_text("utf-8")
    return log.count("the window is shown")


@pytest.mark.slow
def test_a_second_start_hands_its_films_to_the_first_and_ends(
    first: Callable[..., subprocess.Popen[str]],
    isolated_home: Path,
    make_film: MakeFilm,
    tmp_path: Path,
) -> None:
    window = first(TELL.replace("COUNT", "3"), make_film("one.png", 10))
    far, near = make_film("Röntgen 胸部 \N{BONE}.png", 240), make_film("near.png", 100)
    done = start_again(isolated_home, far, near.name, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    said = window.communicate(timeout=60)[0].splitlines()
    assert said[0] == ascii(["one.png", far.name, "near.png"])
    assert windows_shown(isolated_home) == 1


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="such names do not exist on Windows")
def test_a_name_that_is_no_text_is_handed_over_too(
    first: Callable[..., subprocess.Popen[str]],
    isolated_home: Path,
    film: Path,
    tmp_path: Path,
) -> None:
    odd = film.rename(tmp_path / os.fsdecode(b"\xff\xfe.png"))
    window = first(TELL.replace("COUNT", "1"))
    assert start_again(isolated_home, odd).returncode == 0
    assert window.communicate(timeout=60)[0].splitlines()[0] == ascii([odd.name])


@pytest.mark.slow
def test_a_start_without_films_brings_the_window_to_the_front(
    first: Callable[..., subprocess.Popen[str]], isolated_home: Path
) -> None:
    body = (
        "window.showMinimized()\nprint('open', flush=True)\n"
        "until(lambda: window.isVisible() and not window.isMinimized() "
        "and window.isActiveWindow(), done)"
    )
    window = first(body)
    assert start_again(isolated_home).returncode == 0
    assert window.wait(timeout=60) == 0


@pytest.mark.slow
def test_a_start_after_a_crash_opens_a_window_and_answers(
    first: Callable[..., subprocess.Popen[str]], isolated_home: Path, film: Path
) -> None:
    dead = first("print('open', flush=True)")
    dead.kill()
    dead.wait()
    window = first(TELL.replace("COUNT", "1"))
    assert start_again(isolated_home, film).returncode == 0
    assert window.communicate(timeout=60)[0].splitlines()[0] == ascii([film.name])
    assert windows_shown(isolated_home) == 2


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="processes cannot be stopped there")
def test_a_window_that_does_not_answer_is_left_to_itself(
    first: Callable[..., subprocess.Popen[str]],
    isolated_home: Path,
    tiny_bundle: ModelBundle,
    film: Path,
) -> None:
    hung = first("print('open', flush=True)")
    os.kill(hung.pid, signal.SIGSTOP)
    try:
        body = TELL.replace("COUNT", "1")
        began = time.monotonic()
        ended = run_window(isolated_home, body, film, bundle=tiny_bundle.path)
        assert time.monotonic() - began > 1
    finally:
        os.kill(hung.pid, signal.SIGCONT)
    assert ascii([film.name]) in ended.stdout, ended.stderr
    assert windows_shown(isolated_home) == 2


@pytest.mark.slow
def test_another_data_folder_has_a_window_of_its_own(
    first: Callable[..., subprocess.Popen[str]],
    tiny_bundle: ModelBundle,
    film: Path,
    tmp_path: Path,
) -> None:
    first("print('open', flush=True)")
    body = TELL.replace("COUNT", "1")
    ended = run_window(tmp_path / "other", body, film, bundle=tiny_bundle.path)
    assert ascii([film.name]) in ended.stdout, ended.stderr
