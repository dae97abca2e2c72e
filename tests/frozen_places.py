"""The packaged program works wherever it is put, and says so where it cannot."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from core import __version__, paths
from tests.packed_app import (
    PackedApp,
    Screen,
    accept_notice,
    clean_environment,
    open_window,
    wait_until,
)
from tests.small_disk import tiny_disk

pytest_plugins = ("tests.packed_fixtures",)

FILM = paths.sample_films()[0]
_NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]


@pytest.fixture
def copy_of(app: PackedApp, tmp_path: Path) -> Callable[[str], PackedApp]:
    """Copies the program to a folder of some name; what is large is linked."""

    def copy(name: str) -> PackedApp:
        if sys.platform == "darwin":
            pytest.skip("an app is one signed whole")
        target = tmp_path / name / "hilum"

        def link(source: str, to: str) -> None:
            try:
                os.link(source, to)
            except OSError:  # another disk
                shutil.copy2(source, to)

        shutil.copytree(app.folder, target, symlinks=True, copy_function=link)
        return PackedApp(target)

    return copy


def test_folders_may_have_any_name(
    copy_of: Callable[[str], PackedApp], screen: Screen, tmp_path: Path
) -> None:
    moved = copy_of("Lunge ü 肺 $HOME")
    places = {}
    for name in ("HOME", "HILUM_HOME", "TMPDIR"):
        folder = tmp_path / f"{name} ä 胸"
        folder.mkdir()
        places[name] = str(folder)
    film = tmp_path / "Thorax é 片.png"
    shutil.copy(FILM, film)
    done = moved.run("predict", film, "--heatmap", tmp_path / "ö", **places)
    assert done.returncode == 0, done.stderr
    with open_window(moved, screen, film, **places):
        wait_until(lambda: screen.window_called("Thorax"))
        wait_until(screen.has_heat_map)
    assert list(Path(places["HILUM_HOME"]).rglob("hilum.log"))


def test_without_hilum_home_it_keeps_to_the_users_folders(
    app: PackedApp, tmp_path: Path, screen: Screen
) -> None:
    given = {"HOME": str(tmp_path), "DISPLAY": screen.name}
    environment = clean_environment(given)
    for name in ("HILUM_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        environment.pop(name, None)
    window = subprocess.Popen([*map(str, app.window)], env=environment)
    try:
        wait_until(lambda: list(tmp_path.rglob("hilum.log")))
        assert list(tmp_path.glob(".*/**/hilum.log"))
    finally:
        window.terminate()
        window.wait()


@pytest.mark.skipif(
    not shutil.which("setpriv") or os.geteuid() != 0, reason="becomes another user"
)
def test_it_needs_no_permission_to_write_where_it_is_installed(
    app: PackedApp, screen: Screen, tmp_path: Path
) -> None:
    home = Path("/var/tmp") / f"hilum-nobody-{os.getpid()}"
    home.mkdir(mode=0o777)
    try:
        film = home / "film.png"
        shutil.copy(FILM, film)
        program = home / "hilum"
        # Nobody may not enter where this is built; bound read-only, not copied.
        _bind_read_only(app.folder, program)
        moved = PackedApp(program)
        places = {"HOME": str(home), "HILUM_HOME": str(home / "data")}
        places["TMPDIR"] = str(home)
        (home / "data").mkdir()
        (home / "data").chmod(0o777)
        home.chmod(0o777)
        done = moved.run("self-test", prefix=_NOBODY, **places)
        assert done.returncode == 0, done.stderr
        with open_window(moved, screen, film, prefix=_NOBODY, **places):
            wait_until(screen.has_heat_map)
    finally:
        subprocess.run(["umount", str(home / "hilum")], stderr=subprocess.DEVNULL)
        shutil.rmtree(home, ignore_errors=True)


def _bind_read_only(source: Path, target: Path) -> None:
    target.mkdir()
    for words in (
        ["mount", "--bind", str(source), str(target)],
        ["mount", "-o", "remount,bind,ro", str(target)],
    ):
        if subprocess.run(words, capture_output=True).returncode:
            pytest.skip("mounting is not allowed here")


def test_a_second_start_hands_its_film_to_the_first(
    app: PackedApp, screen: Screen, film: Path
) -> None:
    with open_window(app, screen, FILM):
        wait_until(lambda: screen.window_called(FILM.name))
        done = subprocess.run(
            [*map(str, app.window), str(film)],
            env=clean_environment({"DISPLAY": screen.name}),
            timeout=60,
        )
        assert done.returncode == 0
        wait_until(lambda: screen.window_called(film.name))


def test_two_windows_of_two_data_folders_run_at_once(
    app: PackedApp, screen: Screen, film: Path, tmp_path: Path
) -> None:
    other = {"HILUM_HOME": str(tmp_path / "other")}
    with open_window(app, screen, FILM), open_window(app, screen, film, **other):
        wait_until(lambda: screen.window_called(FILM.name))
        wait_until(lambda: screen.window_called(film.name))


@pytest.mark.skipif(not shutil.which("unshare"), reason="needs namespaces of Linux")
def test_it_needs_no_network(app: PackedApp, screen: Screen) -> None:
    prefix = ["unshare", "--net", "--map-root-user"]
    if subprocess.run([*prefix, "true"], capture_output=True).returncode:
        pytest.skip("namespaces are not allowed here")
    done = app.run("self-test", prefix=prefix)
    assert done.returncode == 0, done.stderr
    with open_window(app, screen, FILM, prefix=prefix):
        wait_until(screen.has_heat_map)


def test_a_damaged_model_inside_is_one_sentence(
    copy_of: Callable[[str], PackedApp], screen: Screen
) -> None:
    moved = copy_of("damaged")
    graph = moved.inside / "resources" / "model" / "model.bin"
    content = graph.read_bytes()
    graph.unlink()  # it is a link to the one that was built
    graph.write_bytes(content[:-1])
    done = moved.run("predict", FILM)
    assert done.returncode == 2
    assert "damaged" in done.stderr
    assert "Traceback" not in done.stderr
    with open_window(moved, screen, FILM):
        wait_until(lambda: screen.window_called("Hilum"))


def test_a_home_that_may_not_be_written_to_matters_little(
    app: PackedApp, screen: Screen, tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("a file where a folder should be")
    with open_window(app, screen, FILM, XDG_DATA_HOME=str(blocked)):
        wait_until(screen.has_heat_map)


def test_a_home_on_a_full_disk_matters_little(
    app: PackedApp, screen: Screen, tmp_path: Path
) -> None:
    with tiny_disk(tmp_path / "disk", 128) as home:
        accept_notice(home)
        with (home / "filler").open("wb", buffering=0) as filler:
            filler.write(bytes(1 << 20))  # as much of it as there is room for
        with open_window(app, screen, FILM, HILUM_HOME=str(home)):
            wait_until(screen.has_heat_map)


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_crash_leaves_a_report_that_the_next_start_finds(
    app: PackedApp, screen: Screen, isolated_home: Path
) -> None:
    crashes = isolated_home / "log" / "crashes"
    with pytest.raises(AssertionError, match=f"ended with -{signal.SIGSEGV}"):
        crash(app, screen)
    assert not list(crashes.glob("crash-*"))
    with open_window(app, screen):
        # Without ".new": the window has told of it.
        wait_until(lambda: list(crashes.glob("crash-*[0-9].txt")))
    (report,) = crashes.glob("crash-*.txt")
    told = report.read_text("utf-8")
    for fact in (__version__, "(packaged)", "Platform: ", "Segmentation fault"):
        assert fact in told
    assert re.search(r"OpenVINO: \d", told)
    assert re.search(r"NumPy: \d", told)
    assert FILM.stem not in told


def crash(app: PackedApp, screen: Screen) -> None:
    with open_window(app, screen, FILM) as window:
        wait_until(screen.has_heat_map)
        window.send_signal(signal.SIGSEGV)
        window.wait(30)
