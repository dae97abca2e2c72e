"""run.py, run as a person runs it: in a process of its own, on a small project."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import run
from core.commands import parser as command_line
from desktop.app import preconditions
from tests.conftest import FAST

RUN = Path(run.__file__)
_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
# Says how it was called, and ends as it was told to.
_ECHO = """
import os, sys
print(__package__, *sys.argv[1:])
print("python", sys.prefix)
sys.exit(int(os.environ.get("ECHO_STATUS", "0")))
"""


def _environment(**changes: str) -> dict[str, str]:
    """This process's environment, but for displays and what leads Python astray."""
    hidden = (*_DISPLAYS, "PYTHONPATH", "PYTHONSAFEPATH")
    kept = {key: value for key, value in os.environ.items() if key not in hidden}
    return {**kept, **changes}


def _make_project(folder: Path, requirements: str = "# nothing\n") -> Path:
    for package in ("core", "desktop"):
        (folder / package).mkdir(parents=True)
        (folder / package / "__main__.py").write_text(_ECHO)
    (folder / "resources/samples").mkdir(parents=True)
    (folder / "resources/samples/phantom-a.png").touch()
    (folder / "requirements.txt").write_text(requirements)
    shutil.copy(RUN, folder)
    return folder


def _start(
    project: Path, *words: str, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(project / "run.py"), *words],
        cwd=cwd or project.parent,
        env=_environment(**environment),
        capture_output=True,
        text=True,
        timeout=120,
    )


def _call(code: str, *words: str, **environment: str) -> str:
    """Run a line of Python that knows `run`; give all that was printed."""
    done = subprocess.run(
        [sys.executable, "-c", f"import json, os, sys, run; {code}", *words],
        cwd=RUN.parent,
        env=_environment(**environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.stdout


def _plan(*words: str, **environment: str) -> tuple[list[str], str]:
    code = "print(json.dumps(run.plan(sys.argv[1:])))"
    command, needs = json.loads(_call(code, *words, **environment).splitlines()[-1])
    return command, needs


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose first start has been made."""
    folder = _make_project(tmp_path_factory.mktemp("home") / "a project")
    first = _start(folder, "card")
    assert "Making a private environment" in first.stderr, first.stderr
    return folder


# ---- the file itself


def test_it_is_short_and_of_the_standard_library() -> None:
    source = RUN.read_text()
    tree = ast.parse(source)

    imported = {
        (node.module or "") if isinstance(node, ast.ImportFrom) else alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }

    assert len(source.splitlines()) <= 150
    assert imported <= sys.stdlib_module_names


def test_its_grammar_is_old_enough_for_every_python() -> None:
    source = RUN.read_bytes()
    newer = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.Nonlocal, ast.Starred)

    nodes = list(ast.walk(ast.parse(source)))

    assert source.isascii()
    assert not [node for node in nodes if isinstance(node, newer)]
    for node in nodes:
        if isinstance(node, ast.FunctionDef):
            assert not node.returns
            assert not node.args.kwonlyargs
            assert not any(argument.annotation for argument in node.args.args)


def _other_pythons() -> list[Path]:
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found = root.glob("versions/*/bin/python")
    return [path for path in found if not re.search(r"/3\.1[123]\.", str(path))]


def test_an_unfit_python_is_told_in_a_sentence_which_will_do() -> None:
    pythons = _other_pythons()
    if not pythons:
        pytest.skip("no Python older than 3.11 or newer than 3.13 is installed")

    for python in pythons:
        done = subprocess.run([python, RUN], capture_output=True, text=True)
        assert done.returncode == 2
        assert done.stdout == ""
        assert done.stderr.startswith("Hilum needs Python 3.11, 3.12 or 3.13; this is")
        assert len(done.stderr.splitlines()) == 2


@pytest.mark.parametrize("version", [(2, 7), (3, 10), (3, 14), (4, 0)])
def test_only_python_3_11_to_3_13_will_do(version: tuple[int, int]) -> None:
    said = _call(f"sys.version_info = {(*version, 0)}; run.main([])")

    assert said.startswith("Hilum needs Python 3.11, 3.12 or 3.13")


def test_help_sets_nothing_up(tmp_path: Path) -> None:
    folder = _make_project(tmp_path / "new")

    done = _start(folder, "--help")

    assert done.returncode == 0
    assert "python run.py test" in done.stderr
    assert not (folder / ".venv").exists()


# ---- what is started


def test_every_command_is_told_from_a_film() -> None:
    (listed,) = [a.choices for a in command_line.parser()._actions if a.choices]
    assert sorted(run.COMMANDS) == sorted(listed)


@pytest.mark.slow
@pytest.mark.parametrize("command", run.COMMANDS)
def test_a_command_goes_to_the_command_line(command: str) -> None:
    assert _plan(command, "a", "--b") == (["-m", "core", command, "a", "--b"], "")


@pytest.mark.parametrize("display", _DISPLAYS)
def test_with_a_display_films_go_to_the_window(display: str) -> None:
    command, needs = _plan("my film.png", **{display: ":0"})

    assert command == ["-m", "desktop", "my film.png"]
    assert needs == run.IMPORT_NEEDS + run.WINDOW_NEEDS


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="others always have a display")
def test_without_a_display_the_sample_films_are_judged(project: Path) -> None:
    done = _start(project, DISPLAY="")

    told, folder = done.stderr.strip().rsplit(" ", 1)
    assert told.startswith("There is no display")
    assert Path(folder).is_dir()
    sample = project / "resources/samples/phantom-a.png"
    assert done.stdout.startswith(f"core predict {sample} --heatmap {folder}\n")


@pytest.mark.skipif(sys.platform != "linux", reason="others always have a display")
def test_without_a_display_films_that_were_named_are_judged() -> None:
    command, needs = _plan("a.png", "b.png")

    assert command[:6] == ["-m", "core", "predict", "a.png", "b.png", "--heatmap"]
    assert needs == ""


def test_test_runs_pytest_without_a_screen() -> None:
    code = "print(run.plan(['test', '-k', 'x']), os.environ['QT_QPA_PLATFORM'])"

    said = _call(code)

    assert "['-m', 'pytest', '-n', 'auto', '-k', 'x']" in said
    assert said.strip().endswith("offscreen")


def test_a_build_has_what_the_window_needs_to_pack_it() -> None:
    command, needs = _plan("build", "--edition", "reader")

    assert command == [f"{run.ROOT}/packaging/build.py", "--edition", "reader"]
    assert needs == run.IMPORT_NEEDS + run.WINDOW_NEEDS


def test_fast_leaves_out_what_takes_long() -> None:
    command, _ = _plan("test", "-x", "--fast", "tests/core")

    fast = f"-m{FAST}"  # which conftest knows as well
    assert command == ["-m", "pytest", "-n", "auto", "-x", fast, "tests/core"]


@pytest.mark.slow
def test_the_exit_status_is_that_of_the_command(project: Path) -> None:
    assert _start(project, "predict", "a.png", ECHO_STATUS="4").returncode == 4


@pytest.mark.slow
def test_the_private_python_runs_from_any_folder(project: Path, tmp_path: Path) -> None:
    (tmp_path / "core").mkdir()
    (tmp_path / "core/__main__.py").write_text("print('the wrong core')")

    done = _start(project, "card", cwd=tmp_path, PYTHONPATH="/elsewhere")

    assert done.stdout == f"core card\npython {project / '.venv'}\n"


# ---- the private environment


@pytest.mark.slow
def test_a_later_start_sets_nothing_up(project: Path) -> None:
    stamp = project / ".venv/hilum-stamp.txt"
    before = stamp.stat().st_mtime_ns

    done = _start(project, "card")

    assert done.stderr == ""
    assert stamp.stat().st_mtime_ns == before


@pytest.mark.slow
def test_new_requirements_are_installed_into_what_is_there(project: Path) -> None:
    marker = project / ".venv/marker"
    marker.touch()
    with (project / "requirements.txt").open("a") as file:
        file.write("# changed\n")

    done = _start(project, "card")

    assert "Installing requirements.txt" in done.stderr
    assert marker.exists()
    assert _start(project, "card").stderr == ""


@pytest.mark.slow
def test_a_moved_project_gets_a_new_environment(project: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(project, moved, symlinks=True)

    done = _start(moved, "card")

    assert "Making a private environment" in done.stderr
    assert done.stdout == f"core card\npython {moved / '.venv'}\n"


@pytest.mark.slow
def test_an_environment_without_pip_is_made_again(tmp_path: Path) -> None:
    folder = _make_project(tmp_path / "half")
    half_made = [sys.executable, "-m", "venv", "--without-pip", str(folder / ".venv")]
    subprocess.run(half_made, check=True)

    done = _start(folder, "card")

    assert "Making a private environment" in done.stderr
    assert done.returncode == 0


# ---- when it cannot go on


def _address(server: socket.socket) -> str:
    return f"http://127.0.0.1:{server.getsockname()[1]}/"


def _only_index(address: str) -> dict[str, str]:
    """Settings that keep pip away from this machine's own indexes."""
    options = {"INDEX_URL": address, "EXTRA_INDEX_URL": "", "FIND_LINKS": ""}
    options |= {"CONFIG_FILE": os.devnull, "RETRIES": "1", "DEFAULT_TIMEOUT": "60"}
    return {f"PIP_{name}": value for name, value in options.items()}


@pytest.fixture
def made(project: Path) -> Iterator[Path]:
    """The module's project, its requirements put back afterwards."""
    requirements = project / "requirements.txt"
    before = requirements.read_text()
    yield project
    requirements.write_text(before)


@pytest.mark.slow
def test_a_package_that_is_nowhere_is_named(made: Path) -> None:
    (made / "requirements.txt").write_text("nowhere @ file:///nowhere/nowhere.whl\n")

    done = _start(made, "card")

    assert done.returncode == 2
    assert "They could not be installed.\nHint: " in done.stderr
    assert "nowhere" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_no_network_is_said_and_hinted_at(made: Path) -> None:
    (made / "requirements.txt").write_text("numpy==2.4.6\n")
    with socket.create_server(("127.0.0.1", 0)) as server:
        refusing = _address(server)  # once it is closed

    done = _start(made, "card", **_only_index(refusing))

    assert done.returncode == 2
    assert done.stderr.endswith("Hint: Check the network.\n")


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals are not sent this way there")
def test_an_interrupted_set_up_ends_clean_and_goes_on(
    made: Path,
) -> None:
    before = (made / "requirements.txt").read_text()
    (made / "requirements.txt").write_text("numpy==2.4.6\n")
    with socket.create_server(("127.0.0.1", 0)) as index:  # takes calls, never answers
        index.settimeout(60)
        started = subprocess.Popen(
            [sys.executable, str(made / "run.py"), "card"],
            env=_environment(**_only_index(_address(index))),
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        call, _ = index.accept()
        os.killpg(started.pid, signal.SIGINT)
        _, said = started.communicate()
        call.close()

    told = "Stopped.\nHint: The same command goes on from here.\n"
    # pip may have said by then what it collects.
    assert said.replace("  fetching numpy\n", "").endswith(f"once.\n\n{told}")
    assert started.returncode == 3
    (made / "requirements.txt").write_text(before + "# later\n")
    again = _start(made, "card")
    assert "Making a private environment" not in again.stderr
    assert again.returncode == 0


def test_a_file_in_the_way_is_one_sentence(tmp_path: Path) -> None:
    folder = _make_project(tmp_path / "new")
    (folder / ".venv").touch()

    done = _start(folder, "card")

    assert done.returncode == 2
    assert "It could not be made.\nHint: " in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_requirements_file_is_one_sentence(tmp_path: Path) -> None:
    folder = _make_project(tmp_path / "new")
    (folder / "requirements.txt").unlink()

    done = _start(folder, "card")

    assert done.returncode == 2
    assert done.stderr.startswith("Hilum could not be set up.\nHint: ")
    assert "requirements.txt" in done.stderr


@pytest.mark.parametrize(
    ("output", "hint"),
    [
        ("ERROR: [Errno 28] No space left on device: '/x'\n", "disk is full"),
        ("Error: [Errno 30] Read-only file system: '/x/.venv'\n", "can write to"),
        ("Error: [Errno 13] Permission denied: '/x/.venv'\n", "can write to"),
        ("E: Could not resolve\nE: Temporary failure resolving 'x'\n", "network"),
        ("said first\nsaid last\n", "said last"),
        ("", ""),
    ],
)
def test_what_the_tools_say_becomes_a_hint(
    capsys: pytest.CaptureFixture[str], output: str, hint: str
) -> None:
    with pytest.raises(SystemExit) as exit_:
        run.stop("It failed.", output)

    said = capsys.readouterr().err.splitlines()
    assert exit_.value.code == 2
    assert said[0] == "It failed."
    assert hint in said[1]
    assert len(said) == 2


# ---- system packages


def test_packages_are_those_that_bring_their_library() -> None:
    for need in (run.IMPORT_NEEDS + run.WINDOW_NEEDS).split():
        library, package = need.split("=")
        # Debian's rule: name and version of the library, a dash between two digits.
        name = library.lower().replace("_", "-")
        named = re.sub(r"(?<=\d)\.so\.", "-", name).replace(".so.", "")
        assert package == {"libgthread-2.0-0": "libglib2.0-0"}.get(named, named)


def test_libraries_that_load_are_not_installed() -> None:
    assert _call("run.install_system_packages('libc.so.6=libc6')") == ""


def test_anyone_but_root_gets_the_line_to_run() -> None:
    code = "os.geteuid = lambda: 1000; run.install_system_packages(sys.argv[1])"

    said = _call(code, "libhilum-a.so.1=libhilum-a1 libc.so.6=libc6 libb.so.2=libb2")

    line = "sudo apt-get install -y --no-install-recommends libhilum-a1 libb2"
    assert said.splitlines()[1].startswith(f"Hint: Run: {line}")


@pytest.mark.skipif(sys.platform != "linux", reason="for Linux only")
def test_root_gets_missing_packages_installed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    apt = tmp_path / "apt-get"
    # Fails until the package lists have been fetched, as on a fresh system.
    apt.write_text(f'#!/bin/sh\necho "$@" >> "{log}"\ngrep -q update "{log}"\n')
    apt.chmod(0o755)
    code = "os.geteuid = lambda: 0; run.install_system_packages(sys.argv[1])"

    said = _call(
        code, "libhilum-a.so.1=libhilum-a1", PATH=f"{tmp_path}:{os.environ['PATH']}"
    )

    assert said == "Installing system packages: libhilum-a1\n"
    install = "install -y --no-install-recommends libhilum-a1"
    assert log.read_text().splitlines() == [install, "update", install]


def test_the_window_checks_for_the_libraries_that_are_installed_here() -> None:
    installed = [
        dict(need.split("=") for need in needs.split())
        for needs in (run.IMPORT_NEEDS, run.WINDOW_NEEDS)
    ]
    assert installed == [preconditions.NEEDED, preconditions.NEEDED_WITH_X11]


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("Collecting numpy==2.4.6 (from -r requirements.txt (line 7))\n", ["numpy"]),
        ("Collecting PyQt5-Qt5<5.16,>=5.15.2 (from PyQt5)\n", ["PyQt5-Qt5"]),
        ("Collecting absl-py (from keras==3.15.1)\n", ["absl-py"]),
        ("Processing /a/wheels/h5py-3.14.0-cp311-x86_64.whl (from -r x)\n", ["h5py"]),
        ("Processing triggers for libc-bin (2.36-9+deb12u13) ...\n", []),
        ("Requirement already satisfied: six in /x (1.17.0)\n", []),
    ],
)
def test_pip_s_progress_is_told_by_package(line: str, names: list[str]) -> None:
    assert re.findall(run.FETCHING, line) == names
